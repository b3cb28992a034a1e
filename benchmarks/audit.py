"""The audit trail: what an entry adds to a business transaction, and reading it back.

The trail holds one entry for each contact of the scale, sealed, when it begins.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks import population
from benchmarks.harness import Measurement, benchmark, interleaved, say

ROUNDS = 9
# People who are corrected in each round; all entries are sealed together.
TRANSACTIONS = 100
ENTRIES = """
    INSERT INTO register_auditentry (at, action, actor_kind, actor_id, purpose,
        object_type, object_id, subject_id, request_id, details)
    SELECT now() - (%(count)s - n) * interval '1 minute', 'record.viewed', 'staff',
        md5((n %% 50)::text)::uuid::text, 'customer_support', 'contacts.contact', c.id::text, c.id,
        gen_random_uuid(), '{}'
    FROM (SELECT id, row_number() OVER () AS n FROM contacts_contact LIMIT %(count)s) c
"""
INDEXES = ("auditentry_of_object", "auditentry_of_actor")


@benchmark("audit_entry", unit="ms", goal=1.2, better="lower")
def an_entry_with_a_correction(scale: int) -> Measurement:
    """A member of staff corrects a contact, sealing included, beside the same unrecorded."""
    with _trail(scale):
        from contacts.models import Contact

        people = list(Contact.objects.order_by("pk")[:TRANSACTIONS])
        say(f"  the indexes over records and actors: {_cost_of_indexes()}")
        recorded, unrecorded = [], []
        for round_ in range(ROUNDS):
            # One by one in turns: what disturbs one side disturbs the other.
            for person in people:
                recorded.append(
                    _seconds_to_correct(person, "sv" if round_ % 2 else "fi")
                )
                with _nothing_recorded():
                    unrecorded.append(_seconds_to_correct(person, "en"))
        ours = statistics.median(recorded) + _seal() / len(recorded)
        return Measurement(ours * 1000, statistics.median(unrecorded) * 1000)


@benchmark("audit_history", unit="s", goal=10, better="lower")
def the_history_of_one_record(scale: int) -> Measurement:
    """The entries of one record, beside reading as many by their numbers."""
    with _trail(scale):
        from register.models import AuditEntry

        key = AuditEntry.objects.order_by("pk")[scale // 2].object_id
        history = AuditEntry.objects.filter(
            object_type="contacts.contact", object_id=key
        )[:200]
        by_number = AuditEntry.objects.filter(pk__in=[each.pk for each in history])
        return interleaved(
            lambda: list(history.all()), lambda: list(by_number.all()), rounds=25
        )


def _seconds_to_correct(person: Any, language: str) -> float:
    from contacts.services import people
    from register import actors

    began = time.perf_counter()
    people.correct(person, actor=actors.system(), language=language)
    return time.perf_counter() - began


@contextlib.contextmanager
def _nothing_recorded() -> Iterator[None]:
    from register import audit

    with mock.patch.object(audit, "record"):
        yield


def _seal() -> float:
    from register import audit

    began = time.perf_counter()
    while audit.seal():
        pass
    return time.perf_counter() - began


def _cost_of_indexes() -> str:
    """Return what 10,000 entries in one statement take with and without the indexes."""
    from django.db import connection, transaction

    def insert(indexes: tuple[str, ...]) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for name in indexes:
                cursor.execute(f"DROP INDEX {name}")
            began = time.perf_counter()
            cursor.execute(ENTRIES, {"count": 10_000})
            spent.append(time.perf_counter() - began)
            transaction.set_rollback(True)

    spent: list[float] = []
    for _ in range(3):
        insert(())
        insert(INDEXES)
    with_them, without = min(spent[::2]), min(spent[1::2])
    return f"10,000 entries in {with_them:.2f} s, without them {without:.2f} s"


@contextlib.contextmanager
def _trail(scale: int) -> Iterator[None]:
    """Make the trail as long as the register is large, and keep its newest seal here."""
    from django.db import connection
    from django.test import override_settings

    from register.models import AuditEntry

    population.fill(scale)
    with (
        tempfile.TemporaryDirectory() as directory,
        override_settings(AUDIT_ANCHOR_FILE=str(Path(directory, "anchor.json"))),
    ):
        newest = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
        missing = scale - (newest or 0)
        with connection.cursor() as cursor:
            if missing > 0:
                cursor.execute(ENTRIES, {"count": missing})
            cursor.execute("VACUUM (ANALYZE) register_auditentry")
        _seal()
        yield
