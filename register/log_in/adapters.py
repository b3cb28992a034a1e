"""What the register asks of django-allauth where it leaves the answer open."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.core.internal.httpkit import get_client_ip
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _, gettext_lazy as _lazy

from register import actors, audit
from register.log_in import sealing, second_factor
from register.log_in.single_sign_on.admission import must_use_it
from register.models import User

# Stands where allauth would keep the address of a browser: of a network of nobody (RFC 5737).
NO_ADDRESS = "192.0.2.0"
# What a connection without an address comes from: a Unix socket of this machine.
_THIS_MACHINE = "127.0.0.1"
_STAGES = {
    "allauth.mfa.stages.AuthenticateStage": "register.log_in.second_factor.SecondFactorStage"
}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Log-in by password."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "too_many_login_attempts": format_lazy(
            _lazy(
                "Too many failed log-ins. Try again in {minutes} minutes, or ask an administrator to unlock the account."
            ),
            minutes=settings.LOG_IN_LOCKED_MINUTES,
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Refuse: administrators make accounts."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the browser's address for counting attempts, and none for keeping."""
        if getattr(request, "keeps_no_address", False):
            return NO_ADDRESS
        try:
            address = get_client_ip(request)
        except ImproperlyConfigured:
            # Fewer proxies than TRUSTED_PROXIES says: all its browsers count as one.
            address = request.META.get("REMOTE_ADDR")
        return address or _THIS_MACHINE

    def _get_login_attempts_cache_key(
        self, request: HttpRequest, **credentials: Any
    ) -> str:
        """Count attempts on an address, by whatever host name it is reached."""
        return str(credentials.get("email", "")).strip().lower()

    def get_login_stages(self) -> list[str]:
        """Ask for a second factor where nobody has asked for one yet."""
        return [_STAGES.get(stage, stage) for stage in super().get_login_stages()]

    def pre_login(
        self, request: HttpRequest, user: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Refuse disabled accounts, and other ways in than the one that is left."""
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if response is not None:
            return response
        methods = {
            record.get("method") for record in get_authentication_records(request, user)
        }
        if second_factor.SINGLE_SIGN_ON in methods or not must_use_it(user):
            return None
        note_failure(user, "sso_only")
        messages.error(request, _("This account logs in by single sign-on only."))
        return redirect("admin:login")

    def login(self, request: HttpRequest, user: Any) -> None:
        """Open the session, and record by what it was opened."""
        request.keeps_no_address = True  # type: ignore[attr-defined]
        super().login(request, user)
        request.keeps_no_address = False  # type: ignore[attr-defined]
        records = get_authentication_records(request, user)
        methods = {
            str(record.get("type") or record.get("method")) for record in records
        }
        audit.record(
            "staff.logged_in",
            actor=actors.of_request(request),
            obj=user,
            kind="+".join(sorted(methods)),
        )

    def logout(self, request: HttpRequest) -> None:
        """Close the session, with its entry in the audit trail."""
        if request.user.is_authenticated:
            audit.record(
                "staff.logged_out", actor=actors.of_request(request), obj=request.user
            )
        super().logout(request)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record the attempt; the answer is the same whether or not there is an account."""
        note_failure(
            User.objects.filter(
                email=str(credentials.get("email", "")).strip().lower()
            ).first()
        )

    def set_password(self, user: Any, password: str) -> None:
        """Set the password; the session that is stored anew keeps no address either."""
        context.request.keeps_no_address = True
        super().set_password(user, password)

    def reauthenticate(self, user: Any, password: str) -> bool:
        """Ask for the password again, under the same lock as the log-in."""
        found = self.authenticate(context.request, email=user.email, password=password)
        return found is not None and found.pk == user.pk

    def send_notification_mail(self, *args: Any, **kwargs: Any) -> None:
        """Send none: mail leaves through one door, and the audit trail has the event."""

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask again before something that matters, unless the log-in was minutes ago."""
        request = context.request
        if second_factor.has_factors(request.user) and not second_factor.is_shown(
            request
        ):
            return True
        records = get_authentication_records(request, request.user)
        latest = max((record.get("at", 0) for record in records), default=0)
        return bool(time.time() - latest > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Lead back to the account."""
        return reverse("mfa_index")


def note_failure(user: User | None, kind: str = "password") -> None:
    """Record a failed log-in; an account that exists is named by its number."""
    audit.record(
        "staff.log_in_failed",
        actor=actors.system("access_control"),
        obj=user,
        kind=kind,
    )


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors."""

    def encrypt(self, text: str) -> str:
        """Seal a secret before it is stored."""
        return sealing.seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a stored secret."""
        return sealing.unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Refuse to remove the last factor of whoever needs one."""
        return not second_factor.is_needed_last(authenticator)
