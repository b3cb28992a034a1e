"""Keys, host names and TLS: what the environment says."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from register.settings_checks import check_settings
from register.setup_checks import Group, Outcome, missing, ok, register, warning


@register(
    "installation",
    _("Kind of installation"),
    group=Group.KEYS,
    order=10,
    needs_database=False,
)
def installation() -> Outcome:
    """A demonstration is not to be filled with real people."""
    if getattr(settings, "REQUIRE_OWN_SERVERS", False):
        return ok(_("The settings of production are in use."))
    return warning(
        _("This runs with the settings of a demonstration."),
        _(
            "Put no real people into it. For real use set DJANGO_SETTINGS_MODULE=settings.production."
        ),
    )


@register(
    "keys", _("Keys and settings"), group=Group.KEYS, order=20, needs_database=False
)
def keys() -> Outcome:
    """Every key is there and nothing in the environment contradicts itself."""
    found = check_settings()
    if not found:
        return ok(_("Every key is set."))
    return missing(
        " ".join(message.msg for message in found),
        " ".join(message.hint or "" for message in found),
    )


@register("hosts", _("Host names"), group=Group.KEYS, order=30, needs_database=False)
def hosts() -> Outcome:
    """Requests are answered under the names of this installation, and only those."""
    if "*" in settings.ALLOWED_HOSTS:
        return warning(
            _("ALLOWED_HOSTS lets every host name pass."),
            _("Set ALLOWED_HOSTS to the names of this installation."),
        )
    if not settings.ALLOWED_HOSTS:
        return missing(
            _("ALLOWED_HOSTS is empty, so no request is answered."),
            _("Set ALLOWED_HOSTS to the names of this installation."),
        )
    plain = [
        each
        for each in settings.CSRF_TRUSTED_ORIGINS
        if not each.startswith("https://")
    ]
    if plain and settings.SESSION_COOKIE_SECURE:
        return warning(
            _("CSRF_TRUSTED_ORIGINS trusts pages that came without TLS."),
            _("Write each origin with https://."),
        )
    return ok(
        _("Answers to: %(names)s.") % {"names": ", ".join(settings.ALLOWED_HOSTS)}
    )


@register(
    "tls",
    _("Encryption to the browser"),
    group=Group.KEYS,
    order=40,
    needs_database=False,
)
def tls() -> Outcome:
    """Cookies and pages travel over TLS only."""
    lacking = [
        name
        for name, is_set in (
            ("SECURE_SSL_REDIRECT", settings.SECURE_SSL_REDIRECT),
            ("SECURE_HSTS_SECONDS", settings.SECURE_HSTS_SECONDS),
            ("SESSION_COOKIE_SECURE", settings.SESSION_COOKIE_SECURE),
            ("CSRF_COOKIE_SECURE", settings.CSRF_COOKIE_SECURE),
        )
        if not is_set
    ]
    if lacking:
        return warning(
            _("Not everything is kept to TLS: %(names)s.")
            % {"names": ", ".join(lacking)},
            _(
                "Run it behind a proxy that ends TLS, and leave these settings of production as they are."
            ),
        )
    return ok(_("Pages and cookies travel over TLS only."))
