"""What all installations share. Everything else comes from the environment.

A missing or contradictory setting is a system check with a hint
(:mod:`register.settings_checks`), not a stack trace.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ
from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.urls import reverse_lazy

from settings import embedded, environment, log_lines, single_sign_on

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

STATE_DIR = Path(env.str("SELOSTE_STATE_DIR", default=str(BASE_DIR / "var")))

# Keys. Demo and test make or bring their own; production reads them.
SECRET_KEY = environment.secret("SECRET_KEY")
# Hashes addresses in prohibitions. Its own key: changing SECRET_KEY must not
# silently lift every prohibition. "id:secret", newest first; all are tried.
ADDRESS_HASH_KEYS = environment.secrets_list("ADDRESS_HASH_KEYS")
# Chains the audit trail; without it a database administrator could rewrite it.
AUDIT_KEY = environment.secret("AUDIT_KEY")
# The newest seal, outside the database; in production on another machine's disk.
AUDIT_ANCHOR_FILE = env.str(
    "AUDIT_ANCHOR_FILE", default=str(STATE_DIR / "audit-anchor.json")
)

# Seals the secrets of second factors; newest first, all are tried when one is read.
SECOND_FACTOR_KEYS = environment.secrets_list("SECOND_FACTOR_KEYS")

# Who answers for the register, until it is saved there (register.services.controller).
CONTROLLER = {
    "name": env.str("CONTROLLER_NAME", default=""),
    "business_id": env.str("CONTROLLER_BUSINESS_ID", default=""),
    "street_address": env.str("CONTROLLER_STREET_ADDRESS", default=""),
    "postcode": env.str("CONTROLLER_POSTCODE", default=""),
    "town": env.str("CONTROLLER_TOWN", default=""),
    "dpo_email": env.str("CONTROLLER_DPO_EMAIL", default=""),
    "dpo_address": env.str("CONTROLLER_DPO_ADDRESS", default=""),
}
# Where people may complain; letters to them say it. Without a name: the Finnish one, in
# the language of the person.
SUPERVISORY_AUTHORITY = {
    "name": env.str("SUPERVISORY_AUTHORITY_NAME", default=""),
    "address": env.str("SUPERVISORY_AUTHORITY_ADDRESS", default=""),
    "website": env.str("SUPERVISORY_AUTHORITY_WEBSITE", default="tietosuoja.fi"),
}

# The public register of companies (YTJ); empty: it is not asked. For Finland
# https://avoindata.prh.fi/opendata-ytj-api/v3/companies
COMPANY_REGISTER_URL = env.str("COMPANY_REGISTER_URL", default="")
# Log-in by an identity provider (OpenID Connect); off until it is set.
SINGLE_SIGN_ON = single_sign_on.read(env)
# The only hosts that are asked anything over HTTP (register.outbound.http).
OUTBOUND_HOSTS = [
    host for url in (COMPANY_REGISTER_URL,) if (host := urlsplit(url).netloc)
] + SINGLE_SIGN_ON.hosts

DEBUG = False
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    # Its screens are loaded with the addresses: a worker needs none of them.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "register",
    "contacts",
    "consent",
    "communications",
    "retention",
    "dsar",
]

MIDDLEWARE = [
    "register.middleware.RequestId",
    "register.monitoring.web.RequestMetrics",
    # Before everything that needs a database, a known host name or TLS.
    "register.monitoring.probes.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "register.api.middleware.ApiForm",
    "csp.middleware.CSPMiddleware",
    "register.middleware.StaffContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "register.log_in.middleware.SessionLimits",
    "register.log_in.middleware.SecondFactor",
    "register.lookups.refusals.Refusals",
    "register.middleware.IdentityCodes",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "register.middleware.RowSecurity",
    "register.middleware.Acting",
]

ROOT_URLCONF = "settings.urls"
WSGI_APPLICATION = "settings.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps' own: unfold's templates are overridden here.
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "register.log_in.views.frame",
            ],
        },
    },
]

# Servers: those of the environment, or the embedded ones under var/.
USES_EMBEDDED_DATABASE = not environment.is_set("DATABASE_URL")
USES_EMBEDDED_REDIS = not environment.is_set("REDIS_URL")
_embedded_database = embedded.urls()[0]  # only computed; nothing is started here
# A web request gives up on an answer of the database after so many seconds; statements
# that the server itself can end are ended a little before.
DATABASE_ANSWER_SECONDS = env.float("DATABASE_ANSWER_SECONDS", default=30)
_is_web = os.environ.get("SELOSTE_PROCESS") == "web"
# What the server is to notice: a client that is gone keeps its locks until then.
_server_options = {
    "client_connection_check_interval": "10s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
if _is_web:
    _server_options["statement_timeout"] = f"{DATABASE_ANSWER_SECONDS * 900:.0f}"
_database = environment.database("DATABASE_URL") or env.db_url_config(
    _embedded_database
)
DATABASES = {
    "default": {
        **_database,
        "ENGINE": "settings.database",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            "keepalives_idle": 15,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
            "options": " ".join(f"-c {k}={v}" for k, v in _server_options.items()),
            **({"answer_within": DATABASE_ANSWER_SECONDS} if _is_web else {}),
            **_database.get("OPTIONS", {}),
        },
    }
}
# The web takes this role, which cannot rewrite ledgers and does not see what is due.
APPLICATION_ROLE = "seloste_app"
if _is_web:
    DATABASES["default"]["OPTIONS"]["assume_role"] = APPLICATION_ROLE

_redis = environment.redis() or environment.RedisAddresses(
    server=embedded.urls()[1],
    broker=embedded.celery_broker_url(),
    cache=embedded.cache_url(),
)
REDIS_URL = _redis.server
CELERY_BROKER_URL = _redis.broker
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": _redis.cache,
        "KEY_PREFIX": "seloste",
        "OPTIONS": {"socket_timeout": 3, "socket_connect_timeout": 3},
    }
}
# What of the above could not be used; a system check says it.
ENVIRONMENT_PROBLEMS = environment.problems
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# None: for ever. A worker that lost its broker works on when that is back.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 6 * 3600,
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 15,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 2,
    "interval_start": 0,
    "interval_step": 0.2,
    "interval_max": 0.2,
}
# What ends its worker is not tried again at once: its row or the beat table brings it
# back a little later, so that poisonous work cannot occupy every worker.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # there are none, so beat has nothing to clear away
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_SOFT_TIME_LIMIT = 3300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# All intervals: no day has an hour too many or too few for them.
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "settings.beat.Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "celerybeat-schedule")

# Mail: off until both are set. smtp+tls://user:password@host:587, smtp+ssl://… or smtp://…
MAIL_FROM = env.str("MAIL_FROM", default="")
_mail = environment.mail("EMAIL_URL")
MAIL_IS_SET_UP = bool(_mail and MAIL_FROM)
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = _mail.get("EMAIL_HOST", "")
EMAIL_PORT = _mail.get("EMAIL_PORT", 25)
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20

AUTH_USER_MODEL = "register.User"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
# A session ends so long after it began, and so long after it was last used.
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 3600
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_MINUTES", default=60) * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "register.log_in.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Administrators vouch for the addresses of the accounts that they make.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_FORMS = {
    "login": "register.log_in.forms.LoginForm",
    "change_password": "register.log_in.forms.ChangePasswordForm",
}
# Failed attempts on one account, and from one browser, counted in Redis. Without Redis
# nobody logs in.
LOG_IN_ATTEMPTS = env.int("LOG_IN_ATTEMPTS", default=5)
LOG_IN_LOCKED_MINUTES = env.int("LOG_IN_LOCKED_MINUTES", default=10)
ACCOUNT_RATE_LIMITS = {
    "login_failed": f"{LOG_IN_ATTEMPTS}/{LOG_IN_LOCKED_MINUTES}m/key,20/m/ip"
}
# An account that nobody used for so many days is disabled.
ACCOUNT_UNUSED_DAYS = env.int("ACCOUNT_UNUSED_DAYS", default=180)
# How long the link works by which the holder of an account sets the password.
PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_LINK_HOURS", default=72) * 3600
# How many proxies of ours stand before the web and add to X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
MFA_ADAPTER = "register.log_in.adapters.MFAAdapter"
MFA_FORMS = {
    "authenticate": "register.log_in.forms.AuthenticateForm",
    "reauthenticate": "register.log_in.forms.ReauthenticateForm",
    "activate_totp": "register.log_in.forms.ActivateTOTPForm",
    "add_webauthn": "register.log_in.forms.AddWebAuthnForm",
    "edit_webauthn": "register.log_in.forms.EditWebAuthnForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Seloste"
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODE_COUNT = 10
MFA_RECOVERY_CODES_SHOW_ONCE = True

LANGUAGE_CODE = "fi"
LANGUAGES = [("fi", "suomi"), ("sv", "svenska"), ("en", "English")]
# The second holds what Unfold and Django leave in English or say badly.
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "unfold"]
TIME_ZONE = "Europe/Helsinki"
USE_TZ = True
FORMAT_MODULE_PATH = ["settings.formats"]

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = STATE_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# Larger uploads are streamed to disk by their own views, with their own limits.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
# More people in one change of many, or in one export, than this need a second person's approval.
BULK_APPROVAL_ROWS = env.int("BULK_APPROVAL_ROWS", default=10_000)
EXPORT_APPROVAL_ROWS = env.int("EXPORT_APPROVAL_ROWS", default=10_000)
# How often the file of an export can be taken.
EXPORT_DOWNLOADS = env.int("EXPORT_DOWNLOADS", default=5)
RECORDING_MAX_BYTES = env.int("RECORDING_MAX_BYTES", default=200 * 1024 * 1024)
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=200 * 1024 * 1024)

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
    }
}
# Alpine, which comes with unfold, evaluates attributes and sets inline styles.
STAFF_CONTENT_SECURITY_POLICY = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}

# Who holds the token may read /metrics and the sentences of /readyz; unset: nobody.
METRICS_TOKEN = environment.secret("METRICS_TOKEN")
# One JSON object a line for programs, or key=value for people.
LOG_FORMAT = env.str("LOG_FORMAT", default="plain")
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_REQUESTS = env.bool("LOG_REQUESTS", default=False)
LOGGING = log_lines.configuration(LOG_FORMAT, LOG_LEVEL, requests=LOG_REQUESTS)

from settings.staff_screens import UNFOLD  # noqa: E402, F401 - reads the names above
