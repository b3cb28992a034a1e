"""Erasing people, beside the same deletes by hand.

The database holds SCALE contacts and SCALE chats of four rows each. What the erasure
does once it is approved is measured: looking again whether the plan still holds,
gathering what the person is known by, deleting, blanking and recording. Planning and
the search for what is left read every text of the register and are left out.

The many are people as the population has them, each with a chat and a call: 28 rows.
"""

from __future__ import annotations

import functools
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any
from unittest import mock

from benchmarks import access, population, retention_sweep
from benchmarks.harness import Measurement, benchmark

ROUNDS = 40
# The rows of one person: chats with eight lines, and calls; 200 with all the rest.
CHATS, LINES, CALLS = 10, 8, 80
NAME = "benchmark of erasure"
MANY, ROUNDS_OF_MANY = 10_000, 5
PEOPLE = """
    INSERT INTO contacts_contact (id, first_name, last_name, language, relationship,
        source, source_detail, created_at, updated_at)
    SELECT gen_random_uuid(), 'Etu' || n %% 997, 'Suku' || n %% 4999, 'fi', 'customer',
        'import', %s, now(), now()
    FROM generate_series(1, %s) n RETURNING id
"""
THEIRS = (
    """
    INSERT INTO contacts_contactpoint (contact_id, kind, value, label, is_primary, source, created_at)
    SELECT id, 'email', id || '@bench.example', '', true, 'import', now() FROM unnest(%s::uuid[]) id
    """,
    """
    INSERT INTO contacts_contactpoint (contact_id, kind, value, label, is_primary, source, created_at)
    SELECT id, 'phone', '+35850' || lpad((('x' || left(id::text, 6))::bit(24)::int %% 10000000)::text, 7, '0'),
        '', false, 'import', now() FROM unnest(%s::uuid[]) id
    """,
    """
    INSERT INTO contacts_postaladdress (contact_id, street, postcode, town, country, source, created_at)
    SELECT id, 'Katu ' || left(id::text, 3), '00100', 'Helsinki', 'FI', 'import', now()
    FROM unnest(%s::uuid[]) id
    """,
    """
    INSERT INTO communications_call (external_id, contact_id, direction, number, started_at, ended_at)
    SELECT '', contact_id, 'inbound', value, now() - interval '1 hour', now()
    FROM contacts_contactpoint WHERE kind = 'phone' AND contact_id = ANY(%s)
    """,
    """
    WITH made AS (
        INSERT INTO communications_chat (external_id, started_at, ended_at)
        SELECT 'bench ' || id, now() - interval '1 day', now() FROM unnest(%s::uuid[]) id
        RETURNING id, external_id),
    parts AS (
        INSERT INTO communications_chatparticipant (chat_id, contact_id, display_name)
        SELECT made.id, c.id, c.first_name FROM made
        JOIN contacts_contact c ON c.id = split_part(external_id, ' ', 2)::uuid
        RETURNING id, chat_id)
    INSERT INTO communications_chatline (chat_id, participant_id, said_at, text)
    SELECT chat_id, CASE n %% 2 WHEN 0 THEN id END, now(),
        'Line ' || n || ' of a chat about an invoice that did not arrive.'
    FROM parts, generate_series(1, 8) n
    """,
)
TABLES = (
    *population.TABLES,
    *retention_sweep.TABLES,
    "communications_call",
    "register_auditentry",
    "dsar_requestperson",
)

# By hand: from the parts to the whole, everything by its index.
OF_CHATS = "SELECT chat_id FROM communications_chatparticipant WHERE contact_id IN (SELECT id FROM gone)"
BY_HAND = (
    f"CREATE TEMP TABLE talk ON COMMIT DROP AS {OF_CHATS}",
    "ANALYZE talk",
    "DELETE FROM communications_chatline WHERE chat_id IN (SELECT chat_id FROM talk)",
    "DELETE FROM communications_chatparticipant WHERE chat_id IN (SELECT chat_id FROM talk)",
    "DELETE FROM communications_chat WHERE id IN (SELECT chat_id FROM talk)",
    "DELETE FROM communications_recording WHERE call_id IN (SELECT id FROM communications_call WHERE contact_id IN (SELECT id FROM gone))",
    "DELETE FROM communications_call WHERE contact_id IN (SELECT id FROM gone)",
    "DELETE FROM contacts_importrow WHERE contact_id IN (SELECT id FROM gone)",
    "DELETE FROM contacts_contactword WHERE contact_id IN (SELECT id FROM gone)",
    "DELETE FROM contacts_contactpoint WHERE contact_id IN (SELECT id FROM gone)",
    "DELETE FROM contacts_postaladdress WHERE contact_id IN (SELECT id FROM gone)",
    "DELETE FROM contacts_affiliation WHERE contact_id IN (SELECT id FROM gone)",
    "DELETE FROM contacts_contact WHERE id IN (SELECT id FROM gone)",
)


