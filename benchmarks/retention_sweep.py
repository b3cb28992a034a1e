"""The retention sweep beside plain deletion of the same rows, and beside page queries.

The database holds SCALE contacts and SCALE chats, each with two lines and a
participant: with SCALE=1,000,000 four million rows in all, made in about a minute and
kept, and 300 holds stand meanwhile. Five times as many would say the same (every access goes through an index) and
take five minutes to make. 100,000 chats, or a tenth of SCALE, fall due in each round.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from benchmarks.harness import Measurement, benchmark

ROUNDS = 5
PAGE_ROUNDS = 4
# Chat, two lines, one participant.
ROWS_OF_A_CHAT = 4
PAUSE_BETWEEN_PAGES = 0.004

CONTACTS = """
    INSERT INTO contacts_contact (id, first_name, last_name, language, relationship,
        source, source_detail, created_at, updated_at)
    SELECT gen_random_uuid(), 'Etu' || n, 'Suku' || n, 'fi', 'customer', 'import', '',
        now(), now()
    FROM generate_series(1, %s) n
"""
CHATS = """
    WITH person AS MATERIALIZED (
        SELECT id, row_number() OVER () - 1 AS place
        FROM (SELECT id FROM contacts_contact LIMIT 100000) first),
    chat AS (
        INSERT INTO communications_chat (external_id, started_at, ended_at)
        SELECT '', ended - interval '6 minutes', ended
        FROM (SELECT {ended} AS ended FROM generate_series(1, %s) n) times
        RETURNING id),
    participant AS (
        INSERT INTO communications_chatparticipant (chat_id, contact_id, display_name)
        SELECT chat.id, person.id, 'Nimi'
        FROM chat JOIN person
            ON person.place = chat.id %% (SELECT count(*) FROM person)
        RETURNING id, chat_id)
    INSERT INTO communications_chatline (chat_id, participant_id, said_at, text)
    SELECT chat_id, id, now(), 'Hei, tilaukseni ei ole vielä tullut perille, ' || n
    FROM participant, generate_series(1, 2) n
"""
LIVE = "now() - (n %% 80) * interval '1 day'"
# Chats that fell due within the last day.
DUE = "now() - interval '95 days' + (n %% 86400) * interval '1 second'"
REFERENCE = "benchmark of retention"
HOLDS = f"""
    INSERT INTO register_hold (id, subject_id, object_type, object_id, reason,
        reference, placed_at)
    SELECT gen_random_uuid(), gen_random_uuid(), '', '', 'authority', '{REFERENCE}', now()
    FROM generate_series(1, 200)
    UNION ALL
    (SELECT gen_random_uuid(), NULL, 'communications.chat', id::text, 'authority',
        '{REFERENCE}', now()
    FROM communications_chat ORDER BY ends_at DESC LIMIT 100)
"""  # noqa: S608
TABLES = (
    "communications_chat",
    "communications_chatparticipant",
    "communications_chatline",
)
DUE_CHATS = "SELECT id FROM communications_chat WHERE ends_at <= now()"
PLAIN = (
    f"DELETE FROM communications_chatline WHERE chat_id IN ({DUE_CHATS})",  # noqa: S608
    f"DELETE FROM communications_chatparticipant WHERE chat_id IN ({DUE_CHATS})",  # noqa: S608
    "DELETE FROM communications_chat WHERE ends_at <= now()",
)
PAGE = """
    SELECT c.id, c.started_at, c.ends_at, l.text
    FROM communications_chatparticipant p
    JOIN communications_chat c ON c.id = p.chat_id
    JOIN communications_chatline l ON l.chat_id = c.id
    WHERE p.contact_id = %s ORDER BY c.started_at DESC LIMIT 20
