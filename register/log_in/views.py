"""Screens of logging in and of one's own account, where they differ from django-allauth."""

from __future__ import annotations

from typing import Any

from allauth.account.views import (
    LoginView as AllauthLoginView,
    PasswordChangeView as AllauthPasswordChangeView,
)
from allauth.mfa.base.views import (
    AuthenticateView as AllauthAuthenticateView,
    IndexView,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import (
    ActivateTOTPView as AllauthActivateTOTPView,
    DeactivateTOTPView as AllauthDeactivateTOTPView,
)
from allauth.mfa.webauthn.views import (
    AddWebAuthnView as AllauthAddWebAuthnView,
    EditWebAuthnView as AllauthEditWebAuthnView,
    RemoveWebAuthnView as AllauthRemoveWebAuthnView,
)
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from register import actors, audit
from register.log_in import second_factor
from register.log_in.devices import device_name
from register.log_in.single_sign_on.admission import must_use_it
from register.services import rights, sessions


class LoginView(AllauthLoginView):  # type: ignore[misc]
    """E-mail address and password, a passkey, or single sign-on."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the way to the identity provider, where there is one."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {**context, "single_sign_on": settings.SINGLE_SIGN_ON}


class AuthenticateView(AllauthAuthenticateView):  # type: ignore[misc]
    """Ask for the second factor at log-in, by the ways that the account has."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add which factors there are, so that no button leads nowhere."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        mine = Authenticator.objects.filter(user_id=self.stage.login.user.pk)
        kinds = set(mine.values_list("type", flat=True))
        return {
            **context,
            "has_app": Authenticator.Type.TOTP in kinds,
            "has_passkey": Authenticator.Type.WEBAUTHN in kinds,
        }


class AccountView(IndexView):  # type: ignore[misc]
    """One's own account: password, second factor, passkeys, codes, sessions, language."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add how many recovery codes are left, and whether there is a second factor."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        codes = context["authenticators"].get(Authenticator.Type.RECOVERY_CODES)
        return {
            **context,
            "codes_left": len(codes.get_unused_codes()) if codes else 0,
            "has_factors": second_factor.has_factors(self.request.user),
            "may_take_rights": bool(
                rights.may_take(self.request.user) or rights.taken_by(self.request.user)
            ),
            "has_no_password": not self.request.user.has_usable_password(),
            "must_use_single_sign_on": must_use_it(self.request.user),
        }


class ActivateTOTPView(AllauthActivateTOTPView):  # type: ignore[misc]
    """Set up an authenticator app; its first code counts for this session."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Store it, and note that it was shown."""
        response: HttpResponse = super().form_valid(form)
        second_factor.note_shown(self.request, Authenticator.Type.TOTP)
        _record(self.request, "added", "totp")
        return response


class DeactivateTOTPView(AllauthDeactivateTOTPView):  # type: ignore[misc]
    """Remove the authenticator app."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remove it, and record that."""
        response: HttpResponse = super().form_valid(form)
        _record(self.request, "removed", "totp")
        return response


class AddWebAuthnView(AllauthAddWebAuthnView):  # type: ignore[misc]
    """Add a passkey; its holder has just used it."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Store it, and note that it was shown."""
        response: HttpResponse = super().form_valid(form)
        second_factor.note_shown(self.request, Authenticator.Type.WEBAUTHN)
        _record(self.request, "added", "webauthn")
        return response


class _OfOnePasskey:
    """Keeps the passkey from the frame, which would link to its page in the admin."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Leave it under its own name only."""
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        context.pop("object", None)
        return context


class EditWebAuthnView(_OfOnePasskey, AllauthEditWebAuthnView):  # type: ignore[misc]
    """Rename a passkey."""


class RemoveWebAuthnView(_OfOnePasskey, AllauthRemoveWebAuthnView):  # type: ignore[misc]
    """Remove a passkey."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Remove it, unless it is the last factor of somebody who needs one."""
        if second_factor.is_needed_last(self.object):
            messages.error(
                self.request,
                _("Your role requires a second factor. Set up another one first."),
            )
            return redirect("mfa_list_webauthn")
        response: HttpResponse = super().form_valid(form)
        _record(self.request, "removed", "webauthn")
        return response


class PasswordChangeView(AllauthPasswordChangeView):  # type: ignore[misc]
    """Change one's own password, which ends one's other sessions."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Lead back whoever has none: accounts of single sign-on get none here."""
        user: Any = request.user
        if user.is_authenticated and not user.has_usable_password():
            messages.info(request, _("This account has no password."))
            return redirect("mfa_index")
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: Any) -> HttpResponse:
        """Change it, and end the sessions that were opened with the old one."""
        response: HttpResponse = super().form_valid(form)
        user: Any = self.request.user
        actor = actors.of_request(self.request)
        audit.record("staff.password_changed", actor=actor, obj=user)
        others = UserSession.objects.exclude(
            session_key=self.request.session.session_key
        )
        sessions.end(user, others, actor=actor)
        return response


class SetPasswordView(PasswordResetConfirmView):
    """Set the password of one's account by the link that an administrator made."""

    template_name = "account/set_password.html"
    success_url = reverse_lazy("account_login")

    def form_valid(self, form: Any) -> HttpResponse:
        """Set it, record that, and end the sessions that were opened before."""
        response: HttpResponse = super().form_valid(form)
        user: Any = self.user
        actor = actors.of_user(user)
        audit.record("staff.password_changed", actor=actor, obj=user)
        sessions.end_all(user, actor=actor)
        messages.success(self.request, _("The password is set. Log in with it."))
        return response


@login_required
def sessions_of_mine(request: HttpRequest) -> HttpResponse:
    """List where one is logged in, and end what one does not want."""
    user: Any = request.user
    mine = UserSession.objects.filter(user=user)
    if request.method == "POST":
        chosen = request.POST.get("session", "")
        others = mine.exclude(session_key=request.session.session_key)
        if chosen != "others":
            others = others.filter(pk=int(chosen) if _is_number(chosen) else 0)
        count = sessions.end(user, others, actor=actors.of_request(request))
        if count:
            messages.success(request, _("Ended."))
        return redirect("usersessions_list")
    sessions.sweep_ended(user)
    found = list(mine.order_by("-last_seen_at"))
    for session in found:
        session.device = device_name(session.user_agent)
        session.is_this = session.session_key == request.session.session_key
    context = {
        "sessions": found,
        "hours": settings.SESSION_COOKIE_AGE // 3600,
        "minutes": settings.SESSION_IDLE_SECONDS // 60,
    }
    return render(request, "usersessions/usersession_list.html", context)


@require_POST
@login_required
def choose_language(request: HttpRequest) -> HttpResponse:
    """Remember the language of one's account, and use it from now on."""
    user: Any = request.user
    code = request.POST.get("language", "")
    response = redirect("mfa_index")
    if code in dict(settings.LANGUAGES):
        user.language = code
        user.save(update_fields=["language"])
        translation.activate(code)
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )
    return response


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


def _record(request: HttpRequest, what: str, kind: str) -> None:
    actor = actors.of_request(request)
    audit.record(f"staff.second_factor_{what}", actor=actor, obj=actor.user, kind=kind)


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give the pages of log-in and account the frame of the staff site."""
    if not request.path.startswith(("/admin/account/", "/admin/login/")):
        return {}
    lacks = getattr(request, "lacks_second_factor", False)
    is_inside = request.user.is_authenticated and not lacks
    return {
        **admin.site.each_context(request),
        "title": _("My account"),
        "account_frame": f"allauth/layouts/{'staff' if is_inside else 'entrance'}.html",
        "lacks_second_factor": lacks,
    }
