"""Production: everything from the environment, nothing embedded, nothing guessed."""

from __future__ import annotations

from settings import log_lines
from settings.base import *
from settings.base import LOG_LEVEL, env

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# The proxy that ends TLS, which says whose request it passes on.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=1)
REQUIRE_OWN_SERVERS = True
LOG_FORMAT = env.str("LOG_FORMAT", default="json")
LOG_REQUESTS = env.bool("LOG_REQUESTS", default=True)
LOGGING = log_lines.configuration(LOG_FORMAT, LOG_LEVEL, requests=LOG_REQUESTS)
