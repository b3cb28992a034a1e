"""Importing 100,000 rows into 1,000,000 contacts beside COPY of what that writes.

Ours is all that a worker does for the file: reading it, the dry run, and the import. The
worker is Celery's own, in a process of its own, whose memory is measured as well.

The reference copies exactly the rows that the import left (people, addresses, roles,
companies, search words, refusals, rows of the import, audit trail) into the same tables
with their indexes, constraints and triggers. Both begin with a fresh copy of the same
database, which is dropped afterwards: the population stays as it is.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import import_file, population
from benchmarks.harness import DATABASE, Measurement, benchmark, set_up_django

ROWS_PER_SCALE = 10
ROUNDS = 2
MEMORY_LIMIT = 150
USER = "benchmark@seloste.example"
# Far more than it takes; a worker that is stuck should not keep the others waiting.
LONGEST = 1800
COPY_CHUNK = 256 * 1024

# In the order in which they refer to each other. The import adds to tables with
# numbers above the largest there was; of the others, the time tells what is new.
TABLES = {
    "contacts_importbatch": "created_at",
    "contacts_company": "created_at",
    "contacts_companyword": "id",
    "contacts_contact": "created_at",
    "contacts_contactpoint": "id",
    "contacts_affiliation": "id",
    "contacts_postaladdress": "id",
    "contacts_contactword": "id",
    "contacts_importrow": "id",
    "contacts_importchange": "id",
    "consent_prohibition": "created_at",
    "register_auditentry": "id",
}


@benchmark("import_contacts", unit="s", goal=5, better="lower")
def importing_a_tenth_of_the_register(scale: int) -> Measurement:
    """Read, try and import a file of a tenth of the scale; COPY what that wrote."""
    ours, _peak = _imports(scale)
    return ours


@benchmark("import_contacts_memory", unit="MB", goal=1, better="lower")
def memory_of_the_worker(scale: int) -> Measurement:
    """The most memory the worker's process ever held, Python and Django included."""
    _ours, peak = _imports(scale)
    return Measurement(peak, MEMORY_LIMIT)


@functools.cache
def _imports(scale: int) -> tuple[Measurement, float]:
    """Import and copy in turns; return the median seconds, and the largest peak in MB."""
    from register.models import Role, RoleAssignment, User

    population.fill(scale)
    user, _is_new = User.objects.get_or_create(email=USER)
    marketing = Role.objects.get(code="marketing")
    RoleAssignment.objects.get_or_create(user=user, role=marketing)
    ours: list[float] = []
    reference: list[float] = []
    peaks: list[float] = []
    with tempfile.TemporaryDirectory(prefix="seloste-bench-") as directory:
        written = Path(directory, "written")
        for number in range(ROUNDS):
            turns = [_import_once, _copy_once]
            # The first must import: only then is it known what to copy.
            for turn in turns if number % 2 == 0 else reversed(turns):
                seconds, peak = turn(scale, written)
                (ours if turn is _import_once else reference).append(seconds)
                peaks.append(peak)
    return (
        Measurement(statistics.median(ours), statistics.median(reference)),
        max(peaks),
    )


