"""The forms of logging in, where the register differs from django-allauth."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import (
    ChangePasswordForm as AllauthChangePasswordForm,
    LoginForm as AllauthLoginForm,
)
from allauth.account.internal import flows
from allauth.account.models import Login
from allauth.core import context
from allauth.mfa.base.forms import (
    AuthenticateForm as AllauthAuthenticateForm,
    ReauthenticateForm as AllauthReauthenticateForm,
)
from allauth.mfa.totp.forms import ActivateTOTPForm as AllauthActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY, generate_totp_secret
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm as AllauthAddWebAuthnForm,
    EditWebAuthnForm as AllauthEditWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from register.log_in import sealing
from register.log_in.adapters import note_failure
from register.log_in.devices import device_name


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


class ChangePasswordForm(AllauthChangePasswordForm):
    """One's own password, with the labels of the page by which it was first set."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (
            ("oldpassword", _("Password in use")),
            ("password1", _("New password")),
            ("password2", _("New password again")),
        ):
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)
        # It would lead to the mail that nobody sends here.
        self.fields["oldpassword"].help_text = ""


class ActivateTOTPForm(AllauthActivateTOTPForm):
    """The first code of an authenticator app; its secret waits sealed in the session."""

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        self.user = user
        # Not allauth's own, which would put the secret itself into the session.
        forms.Form.__init__(self, *args, **kwargs)
        self.fields["code"].widget.attrs.update(
            {"inputmode": "numeric", "autofocus": True}
        )
        self.fields["code"].widget.attrs.pop("placeholder", None)
        self.secret = self._pending_secret()

    def _pending_secret(self) -> str:
        """Return the secret that was shown, or a new one where none was."""
        session = context.request.session
        shown = session.get(SECRET_SESSION_KEY) if self.is_bound else None
        if shown:
            try:
                return sealing.unseal(shown)
            except ValidationError:
                pass  # its key was taken away meanwhile: a new secret is shown
        secret = str(generate_totp_secret())
        session[SECRET_SESSION_KEY] = sealing.seal(secret)
        return secret


class AddWebAuthnForm(AllauthAddWebAuthnForm):
    """A passkey, which logs in by itself unless its holder wants it otherwise."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _ask_for_name(self.fields["name"])
        # Most people have one for each device, and know it by that.
        agent = context.request.headers.get("User-Agent", "")
        self.fields["name"].initial = device_name(agent)
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].label = _("Log in with it without a password")
        self.fields["passwordless"].help_text = _(
            "It then asks for your fingerprint, your face or its code."
        )


class EditWebAuthnForm(AllauthEditWebAuthnForm):
    """Another name for a passkey."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _ask_for_name(self.fields["name"])


def _ask_for_name(field: forms.Field) -> None:
    field.label = _("Name")
    field.help_text = _("By which you know it: laptop, blue key.")
    field.validators.append(MaxLengthValidator(80))
    field.widget.attrs["maxlength"] = 80


class _NotesFailures:
    """Records a wrong code."""

    user: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        attributes = self.fields["code"].widget.attrs  # type: ignore[attr-defined]
        attributes.pop("placeholder", None)
        attributes.update({"inputmode": "numeric", "autofocus": True})

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
