"""Reads what the environment says: values, secrets out of files, addresses of servers.

A secret may stand in the variable itself, in the file that ``NAME_FILE`` names, or in a
file called like the variable in small letters in ``SECRETS_DIR`` (Docker's
``/run/secrets``, systemd's ``$CREDENTIALS_DIRECTORY``). What is wrong is remembered in
:data:`problems` and becomes a system check: a mistyped address ends in a sentence, not
in a stack trace that quotes the password.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit

import environ

POSTGRES_SCHEMES = ("postgres", "postgresql", "psql", "pgsql")


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """A variable that cannot be used: its name, what is wrong, what to do."""

    name: str
    wrong: str
    hint: str


@dataclasses.dataclass(frozen=True, slots=True)
class RedisAddresses:
    """One server as its own client, Celery's broker and Django's cache write it."""

    server: str
    broker: str
    cache: str


problems: list[Problem] = []

# What stands for an address that cannot be used: a name that never resolves (RFC 2606),
# so that nothing falls back to a server that was not meant.
_NOWHERE = "see-manage-py-check.invalid"


def secret(name: str) -> str:
    """Return a secret from the variable, its ``_FILE`` or ``SECRETS_DIR``; "" if unset.

    Line ends at the end of a file do not belong to the secret.
    """
    value, named = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if value and named:
        _wrong(
            name,
            f"Both {name} and {name}_FILE are set.",
            "Keep one of them; the file is the safer place.",
        )
    if value:
        return value
    if named:
        return _read(f"{name}_FILE", Path(named))
    directory = os.environ.get("SECRETS_DIR", "")
    if directory and (found := Path(directory) / name.lower()).exists():
        return _read("SECRETS_DIR", found)
    return ""


def secrets_list(name: str) -> list[str]:
    """Return a secret that is a list: separated by commas, blanks or line ends."""
    return [part for part in secret(name).replace(",", " ").split() if part]


def database(name: str) -> dict[str, Any] | None:
    """Return Django's description of the PostgreSQL that ``name`` names, None if unset.

    Takes ``postgres://user:password@host:port/database?sslmode=verify-full``, a socket
    as ``postgres://user@%2Frun%2Fpostgresql/database`` or with ``?host=/run/postgresql``.
    What libpq knows may stand behind the question mark. The password may come alone
    from ``DATABASE_PASSWORD``, where no character needs a percent sign.
    """
    url = secret(name)
    if not url:
        return None
    found: dict[str, Any] = {}
    try:
        parts = urlsplit(url)
        if parts.scheme in POSTGRES_SCHEMES and parts.port != 0:
            found = environ.Env.db_url_config(url)
    except (
        ValueError
    ):  # no number where the port stands, or a bracket that is not closed
        found = {}
    if not found.get("NAME"):
        _wrong(
            name,
            f"{name} is not an address of a PostgreSQL database.",
            "Write postgres://user:password@host:5432/database, and in the password % before the code of a special character (@ is %40, / is %2F, # is %23), or put the password into "
            f"{name.replace('_URL', '_PASSWORD')}_FILE.",
        )
        return _nowhere()
    if found["HOST"].upper().startswith("%2F"):
        found["HOST"] = unquote(found["HOST"])
    password = secret(name.replace("_URL", "_PASSWORD"))
    if password:
        found["PASSWORD"] = password
    unknown = _unknown_to_libpq(found.get("OPTIONS", {}))
    if unknown:
        _wrong(
            name,
            f"{name} has an option that PostgreSQL's client does not know: {', '.join(unknown)}.",
            "Options stand behind the question mark, for example sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca.pem.",
        )
        return _nowhere()
    return found


def redis() -> RedisAddresses | None:
    """Return the addresses of ``REDIS_URL``, and of ``CACHE_URL`` if that is set too.

    ``redis://[user:password@]host:port/0``, ``rediss://`` over TLS (the certificate is
    verified; ``?ssl_ca_certs=/path`` names an authority of one's own), or
    ``unix:///path/to.sock?db=0``. The password may come alone from ``REDIS_PASSWORD``.
    """
    server = _redis_address("REDIS_URL")
    if not server:
        return None
    cache = _redis_address("CACHE_URL") or server
    return RedisAddresses(server, _for_celery(server), cache)


def mail(name: str) -> dict[str, Any]:
    """Return Django's description of the mail server that ``name`` names, {} if unset.

    ``smtp+tls://user:password@host:587`` (STARTTLS), ``smtp+ssl://host:465`` or
    ``smtp://host:25``.
    """
    url = secret(name)
    if not url:
        return {}
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("smtp", "smtps", "smtp+tls", "smtp+ssl")
        is_one = is_one and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one:
        _wrong(
            name,
            f"{name} is not an address of a mail server.",
            "Write smtp+tls://user:password@host:587, smtp+ssl://host:465 or smtp://host:25, and in the password % before the code of a special character (@ is %40).",
        )
        return {}
    found: dict[str, Any] = environ.Env.email_url_config(url)
    usual = {"smtp": 25, "smtp+ssl": 465}.get(parts.scheme, 587)
    found["EMAIL_PORT"] = found.get("EMAIL_PORT") or usual
    return found


def is_set(name: str) -> bool:
    """Whether a secret is given in any of the three ways."""
    return bool(secret(name))


def _redis_address(name: str) -> str:
    url = secret(name)
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        is_one = parts.scheme in ("redis", "rediss") and bool(parts.hostname)
        is_one = is_one and parts.port != 0
        is_one = is_one or (parts.scheme == "unix" and bool(parts.path))
    except ValueError:
        is_one = False
    if not is_one:
        _wrong(
            name,
            f"{name} is not an address of a Redis server.",
            "Write redis://:password@host:6379/0, rediss://… for TLS, or unix:///path/to.sock?db=0; put a password with special characters into REDIS_PASSWORD_FILE.",
        )
        return f"redis://{_NOWHERE}"
    password = secret("REDIS_PASSWORD")
    if password and parts.password is None:
        user = quote(unquote(parts.username or ""), safe="")
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{user}:{quote(password, safe='')}@{host}"
        url = _with(parts, netloc=netloc)
    return url


def _for_celery(url: str) -> str:
    """Return the address as Celery's transport reads it."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    if parts.scheme == "unix":
        query["virtual_host"] = query.pop("db", "0")
        return f"redis+socket://{parts.netloc}{parts.path}?{urlencode(query)}"
    if parts.scheme == "rediss":
        # The cache's client verifies the certificate unless told otherwise, and so
        # shall the worker's.
        query.setdefault("ssl_cert_reqs", "required")
        return _with(parts, query=urlencode(query))
    return url


def _with(
    parts: SplitResult, *, netloc: str | None = None, query: str | None = None
) -> str:
    """Return the address with a part replaced; a socket keeps its three slashes."""
    netloc = parts.netloc if netloc is None else netloc
    query = parts.query if query is None else query
    return f"{parts.scheme}://{netloc}{parts.path}" + (f"?{query}" if query else "")


def _nowhere() -> dict[str, Any]:
    return {"ENGINE": "django.db.backends.postgresql", "NAME": "-", "HOST": _NOWHERE}


def _unknown_to_libpq(options: Iterable[str]) -> list[str]:
    from psycopg import pq

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    return sorted(set(options) - known)


def _read(name: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        _wrong(
            name,
            f"{name} names {path}, which cannot be read ({reason}).",
            f"Put the secret into that file and let the user that runs the register read it, or change {name}.",
        )
        return ""


def _wrong(name: str, wrong: str, hint: str) -> None:
    problem = Problem(name, wrong, hint)
    if problem not in problems:
        problems.append(problem)