@benchmark("erase_one", unit="ms", goal=3, better="lower")
def one_person_with_two_hundred_rows(scale: int) -> Measurement:
    """Erase a person, in turns with deleting a twin by hand."""
    _register(scale)
    ours: list[float] = []
    by_hand: list[float] = []
    for measured in (False, *[True] * ROUNDS):
        request = _approved_request([_person()])
        seconds = _seconds(functools.partial(_erase, request))
        twin = _person()
        plain = _seconds(functools.partial(_delete_by_hand, [twin]))
        if measured:
            ours.append(seconds)
            by_hand.append(plain)
    return Measurement(min(ours) * 1000, min(by_hand) * 1000)


@benchmark("erase_many", unit="s", goal=3, better="lower")
def ten_thousand_people_in_one_run(scale: int) -> Measurement:
    """Erase many people of one request, in turns with deleting as many by hand."""
    _register(scale)
    ours: list[float] = []
    by_hand: list[float] = []
    for measured in (False, *[True] * ROUNDS_OF_MANY):
        request = _approved_collective_request(_people(MANY))
        _tidy()
        seconds = _seconds(functools.partial(_erase, request))
        twins = _people(MANY)
        _tidy()
        plain = _seconds(functools.partial(_delete_by_hand, twins))
        if measured:
            ours.append(seconds)
            by_hand.append(plain)
    return Measurement(statistics.median(ours), statistics.median(by_hand))


def _register(scale: int) -> None:
    population.fill(scale)
    retention_sweep.fill(scale)


def _person() -> uuid.UUID:
    from contacts.services import search_words

    subject_id = access.make_people(1, chats=CHATS, lines=LINES, calls=CALLS, entries=0)
    search_words.refresh([subject_id])
    return subject_id


def _people(count: int) -> list[uuid.UUID]:
    """Make people with names, addresses, numbers and words, a chat and a call each."""
    from django.db import connection

    from contacts.services import search_words

    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [NAME, count])
        subject_ids = [key for (key,) in cursor.fetchall()]
        for statement in THEIRS:
            cursor.execute(statement, [subject_ids])
    search_words.refresh(subject_ids)
    return subject_ids


def _tidy() -> None:
    """Do now what the server would do soon, and measurably, by itself."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")


def _approved_collective_request(subject_ids: list[uuid.UUID]) -> Any:
    from django.utils import timezone

    from dsar.models import Request
    from dsar.services import collective
    from register import actors

    request = collective.open_for_people(
        subject_ids,
        channel=Request.Channel.POST,
        received_at=timezone.now(),
        actor=actors.system("data_subject_rights"),
    )
    return _approved(request)


def _approved_request(subject_ids: list[uuid.UUID]) -> Any:
    from django.utils import timezone

    from dsar.models import Request
    from dsar.services import identity, intake
    from register import actors

    actor = actors.system("data_subject_rights")
    request = intake.open_request(
        kind=Request.Kind.ERASURE,
        channel=Request.Channel.EMAIL,
        received_at=timezone.now(),
        name=NAME,
        actor=actor,
    )
    return _approved(
        identity.confirm_person(request, subject_ids=subject_ids, actor=actor)
    )


def _approved(request: Any) -> Any:
    """Return the request with its erasure planned and approved.

    Nobody else's texts name the person, so the search for mentions may be left out.
    """
    from dsar.models import Request
    from dsar.services import erasure, erasure_mentions
    from register import actors

    actor = actors.system("data_subject_rights")
    nothing = erasure_mentions.Found({}, {})
    with mock.patch.object(erasure_mentions, "find", return_value=nothing):
        erasure.plan(request, actor=actor)
    Request.objects.filter(pk=request.pk).update(state=Request.State.EXECUTING)
    return request


def _erase(request: Any) -> None:
    from dsar.services import erasure

    if not erasure.execute(request).deleted:
        raise RuntimeError("Nothing was erased.")


def _delete_by_hand(subject_ids: list[uuid.UUID]) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE gone (id uuid) ON COMMIT DROP")
        cursor.execute("INSERT INTO gone SELECT unnest(%s::uuid[])", [subject_ids])
        cursor.execute("ANALYZE gone")
        for statement in BY_HAND:
            cursor.execute(statement)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
