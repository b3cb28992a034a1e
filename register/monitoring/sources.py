"""The register's own numbers for monitoring."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

from celery import current_app
from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, QuerySet
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

from register import audit, metrics
from register.datamap.graph import graph
from register.metrics import MOST, PREFIX, gauge, moment
from register.models import AuditSeal, FileRemoval, Job, TaskTally
from register.monitoring.liveness import processes
from register.monitoring.workers import BOUNDS
from register.services import jobs, verification

BROKER_SECONDS = 1.0


def count(rows: QuerySet[Any]) -> int:
    """Count rows, but no further than :data:`register.metrics.MOST`."""
    return rows.order_by()[:MOST].count()


def _about() -> Iterator[Metric]:
    yield gauge(
        "info",
        "revision of the data map in force; always 1",
        {(graph().revision,): 1},
        ("data_map",),
    )


def _tasks() -> Iterator[Metric]:
    runs = CounterMetricFamily(
        f"{PREFIX}task_runs",
        "runs of tasks by how they ended, of all workers since the installation",
        labels=("task", "outcome"),
    )
    durations = HistogramMetricFamily(
        f"{PREFIX}task_seconds", "how long runs of tasks took", labels=("task",)
    )
    last: dict[tuple[str, ...], float] = {}
    tallies: dict[str, tuple[list[int], float]] = {}
    for row in TaskTally.objects.order_by("task", "outcome"):
        runs.add_metric((row.task, row.outcome), row.runs)
        last[(row.task, row.outcome)] = row.last_at.timestamp()
        buckets, seconds = tallies.get(row.task, ([0] * (len(BOUNDS) + 1), 0.0))
        tallies[row.task] = (
            [a + b for a, b in zip(buckets, row.buckets, strict=False)],
            seconds + row.seconds,
        )
    for task, (buckets, seconds) in tallies.items():
        durations.add_metric((task,), list(_cumulated(buckets)), seconds)
    yield runs
    yield durations
    yield gauge(
        "task_last_timestamp_seconds",
        "when a run of a task last ended so",
        last,
        ("task", "outcome"),
    )


def _cumulated(buckets: list[int]) -> Iterator[tuple[str, float]]:
    total = 0
    for bound, runs in zip([*map(str, BOUNDS), "+Inf"], buckets, strict=False):
        total += runs
        yield bound, total


def _jobs() -> Iterator[Metric]:
    counted = Job.objects.order_by().values_list("kind", "state")
    found = dict.fromkeys(
        ((kind, state) for kind in jobs.KINDS for state in Job.State.values), 0.0
    )
    for kind, state, rows in counted.annotate(rows=Count("pk")):
        if kind in jobs.KINDS:
            found[(kind, state)] = rows
    yield gauge("jobs", "jobs by kind and state", found, ("kind", "state"))
    oldest = Job.objects.filter(state=Job.State.QUEUED).aggregate(at=Min("created_at"))
    waited = (timezone.now() - oldest["at"]).total_seconds() if oldest["at"] else 0.0
    yield gauge(
        "jobs_oldest_queued_seconds",
        "how long the oldest waiting job has waited; 0 if none waits",
        waited,
    )


def _processes() -> Iterator[Metric]:
    living, silence = {}, {}
    for each in processes():
        living[(each.kind.value,)] = float(each.living)
        if each.silent_for is not None:
            silence[(each.kind.value,)] = each.silent_for.total_seconds()
    yield gauge(
        "processes",
        "processes that showed a sign of life within a minute",
        living,
        ("kind",),
    )
    yield gauge(
        "process_silence_seconds",
        "time since the last sign of life of a kind of process",
        silence,
        ("kind",),
    )


def _queue() -> Iterator[Metric]:
    with current_app.connection_for_read(
        transport_options={
            "socket_connect_timeout": BROKER_SECONDS,
            "socket_timeout": BROKER_SECONDS,
            "max_retries": 0,
        }
    ) as broker:
        channel: Any = broker.default_channel
        length = channel.client.llen(current_app.conf.task_default_queue)
    yield gauge("queue_length", "messages that no worker has taken yet", length)


def _audit() -> Iterator[Metric]:
    yield gauge(
        "audit_unsealed_entries",
        f"audit entries without a seal; counted to {MOST}",
        audit.unsealed(MOST),
    )
    seal = AuditSeal.objects.first()
    yield from moment(
        "audit_last_seal_timestamp_seconds",
        "when the audit trail was last sealed",
        seal.sealed_at if seal else None,
    )
    last = verification.last()
    if last is not None:
        yield from moment(
            "audit_last_verification_timestamp_seconds",
            "when the whole audit trail was last verified",
            last.at,
        )
        yield gauge(
            "audit_problems",
            "signs of tampering that the last verification found",
            last.problems,
        )


def _files() -> Iterator[Metric]:
    due = FileRemoval.objects.filter(due_at__lte=timezone.now())
    yield gauge(
        "file_removals_due",
        f"files that must go and have not gone yet; counted to {MOST}",
        count(due),
    )
    root = settings.MEDIA_ROOT
    if root.exists():
        yield gauge(
            "files_free_bytes",
            "free space where files are stored",
            shutil.disk_usage(root).free,
        )


def _database() -> Iterator[Metric]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_database_size(current_database()),"
            " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()),"
            " current_setting('max_connections')::int"
        )
        size, used, most = cursor.fetchone()
    yield gauge("database_bytes", "size of the database", size)
    yield gauge("database_connections", "connections to the database", used)
    yield gauge("database_connections_most", "connections the server allows", most)


for _code, _load in {
    "about": _about,
    "tasks": _tasks,
    "jobs": _jobs,
    "processes": _processes,
    "queue": _queue,
    "audit": _audit,
    "files": _files,
    "database": _database,
}.items():
    metrics.register(_code, _load)
