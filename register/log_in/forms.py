"""The forms of logging in, where the register differs from django-allauth."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.internal import flows
from allauth.account.models import Login
from allauth.mfa.base.forms import (
    AuthenticateForm as AllauthAuthenticateForm,
    ReauthenticateForm as AllauthReauthenticateForm,
)
from allauth.mfa.webauthn.forms import AddWebAuthnForm as AllauthAddWebAuthnForm
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from register.log_in.adapters import note_failure


class LoginForm(AllauthLoginForm):
    """E-mail address and password; the session that follows holds neither."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail address")
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        self.fields["login"].widget.attrs["autofocus"] = True

    def add_prefix(self, field_name: str) -> str:
        """Call the address ``username``, as Django's log-in page and its clients do."""
        name: str = super().add_prefix(
            "username" if field_name == "login" else field_name
        )
        return name

    def clean_login(self) -> str:
        """Refuse the character that PostgreSQL has not, as an unknown address."""
        address = super().clean_login()
        if "\0" in address:
            raise ValidationError(_("Enter a valid e-mail address."))
        return str(address)

    def login(self, request: HttpRequest, redirect_url: Any = None) -> HttpResponse:
        """Go on to the second factor, or in; without the address in the session."""
        login = Login(user=self.user, redirect_url=redirect_url)
        response: HttpResponse = flows.login.perform_password_login(request, {}, login)
        return response


class AddWebAuthnForm(AllauthAddWebAuthnForm):
    """A passkey, which logs in by itself unless its holder wants it otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["name"].help_text = _("By which you know it: laptop, blue key.")
        self.fields["name"].max_length = 80
        self.fields["name"].validators.append(MaxLengthValidator(80))
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].label = _("Log in with it without a password")
        self.fields["passwordless"].help_text = _(
            "It then asks for your fingerprint, your face or its code."
        )


class _NotesFailures:
    """Records a wrong code."""

    user: Any

    def clean_code(self) -> str:
        """Return the code. Raises ValidationError after recording that it was wrong."""
        try:
            return str(super().clean_code())  # type: ignore[misc]
        except ValidationError:
            note_failure(self.user, "code")
            raise


class AuthenticateForm(_NotesFailures, AllauthAuthenticateForm):
    """The code of the second factor at log-in."""


class ReauthenticateForm(_NotesFailures, AllauthReauthenticateForm):
    """The code of the second factor before something that matters."""
