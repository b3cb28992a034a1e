"""May this process serve? What every answer to a request needs, looked at part by part."""

from __future__ import annotations

import dataclasses
import enum
import logging
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import redis
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from register import clocks
from register.database import drift
from register.database.bound_by import why_not_bound
from register.monitoring.bounded import Bounded, own_connection
from register.monitoring.liveness import Liveness, processes

logger = logging.getLogger(__name__)

FRESH_SECONDS = 5.0
PATIENCE_SECONDS = 4.0
REDIS_SECONDS = 1.0
# Comparing the schema reads the catalogue: when it was right, it is so for a while.
SCHEMA_FRESH_SECONDS = 60.0


class Part(enum.StrEnum):
    """What must be in order; the codes are stable."""

    DATABASE = "database"
    ROLE = "role"
    CLOCK = "clock"
    MIGRATIONS = "migrations"
    SCHEMA = "schema"
    ROW_SECURITY = "row_security"
    APPEND_ONLY = "append_only"
    REDIS = "redis"
    FILES = "files"


NO_ANSWER = "no_answer"  # in the place of a part: nothing was found out in time


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What was found: sentences by part, for operators; and which processes live."""

    problems: dict[str, list[str]]
    processes: tuple[Liveness, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether the register can serve."""
        return not self.problems

    @property
    def failing(self) -> list[str]:
        """Codes of what is not in order."""
        return sorted(self.problems)


def report() -> Report:
    """Return how it stands, at most a few seconds old and never later than a few seconds."""
    answer = _READINESS.answer()
    if answer is None:
        return Report({NO_ANSWER: ["The checks did not end in time."]})
    return answer


def forget() -> None:
    """Look again next time."""
    _READINESS.forget()
    _schema_was_right.clear()


def look() -> Report:
    """Look at every part now. Takes a few seconds at most where a server is away."""
    problems: dict[str, list[str]] = {}
    for part, check in ((Part.REDIS, _redis), (Part.FILES, _files)):
        if problem := check():
            problems[part] = [problem]
    of_database, living = _database()
    found = Report({**problems, **of_database}, living)
    _log_change(found)
    return found


def _log_change(found: Report) -> None:
    failing = ":".join(found.failing)
    if failing != _last["failing"]:
        _last["failing"] = failing
        if failing:
            logger.error("The register is not ready.", extra={"failing": failing})
        else:
            logger.info("The register is ready again.")


def _database() -> tuple[dict[str, list[str]], tuple[Liveness, ...]]:
    try:
        with own_connection():
            if not _may_take_role():
                return {
                    Part.ROLE: [
                        f"the role {settings.APPLICATION_ROLE} cannot be taken: run manage.py migrate"
                    ]
                }, ()
            if pending := _pending_migrations():
                return {Part.MIGRATIONS: [pending]}, ()
            found = _schema()
            if problem := _works_beyond_row_security():
                found = {**found, Part.ROLE: [problem]}
            if problem := clocks.problem():
                found = {**found, Part.CLOCK: [problem]}
            return found, tuple(processes())
    except DatabaseError as error:
        return {
            Part.DATABASE: [f"the database does not answer ({type(error).__name__})"]
        }, ()


def _may_take_role() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SET ROLE {connection.ops.quote_name(settings.APPLICATION_ROLE)}"
            )
            cursor.execute("RESET ROLE")
    except DatabaseError:
        connection.ensure_connection()
        return not connection.is_usable()
    return True


def _works_beyond_row_security() -> str:
    """Look whether this web process sees what is due: as the role that it works as."""
    role = connections.settings[DEFAULT_DB_ALIAS]["OPTIONS"].get("assume_role")
    with connection.cursor() as cursor:
        if role:
            cursor.execute(f"SET ROLE {connection.ops.quote_name(role)}")
        reason = why_not_bound()
        cursor.execute("RESET ROLE")
    if not reason:
        return ""
    return f"row security does not bind this web process: {reason}; start it with SELOSTE_PROCESS=web"


def _pending_migrations() -> str:
    if time.monotonic() < _schema_was_right.get("until", 0.0):
        return ""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "migrations are pending: run manage.py migrate"
    return ""


def _schema() -> dict[str, list[str]]:
    if time.monotonic() < _schema_was_right.get("until", 0.0):
        return {}
    found: dict[str, list[str]] = {}
    questions: dict[Part, Callable[[], list[str]]] = {
        Part.SCHEMA: drift.of_tables,
        Part.ROW_SECURITY: drift.of_row_security,
        Part.APPEND_ONLY: drift.of_grants,
    }
    for part, differences in questions.items():
        if sentences := differences():
            found[part] = sentences
    if not found:
        _schema_was_right["until"] = time.monotonic() + SCHEMA_FRESH_SECONDS
    return found


def _redis() -> str:
    cache = settings.CACHES["default"]
    client = redis.Redis.from_url(
        cache["LOCATION"],
        socket_connect_timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
    )
    try:
        # Writing, because a server whose disk is full still answers PING.
        client.set(f"{cache.get('KEY_PREFIX', '')}:readyz", 1, ex=10)
    except (redis.RedisError, OSError) as error:
        return f"Redis does not answer ({type(error).__name__})"
    finally:
        client.close()
    return ""


def _files() -> str:
    try:
        root = Path(default_storage.path(""))
    except NotImplementedError:
        # Object storage: one question, which writes nothing.
        return _object_storage()
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        return f"files cannot be written ({error.strerror})"
    return ""


def _object_storage() -> str:
    try:
        default_storage.exists("readyz")
    except Exception as error:  # noqa: BLE001 - each storage has errors of its own
        return f"the file storage does not answer ({type(error).__name__})"
    return ""


_schema_was_right: dict[str, float] = {}
_last = {"failing": ""}
_READINESS = Bounded(
    look, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS, name="readiness"
)
