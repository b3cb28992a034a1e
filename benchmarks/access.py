"""Access packages: collecting a person's data and writing it as a zip.

The reference fetches the same rows, table by table, into Python tuples and does
nothing with them.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import shutil
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.harness import (
    Measurement,
    benchmark,
    prepare_database,
    set_up_django,
)

ROUNDS = 7
# Marks what is made here.
NAME = "benchmark of access"
# Everyone else: one in so many of the scale has a chat, calls and audit entries.
OTHERS_PER_SCALE = 100


@benchmark("access_small", unit="s", goal=10, better="lower")
def a_person_with_two_hundred_rows(scale: int) -> Measurement:
    """Collect, review and pack 200 rows among everyone else's."""
    with _scene(others=scale // OTHERS_PER_SCALE):
        return _measured(_person(rows=200))


@benchmark("access_large", unit="s", goal=3, better="lower")
def a_person_with_fifty_thousand_rows(scale: int) -> Measurement:
    """Collect, review and pack 50,000 rows among everyone else's."""
    with _scene(others=scale // OTHERS_PER_SCALE):
        return _measured(_person(rows=50_000))


@benchmark("access_others_tenfold", unit="fetches", goal=1.3, better="lower")
def everyone_elses_data_grows_tenfold(scale: int) -> Measurement:
    """The same 200 rows when everyone else has ten times as much as before.

    Each side in units of the plain fetch beside it, which is by keys and does not
    grow: the two cannot take turns, and the machine is not the same minutes later.
    """
    others = scale // OTHERS_PER_SCALE
    with _scene(others=others):
        before = _measured(_person(rows=200), rounds=3 * ROUNDS)
    with _scene(others=10 * others):
        after = _measured(_person(rows=200), rounds=3 * ROUNDS)
    return Measurement(after.ours / after.reference, before.ours / before.reference)


@benchmark("access_memory", unit="MB", goal=1, better="lower")
def memory_from_five_to_fifty_thousand_rows(scale: int) -> Measurement:
    """How much the peak of a process grows with ten times the rows; at most 50 MB."""
    spawn = multiprocessing.get_context("spawn")
    queue = spawn.SimpleQueue()
    process = spawn.Process(target=_peaks, args=(queue,))
    process.start()
    small, large = queue.get()
    process.join()
    return Measurement(max(large - small, 0), 50)


def _peaks(queue: multiprocessing.SimpleQueue[tuple[float, float]]) -> None:
    set_up_django()
    prepare_database()
    with _scene(others=0):
        peaks = []
        for rows in (5_000, 50_000):
            subject_id = _person(rows=rows)
            _ours(subject_id)  # what is loaded once is loaded now
            Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
            _ours(subject_id)
            status = Path("/proc/self/status").read_text()
            peak = next(line for line in status.splitlines() if "VmHWM" in line)
            peaks.append(int(peak.split()[1]) / 1024)
    queue.put((peaks[0], peaks[1]))


def _measured(subject_id: uuid.UUID, rounds: int = ROUNDS) -> Measurement:
    ours, reference = [], []
    for measured in (False, *[True] * rounds):
        seconds, request_id = _ours(subject_id)
        fetched = _seconds(functools.partial(_fetch, subject_id, request_id))
        if measured:
            ours.append(seconds)
            reference.append(fetched)
    return Measurement(statistics.median(ours), statistics.median(reference))


def _ours(subject_id: uuid.UUID) -> tuple[float, uuid.UUID]:
    """Answer a new request of the person; return the seconds of collecting and packing.

    What the DPO does between the two is done in bulk and not counted.
    """
    from django.utils import timezone

    from dsar.models import Finding, Request
    from dsar.services import collection, identity, intake, package, review
    from register import actors

    actor = actors.system("data_subject_rights")
    Request.objects.filter(name=NAME).delete()
    request = intake.open_request(
        kind=Request.Kind.ACCESS,
        channel=Request.Channel.EMAIL,
        received_at=timezone.now(),
        name=NAME,
        actor=actor,
    )
    identity.confirm_person(request, subject_ids=[subject_id], actor=actor)
    collected = _seconds(lambda: collection.collect(request, actor=actor))
    review.decide_all(request, verdict=Finding.Verdict.GIVE, actor=actor)
    _run("ANALYZE dsar_finding")
    packed = _seconds(lambda: package.make(request, actor=actor))
    return collected + packed, request.pk


def _fetch(subject_id: uuid.UUID, request_id: uuid.UUID) -> int:
    """Fetch the same rows by the same keys, all columns, as tuples."""
    from django.db import connection

    chats = "SELECT chat_id FROM communications_chatparticipant WHERE contact_id = %s"
    queries = [
        ("SELECT * FROM contacts_contact WHERE id = %s", subject_id),
        ("SELECT * FROM contacts_contactpoint WHERE contact_id = %s", subject_id),
        ("SELECT * FROM contacts_contactword WHERE contact_id = %s", subject_id),
        ("SELECT * FROM contacts_postaladdress WHERE contact_id = %s", subject_id),
        ("SELECT * FROM contacts_affiliation WHERE contact_id = %s", subject_id),
        (
            "SELECT * FROM contacts_company WHERE id IN (SELECT company_id FROM contacts_affiliation WHERE contact_id = %s)",
            subject_id,
        ),
        ("SELECT * FROM contacts_importrow WHERE contact_id = %s", subject_id),
        (
            "SELECT * FROM contacts_importbatch WHERE id IN (SELECT batch_id FROM contacts_importrow WHERE contact_id = %s)",
            subject_id,
        ),
        (f"SELECT * FROM communications_chat WHERE id IN ({chats})", subject_id),
        (
            "SELECT * FROM communications_chatparticipant WHERE contact_id = %s",
            subject_id,
        ),
        (
            f"SELECT * FROM communications_chatline WHERE chat_id IN ({chats})",
            subject_id,
        ),
        ("SELECT * FROM communications_call WHERE contact_id = %s", subject_id),
        (
            "SELECT * FROM communications_recording WHERE call_id IN (SELECT id FROM communications_call WHERE contact_id = %s)",
            subject_id,
        ),
        ("SELECT * FROM consent_prohibition WHERE subject_id = %s", subject_id),
        ("SELECT * FROM register_auditentry WHERE subject_id = %s", subject_id),
        ("SELECT * FROM register_hold WHERE subject_id = %s", subject_id),
        ("SELECT * FROM dsar_request WHERE id = %s", request_id),
        ("SELECT * FROM dsar_requestevent WHERE request_id = %s", request_id),
        ("SELECT * FROM dsar_requestperson WHERE request_id = %s", request_id),
        ("SELECT * FROM dsar_requestrecord WHERE request_id = %s", request_id),
        ("SELECT * FROM dsar_finding WHERE request_id = %s", request_id),
        ("SELECT * FROM dsar_package WHERE request_id = %s", request_id),
    ]
    count = 0
    with connection.cursor() as cursor:
        for query, key in queries:
            cursor.execute(query, [key])
            count += len(cursor.fetchall())
    return count


@contextlib.contextmanager
def _scene(*, others: int) -> Iterator[None]:
    """Everyone else's data, and a place for the packages; both are gone afterwards."""
    from django.conf import settings

    media = settings.MEDIA_ROOT
    settings.MEDIA_ROOT = Path(tempfile.mkdtemp(prefix="seloste-bench-"))
    try:
        _forget()
        if others:
            make_people(others, chats=1, lines=8, calls=1, entries=1)
        _tidy()
        yield
    finally:
        _forget()
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
        settings.MEDIA_ROOT = media


def _person(*, rows: int) -> uuid.UUID:
    """Make a person with about so many rows, the findings of a request included.

    Half of the lines of the chats are the person's own, half wait for the review.
    """
    lines = 8 if rows < 1_000 else 80
    chats = max(1, rows // 2 // (2 + lines))
    findings = chats * lines // 2
    rest = rows - chats * (2 + lines) - findings
    subject_id = make_people(
        1, chats=chats, lines=lines, calls=rest // 3, entries=rest - rest // 3
    )
    _tidy()
    return subject_id


def make_people(
    count: int, *, chats: int, lines: int, calls: int, entries: int
) -> uuid.UUID:
    """Make people who have so much each; return the first."""
    _run(
        "CREATE TEMP TABLE someone AS SELECT gen_random_uuid() AS id FROM generate_series(1, %s)",
        count,
    )
    _run(
        "INSERT INTO contacts_contact (id, first_name, last_name, language, relationship, source, source_detail, created_at, updated_at)"
        " SELECT id, 'Measured', 'Person ' || left(id::text, 8), 'fi', 'customer', 'staff', %s, now(), now() FROM someone",
        NAME,
    )
    _run(
        "INSERT INTO contacts_contactpoint (contact_id, kind, value, label, is_primary, source, created_at)"
        " SELECT id, 'email', id || '@bench.example', '', true, 'staff', now() FROM someone"
    )
    _run(
        "WITH made AS (INSERT INTO communications_chat (external_id, started_at, ended_at)"
        "  SELECT 'bench ' || s.id || ' ' || n, now() - interval '1 day', now() FROM someone s, generate_series(1, %s) n"
        "  RETURNING id, external_id),"
        " parts AS (INSERT INTO communications_chatparticipant (chat_id, contact_id, display_name)"
        "  SELECT id, split_part(external_id, ' ', 2)::uuid, 'Measured' FROM made RETURNING id, chat_id)"
        " INSERT INTO communications_chatline (chat_id, participant_id, said_at, text)"
        "  SELECT chat_id, CASE n %% 2 WHEN 0 THEN id END, now(), 'Line ' || n || ' of a chat about an invoice that did not arrive.'"
        "  FROM parts, generate_series(1, %s) n",
        chats,
        lines,
    )
    _run(
        "INSERT INTO communications_call (external_id, contact_id, direction, number, started_at, ended_at)"
        " SELECT '', id, 'inbound', '+358401234567', now() - interval '1 hour', now() FROM someone, generate_series(1, %s)",
        calls,
    )
    _run(
        "INSERT INTO register_auditentry (at, action, actor_kind, actor_id, purpose, object_type, object_id, subject_id, request_id, details)"
        " SELECT now(), 'record.viewed', 'staff', %s, 'customer_support', 'contacts.contact', id::text, id, gen_random_uuid(), '{}'"
        " FROM someone, generate_series(1, %s)",
        str(uuid.uuid4()),
        entries,
    )
    subject_id: uuid.UUID = _run("SELECT id FROM someone LIMIT 1")[0][0]
    _run("DROP TABLE someone")
    return subject_id


def _tidy() -> None:
    """Do now what the server would do soon, and measurably, by itself."""
    _run(
        "VACUUM (ANALYZE) contacts_contact, contacts_contactpoint, communications_chat,"
        " communications_chatparticipant, communications_chatline, communications_call,"
        " register_auditentry, register_hold"
    )


def _forget() -> None:
    """Delete what the scenes made, and nothing that other benchmarks keep."""
    from django.db import transaction

    from dsar.models import Request

    Request.objects.filter(name=NAME).delete()
    with transaction.atomic():
        _run(
            "CREATE TEMP TABLE someone ON COMMIT DROP AS SELECT id FROM contacts_contact WHERE source_detail = %s",
            NAME,
        )
        _run("ANALYZE someone")
        _run(
            "CREATE TEMP TABLE talk ON COMMIT DROP AS SELECT chat_id AS id FROM communications_chatparticipant"
            " WHERE contact_id IN (SELECT id FROM someone)"
        )
        for table, column, ids in (
            ("communications_chatline", "chat_id", "talk"),
            ("communications_chatparticipant", "chat_id", "talk"),
            ("communications_chat", "id", "talk"),
            ("communications_call", "contact_id", "someone"),
            ("contacts_contactpoint", "contact_id", "someone"),
            ("register_hold", "subject_id", "someone"),
        ):
            _run(f"DELETE FROM {table} WHERE {column} IN (SELECT id FROM {ids})")
        # Nobody else may: the trail is never changed outside this database.
        _run("ALTER TABLE register_auditentry DISABLE TRIGGER seloste_append_only")
        _run(
            "DELETE FROM register_auditentry WHERE subject_id IN (SELECT id FROM someone)"
        )
        _run("ALTER TABLE register_auditentry ENABLE TRIGGER seloste_append_only")
        _run("DELETE FROM contacts_contact WHERE id IN (SELECT id FROM someone)")


def _run(sql: str, *params: str | int) -> list[tuple[uuid.UUID]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return list(cursor.fetchall()) if cursor.description else []


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
