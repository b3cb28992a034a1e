"""The link by which the holder of an account sets the password, and the mail with it.

It works once, and not for longer than PASSWORD_LINK_HOURS; nobody else ever types or
sees a password.
"""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from register import audit
from register.actors import Actor
from register.errors import Conflict, DomainError
from register.models import User
from register.outbound import mail


def make(user: User, *, base_url: str, actor: Actor) -> str:
    """Return a new link. Raises Conflict for a disabled account."""
    if not user.is_active:
        raise Conflict(
            "account_disabled", _("The account is disabled. Enable it first.")
        )
    audit.record("staff.link_made", actor=actor, obj=user)
    number = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    return base_url.rstrip("/") + reverse("account_set_password", args=[number, token])


def send(user: User, *, base_url: str, actor: Actor) -> None:
    """Mail a new link to the holder, in their language.

    Raises Conflict for a disabled account, DomainError where the mail did not go.
    """
    mail.require_set_up()
    link = make(user, base_url=base_url, actor=actor)
    with translation.override(user.language):
        letter = mail.Mail(
            to=user.email,
            subject=_("Your account in the register"),
            body=_(
                "Set the password of your account by this link. It works once, for %(hours)d hours:\n\n%(link)s\n\nIf you do not expect it, tell an administrator."
            )
            % {"hours": settings.PASSWORD_RESET_TIMEOUT // 3600, "link": link},
            message_id=mail.new_message_id(),
            is_automatic=True,
        )
    try:
        with mail.connected() as connection:
            connection.send(letter)
    except mail.Uncertain as error:
        raise DomainError(
            "mail_uncertain",
            _("The mail may not have arrived. Ask its holder before sending another."),
        ) from error
    except (mail.NotSentNow, mail.Refused) as error:
        raise DomainError(
            "mail_not_sent",
            _("The mail could not be sent. Give the link in person instead."),
        ) from error