"""


@benchmark("retention_sweep", unit="rows/s", goal=0.5, better="higher")
def sweeping_due_chats(scale: int) -> Measurement:
    """Sweep due chats, with ledger and hold checks, in turns with plain deletes."""
    fill(scale)
    due = _due(scale)
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    pair = [("ours", _sweep), ("reference", _delete_plainly)]
    with _holds_in_force():
        for _ in range(ROUNDS):
            for side, delete in pair:
                _make_due(due)
                times[side].append(_timed(delete))
                _expect_none_due()
            pair.reverse()
    rows = due * ROWS_OF_A_CHAT
    return Measurement(
        rows / statistics.median(times["ours"]),
        rows / statistics.median(times["reference"]),
    )


@benchmark("retention_sweep_pages", unit="ms", goal=2, better="lower")
def page_queries_during_a_sweep(scale: int) -> Measurement:
    """The 99th percentile of a contact page's query, during a sweep and without one."""
    fill(scale)
    during: list[float] = []
    without: list[float] = []
    for _ in range(PAGE_ROUNDS):
        _make_due(_due(scale))
        with _Pages() as pages:
            time.sleep(1)
            began = time.monotonic()
            _sweep()
            swept = time.monotonic()
            time.sleep(swept - began)
            latencies = pages.stop()
        during += [ms for at, ms in latencies if began <= at < swept]
        without += [ms for at, ms in latencies if at >= swept]
    return Measurement(_p99(during), _p99(without))


def _p99(latencies: list[float]) -> float:
    return statistics.quantiles(latencies, n=100)[98]


def _due(scale: int) -> int:
    return max(min(scale // 10, 100_000), 1_000)


def _timed(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _sweep() -> None:
    from retention.services.sweep import sweep

    run = sweep()
    if not run.is_complete:
        raise RuntimeError("The sweep left something.")


def _delete_plainly() -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for statement in PLAIN:
            cursor.execute(statement)


def fill(scale: int) -> None:
    """Add what is missing of contacts and live chats, and clear what is due."""
    from django.db import connection

    _sweep()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM contacts_contact")
        cursor.execute(CONTACTS, [max(scale - cursor.fetchone()[0], 0)])
        cursor.execute("SELECT count(*) FROM communications_chat")
        missing = max(scale - cursor.fetchone()[0], 0)
        cursor.execute(CHATS.format(ended=LIVE), [missing])
        for table in ("contacts_contact", *TABLES):
            cursor.execute(f"VACUUM (ANALYZE) {table}")


def _make_due(count: int) -> None:
    """Make chats that are due, in tables as autovacuum keeps them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(CHATS.format(ended=DUE), [count])
        for table in TABLES:
            cursor.execute(f"VACUUM (ANALYZE) {table}")


@contextlib.contextmanager
def _holds_in_force() -> Iterator[None]:
    """Hold some people and some live chats, so that there is something to check."""
    from django.db import connection

    from register.models import Hold

    with connection.cursor() as cursor:
        cursor.execute(HOLDS)
    try:
        yield
    finally:
        Hold.objects.filter(reference=REFERENCE).delete()


def _expect_none_due() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({DUE_CHATS}) due")  # noqa: S608
        if cursor.fetchone() != (0,):
            raise RuntimeError("Something due was left.")


class _Pages:
    """A process that asks for one contact page after another, as the web does."""

    def __enter__(self) -> _Pages:
        from django.db import connection

        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.retention_sweep"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "BENCHMARK_DATABASE": connection.settings_dict["NAME"]},
        )
        self._process.stdout.readline()  # type: ignore[union-attr]  # it is ready
        return self

    def stop(self) -> list[tuple[float, float]]:
        """Return when each page was asked for, and its milliseconds."""
        output, _ = self._process.communicate("stop\n")
        found: list[tuple[float, float]] = json.loads(output)
        return found

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()


def ask_for_pages() -> None:
    """Ask until a line comes on the standard input; print the latencies as JSON."""
    import select

    from benchmarks.harness import set_up_django

    set_up_django()
    from django.conf import settings
    from django.db import connection

    from register.database.scopes import EVERYTHING
    from register.database.visibility import set_scopes

    connection.settings_dict["NAME"] = os.environ["BENCHMARK_DATABASE"]
    latencies: list[tuple[float, float]] = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM contacts_contact LIMIT 100000")
        contacts = [row[0] for row in cursor.fetchall()]
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
        set_scopes(EVERYTHING)  # as of somebody who may see all people
        chosen = random.Random(7)  # noqa: S311 - not a secret
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not select.select([sys.stdin], [], [], PAUSE_BETWEEN_PAGES)[0]:
            at = time.monotonic()
            cursor.execute(PAGE, [chosen.choice(contacts)])
            cursor.fetchall()
            latencies.append((at, (time.monotonic() - at) * 1000))
    sys.stdout.write(json.dumps(latencies))


if __name__ == "__main__":
    ask_for_pages()
