"""Erasing people, beside the same deletes by hand.

The database holds SCALE contacts and SCALE chats of four rows each. What the erasure
does once it is approved is measured: looking again whether the plan still holds,
gathering what the person is known by, deleting, blanking and recording. Planning and
the search for what is left read every text of the register and are left out.
"""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Callable
from typing import Any
from unittest import mock

from benchmarks import access, population, retention_sweep
from benchmarks.harness import Measurement, benchmark

ROUNDS = 15
# The rows of one person: chats with eight lines, and calls; 200 with all the rest.
CHATS, LINES, CALLS = 10, 8, 80
NAME = "benchmark of erasure"

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


def _register(scale: int) -> None:
    population.fill(scale)
    retention_sweep.fill(scale)


def _person() -> uuid.UUID:
    from contacts.services import search_words

    subject_id = access.make_people(1, chats=CHATS, lines=LINES, calls=CALLS, entries=0)
    search_words.refresh([subject_id])
    return subject_id


def _approved_request(subject_ids: list[uuid.UUID]) -> Any:
    """Return a request whose erasure was planned and approved.

    Nobody else's texts name the person, so the search for mentions may be left out.
    """
    from django.utils import timezone

    from dsar.models import Request
    from dsar.services import erasure, erasure_mentions, identity, intake
    from register import actors

    actor = actors.system("data_subject_rights")
    request = intake.open_request(
        kind=Request.Kind.ERASURE,
        channel=Request.Channel.EMAIL,
        received_at=timezone.now(),
        name=NAME,
        actor=actor,
    )
    identity.confirm_person(request, subject_ids=subject_ids, actor=actor)
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