def _import_once(scale: int, written: Path) -> tuple[float, float]:
    with _fresh_database() as database:
        began, numbers = _state_before()
        seconds, worker = _work_off_a_file(database, scale // ROWS_PER_SCALE or 1)
        written.mkdir(exist_ok=True)
        rows = _keep_what_was_written(written, began, numbers)
    steps = ", ".join(f"{kind} {took:.1f} s" for kind, took in seconds.items())
    _say(
        f"{steps}; {rows:,} rows; worker {worker['base']:.0f} MB"
        f" before, {worker['peak']:.0f} MB at most"
    )
    return sum(seconds.values()), worker["peak"]


def _copy_once(_scale: int, written: Path) -> tuple[float, float]:
    from django.db import connection, transaction

    with _fresh_database():
        started = time.perf_counter()
        with transaction.atomic(), connection.cursor() as cursor:
            for table in TABLES:
                with (
                    Path(written, table).open("rb") as file,
                    cursor.copy(f"COPY {table} FROM STDIN") as copy,
                ):
                    while chunk := file.read(COPY_CHUNK):
                        copy.write(chunk)
        seconds = time.perf_counter() - started
    _say(f"COPY {seconds:.1f} s")
    return seconds, 0


def _work_off_a_file(
    database: str, rows: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Take a file through all steps; return the seconds of each and the worker's memory."""
    from django.conf import settings
    from django.core.files.storage import default_storage
    from django.test import override_settings
    from django.utils import timezone

    from contacts.services.imports import batches, reading
    from register import actors, files
    from register.models import User

    user = User.objects.get(email=USER)
    actor = actors.of_user(user, purpose="customer_relationship")
    with (
        tempfile.TemporaryDirectory(prefix="seloste-bench-") as directory,
        # The storage hears of it; it does not when the setting is merely changed.
        override_settings(MEDIA_ROOT=directory),
        _Worker(database, directory) as worker,
    ):
        received = files.receive(
            import_file.lines(rows),
            path=batches.path_of_new_file(),
            max_bytes=settings.IMPORT_MAX_BYTES,
        )
        path = Path(default_storage.path(received.path))
        layout = reading.examine(lambda: path.open("rb")).layout
        targets = list(import_file.COLUMNS.values())
        batch = batches.upload(
            received,
            title="Fair",
            layout=layout,
            targets=targets,
            actor=actor,
            terms={
                "source_kind": "event",
                "activity": "customer_relationship",
                "collected_on": timezone.localdate(),
            },
        )
        batches.try_out(batch, targets=targets, actor=actor)
        seconds = {"reading and dry run": _wait_for_job(batch)}
        batches.start(batch, actor=actor)
        seconds["import"] = _wait_for_job(batch)
        memory = worker.stop()
    return seconds, memory


def _wait_for_job(batch: Any) -> float:
    """Wait for the newest job of a batch; return how long the worker had it."""
    from contacts.services.imports import batches
    from register.models import Job

    end = time.monotonic() + LONGEST
    while time.monotonic() < end:
        job = batches.job_of(batch)
        if job and job.finished_at and job.started_at:
            if job.state != Job.State.DONE:
                raise RuntimeError(f"{job.kind} ended as {job.state}: {job.error_code}")
            batch.refresh_from_db()
            return float((job.finished_at - job.started_at).total_seconds())
        time.sleep(0.2)
    raise RuntimeError("The worker did not finish.")


def _state_before() -> tuple[datetime, dict[str, int]]:
    began: datetime = _run("SELECT clock_timestamp()")[0][0]
    return began, {
        table: _run(f"SELECT coalesce(max(id), 0) FROM {table}")[0][0]
        for table, column in TABLES.items()
        if column == "id"
    }


def _keep_what_was_written(
    directory: Path, began: datetime, numbers: dict[str, int]
) -> int:
    """Write the new rows of each table to a file; return how many there are."""
    from django.db import connection

    count = 0
    with connection.cursor() as cursor:
        for table, column in TABLES.items():
            limit = numbers.get(table, f"'{began.isoformat()}'")
            query = f"SELECT * FROM {table} WHERE {column} > {limit}"
            with (
                Path(directory, table).open("wb") as file,
                cursor.copy(f"COPY ({query}) TO STDOUT") as copy,
            ):
                for data in copy:
                    file.write(data)
            count += cursor.rowcount
    return count


@contextlib.contextmanager
def _fresh_database() -> Iterator[str]:
    """Point Django at a copy of the benchmark database; drop it afterwards."""
    from django.conf import settings
    from django.db import connection

    name = f"{DATABASE}_copy"

    def use(database: str) -> None:
        connection.close()
        settings.DATABASES["default"]["NAME"] = database
        connection.settings_dict["NAME"] = database

    connection.close()
    with connection._nodb_cursor() as cursor:
        _drop(cursor, name)
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE} STRATEGY file_copy")
    use(name)
    try:
        yield name
    finally:
        use(DATABASE)
        with connection._nodb_cursor() as cursor:
            _drop(cursor, name)


def _drop(cursor: Any, name: str) -> None:
    """Drop a database, whoever is still in it."""
    from django.db import ProgrammingError

    try:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    except ProgrammingError:
        # No owner may end autovacuum by force; without it, PostgreSQL does so itself.
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")


class _Worker:
    """A Celery worker that works for the benchmark alone."""

    def __init__(self, database: str, files: str) -> None:
        self._queue = f"bench-{uuid.uuid4()}"
        self._arguments = (database, files, self._queue)

    def __enter__(self) -> _Worker:
        from settings.celery import app

        self._usual_queue = app.conf.task_default_queue
        app.conf.task_default_queue = self._queue
        self._process = subprocess.Popen(  # noqa: S603 - this program itself
            # It warns of working as root, as people may who only measure.
            [
                *(sys.executable, "-W", "ignore", "-m", "benchmarks.import_contacts"),
                *self._arguments,
            ],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"DJANGO_SETTINGS_MODULE": "settings.demo"},
        )
        return self

    def stop(self) -> dict[str, float]:
        """End the worker; return its memory in MB, before any work and at most."""
        self._process.terminate()
        output, _ = self._process.communicate(timeout=60)
        memory: dict[str, float] = {}
        for line in output.splitlines():
            if line.startswith('{"'):
                memory |= json.loads(line)
        return memory

    def __exit__(self, *error: object) -> None:
        from settings.celery import app

        app.conf.task_default_queue = self._usual_queue
        self._process.kill()
        self._process.wait()


def _run(sql: str) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []


def _say(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


def work(database: str, files: str, queue: str) -> None:
    """Be the worker: like any other, and tell its memory."""
    set_up_django()
    from celery import signals
    from django.conf import settings

    from settings.celery import app

    settings.DATABASES["default"]["NAME"] = database
    settings.MEDIA_ROOT = files
    app.conf.worker_redirect_stdouts = False

    @signals.worker_ready.connect(weak=False)
    def tell_base(**_: object) -> None:
        _tell("base")

    @signals.worker_shutdown.connect(weak=False)
    def tell_peak(**_: object) -> None:
        _tell("peak")

    # One process, so that what is measured is what works.
    app.worker_main(
        [
            *("worker", "--pool=solo", f"--queues={queue}", "--loglevel=WARNING"),
            *("--without-mingle", "--without-gossip", "--without-heartbeat"),
        ]
    )


def _tell(name: str) -> None:
    """Write the largest memory of this process so far, in MB."""
    status = Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(json.dumps({name: int(peak.split()[1]) / 1024}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    work(*sys.argv[1:])
