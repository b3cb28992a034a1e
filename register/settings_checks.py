"""Missing or contradictory settings, as system checks with a hint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from settings import single_sign_on


def check_settings(
    *, app_configs: Sequence[AppConfig] | None = None, **_: Any
) -> list[checks.CheckMessage]:
    """Say in one sentence each what the environment lacks."""
    found: list[checks.CheckMessage] = []
    for name, code in (("SECRET_KEY", "E101"), ("AUDIT_KEY", "E102")):
        if len(_value(name)) < 16:
            found.append(
                checks.Error(
                    f"{name} is missing or shorter than 16 characters.",
                    hint=f"Set {name} in the environment, for example from: openssl rand -base64 48",
                    id=f"register.{code}",
                )
            )
    found.extend(_check_hash_keys())
    keys = settings.SECOND_FACTOR_KEYS
    if not keys or min(map(len, keys)) < 16:
        found.append(
            checks.Error(
                "SECOND_FACTOR_KEYS is missing, or one of them is shorter than 16 characters.",
                hint="Set SECOND_FACTOR_KEYS for example from: openssl rand -base64 48; to rotate, put the new key first and keep the old ones.",
                id="register.E109",
            )
        )
    found.extend(
        checks.Error(problem.wrong, hint=problem.hint, id="register.E107")
        for problem in getattr(settings, "ENVIRONMENT_PROBLEMS", ())
    )
    if 0 < len(settings.METRICS_TOKEN) < 16:
        found.append(
            checks.Error(
                "METRICS_TOKEN is shorter than 16 characters.",
                hint="Set METRICS_TOKEN for example from: openssl rand -hex 32; without it nobody reads /metrics.",
                id="register.E108",
            )
        )
    if bool(settings.EMAIL_HOST) != bool(settings.MAIL_FROM):
        found.append(
            checks.Warning(
                "Only one of EMAIL_URL and MAIL_FROM is set, so no mail is sent.",
                hint="Set EMAIL_URL to the mail server and MAIL_FROM to the controller's address, or neither.",
                id="register.W109",
            )
        )
    found.extend(
        checks.Error(fault.wrong, hint=fault.hint, id=f"register.{fault.code}")
        for fault in single_sign_on.faults(settings.SINGLE_SIGN_ON)
    )
    if getattr(settings, "REQUIRE_OWN_SERVERS", False):
        found.extend(_check_servers())
    return found


def _value(name: str) -> str:
    try:
        return str(getattr(settings, name, ""))
    except ImproperlyConfigured:  # how Django says that SECRET_KEY is empty
        return ""


def _check_hash_keys() -> list[checks.CheckMessage]:
    keys = settings.ADDRESS_HASH_KEYS
    ids = [key.partition(":")[0] for key in keys]
    if (
        keys
        and all(
            identifier and len(key.partition(":")[2]) >= 8
            for key, identifier in zip(keys, ids, strict=True)
        )
        and len(set(ids)) == len(ids)
    ):
        return []
    return [
        checks.Error(
            "ADDRESS_HASH_KEYS must name at least one key as id:secret, each id once.",
            hint="Set ADDRESS_HASH_KEYS=k1:<secret>; to rotate, put the new key first and keep the old ones.",
            id="register.E103",
        )
    ]


def _check_servers() -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    for uses_embedded, name, code in (
        (settings.USES_EMBEDDED_DATABASE, "DATABASE_URL", "E104"),
        (settings.USES_EMBEDDED_REDIS, "REDIS_URL", "E105"),
    ):
        if uses_embedded:
            found.append(
                checks.Error(
                    f"{name} is not set, and production does not use the embedded servers.",
                    hint=f"Set {name} to the server of this installation.",
                    id=f"register.{code}",
                )
            )
    if not settings.ALLOWED_HOSTS:
        found.append(
            checks.Error(
                "ALLOWED_HOSTS is empty, so no request would be answered.",
                hint="Set ALLOWED_HOSTS to the host names of this installation, separated by commas.",
                id="register.E106",
            )
        )
    return found
