"""``manage.py demo_code``: the code that an authenticator app would show now."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from register.log_in.sealing import unseal

PERIOD = 30


class Command(BaseCommand):
    """Prints a code of a demo account; other installations refuse."""

    help = "Print the code of the second factor of an account of the demo, valid now."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the account."""
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compute the code."""
        if not getattr(settings, "IS_DEMO", False):
            raise CommandError("Only a demo installation tells codes (settings.demo).")
        found = Authenticator.objects.filter(
            type=Authenticator.Type.TOTP, user__email=options["email"].strip().lower()
        ).first()
        if found is None:
            raise CommandError("The account has no authenticator app.")
        counter = int(time.time()) // PERIOD
        self.stdout.write(
            format_hotp_value(hotp_value(unseal(found.data["secret"]), counter))
        )
