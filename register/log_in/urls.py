"""Addresses of log-in and account: those of django-allauth that are in use, and no others."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.webauthn import views as webauthn
from django.contrib.auth.decorators import login_required
from django.urls import path
from django.views.generic import RedirectView

from register.log_in import views
from register.log_in.single_sign_on import views as single_sign_on

_SECOND = "account/second-factor/"

urlpatterns = [
    path("login/", views.LoginView.as_view(), name="account_login"),
    path("login/single-sign-on/", single_sign_on.begin, name="single_sign_on"),
    path(
        "login/single-sign-on/callback/",
        single_sign_on.finish,
        name="single_sign_on_finish",
    ),
    path("account/leave/", account.logout, name="account_logout"),
    path("account/inactive/", account.account_inactive, name="account_inactive"),
    path(
        "account/confirm/password/",
        account.reauthenticate,
        name="account_reauthenticate",
    ),
    path(
        "account/password/",
        views.PasswordChangeView.as_view(),
        name="account_change_password",
    ),
    path(
        "password_change/",
        RedirectView.as_view(pattern_name="account_change_password"),
    ),
    path("account/sessions/", views.sessions_of_mine, name="usersessions_list"),
    path(
        "account/set-password/<uidb64>/<token>/",
        views.SetPasswordView.as_view(),
        name="account_set_password",
    ),
    path("account/language/", views.choose_language, name="account_language"),
    # Second factors.
    path(_SECOND, login_required(views.AccountView.as_view()), name="mfa_index"),
    path(
        "account/login/code/", views.AuthenticateView.as_view(), name="mfa_authenticate"
    ),
    path("account/confirm/code/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path(
        f"{_SECOND}app/add/", views.ActivateTOTPView.as_view(), name="mfa_activate_totp"
    ),
    path(
        f"{_SECOND}app/remove/",
        views.DeactivateTOTPView.as_view(),
        name="mfa_deactivate_totp",
    ),
    path(
        f"{_SECOND}codes/",
        recovery_codes.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        f"{_SECOND}codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        f"{_SECOND}codes/download/",
        recovery_codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path(f"{_SECOND}passkeys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path(
        f"{_SECOND}passkeys/add/",
        views.AddWebAuthnView.as_view(),
        name="mfa_add_webauthn",
    ),
    path(
        f"{_SECOND}passkeys/<int:pk>/remove/",
        views.RemoveWebAuthnView.as_view(),
        name="mfa_remove_webauthn",
    ),
    path(
        f"{_SECOND}passkeys/<int:pk>/edit/",
        views.EditWebAuthnView.as_view(),
        name="mfa_edit_webauthn",
    ),
    path(
        "account/confirm/passkey/",
        webauthn.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("login/passkey/", webauthn.login_webauthn, name="mfa_login_webauthn"),
]
