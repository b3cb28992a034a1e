from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from communications.models import Call, Chat, ChatLine, Recording
from dsar.models import Request, RequestPerson
from register import actors
from register.database.due_tables import held_condition
from register.datamap.graph import graph
from register.errors import DomainError
from register.models import AuditEntry, Hold
from register.services import holds
from retention.due import rules
from retention.held import in_force
from retention.services.plan import plan
from retention.services.sweep import sweep
from tests.retention.factory import days_ago, make_call, make_chat, make_recording

pytestmark = pytest.mark.django_db

CLAIM = Hold.Reason.LEGAL_CLAIM


def hold_person(contact):
    return holds.place(reason=CLAIM, subject_id=contact.pk, actor=actors.system())


def hold_record(obj, reason=CLAIM):
    return holds.place(reason=reason, obj=obj, actor=actors.system())


def test_a_hold_on_a_person_keeps_every_conversation_the_person_is_in(anna, bruno):
    shared, own, of_bruno = (
        make_chat(anna, bruno),
        make_chat(anna),
        make_chat(bruno),
    )
    call = make_call(anna)
    make_recording(call)
    hold_person(anna)

    run = sweep()

    assert set(Chat.objects.all()) == {shared, own}
    assert ChatLine.objects.filter(chat=shared).count() == 3
    assert list(Call.objects.all()) == [call]
    assert Recording.objects.count() == 1
    assert (run.deleted, run.is_complete) == (1, True)
    assert not Chat.objects.filter(pk=of_bruno.pk).exists()


def test_a_hold_on_a_record_keeps_that_one_only(anna):
    held = make_chat(anna)
    make_chat(anna)
    hold_record(held)

    sweep()

    assert list(Chat.objects.all()) == [held]


def test_a_held_recording_keeps_its_call(anna):
    call, other = make_call(anna), make_call(anna)
    recording = make_recording(call)
    make_recording(other)
    hold_record(recording)

    sweep()

    assert list(Call.objects.all()) == [call]
    assert list(Recording.objects.all()) == [recording]


def test_a_held_line_keeps_its_chat(anna, bruno):
    chat, other = make_chat(anna, bruno), make_chat(anna, bruno)
    hold_record(chat.lines.first())

    sweep()

    assert list(Chat.objects.all()) == [chat]
    assert ChatLine.objects.count() == 3
    assert not ChatLine.objects.filter(chat=other.pk).exists()


def test_people_named_without_a_foreign_key_are_held_too(anna):
    closed = days_ago(3 * 366 + 1)
    request = Request.objects.create(
        number=1,
        kind="access",
        channel="email",
        received_at=closed,
        closed_at=closed,
        due_on=timezone.localdate(),
    )
    RequestPerson.objects.create(request=request, subject_id=anna.pk)
    hold = hold_person(anna)

    sweep()
    assert Request.objects.count() == 1

    holds.release(hold, actor=actors.system())
    sweep()
    assert Request.objects.count() == 0


def test_what_was_held_goes_with_the_sweep_after_the_release(anna):
    make_chat(anna)
    hold = hold_person(anna)
    sweep()

    holds.release(hold, actor=actors.system())
    sweep()

    assert Chat.objects.count() == 0


def test_one_hold_of_two_is_enough(anna):
    chat = make_chat(anna)
    first = hold_person(anna)
    hold_record(chat)

    holds.release(first, actor=actors.system())
    sweep()

    assert Chat.objects.count() == 1


def test_held_rows_do_not_use_up_the_batches(anna, bruno):
    for days in range(400, 410):
        make_chat(anna, ended_at=days_ago(days))
    make_chat(bruno, ended_at=days_ago(200))
    hold_person(anna)

    run = sweep(batch_size=2, max_batches=2)

    assert (run.deleted, run.is_complete) == (1, True)
    assert Chat.objects.count() == 10


def test_a_hold_on_what_cannot_exist_holds_nothing_and_stops_nothing(anna):
    make_chat(anna)
    Hold.objects.create(
        object_type="communications.chat", object_id="not a number", reason=CLAIM
    )

    assert sweep().deleted == 1


def test_a_hold_on_a_record_that_is_gone_is_refused(anna):
    chat = make_chat(anna)
    sweep()

    with pytest.raises(DomainError, match="deleted already") as refused:
        hold_record(chat)

    assert refused.value.code == "nothing_to_hold"
    assert Hold.objects.count() == 0
    assert not AuditEntry.objects.filter(action="hold.placed").exists()


def test_both_questions_about_holds_have_one_answer(anna, bruno):
    # The sweep asks whole tables, row security asks of one row: never differently.
    shared, own, other = make_chat(anna, bruno), make_chat(anna), make_chat(bruno)
    calls = [make_call(anna), make_call(bruno), make_call(bruno), make_call()]
    recordings = [make_recording(call) for call in calls]
    hold_person(anna)
    hold_record(recordings[1])
    hold_record(other.lines.last())

    expected = {
        "communications.Chat": {shared.pk, own.pk, other.pk},
        "communications.Call": {calls[0].pk, calls[1].pk},
        "communications.Recording": {recordings[0].pk, recordings[1].pk},
    }
    for rule in rules():
        model = rule.entry.model
        of_table = rule.is_held(in_force())
        # Every table of the plan is asked, so the SQL of each is tried.
        by_table = model.objects.raw(
            f"SELECT t.* FROM {rule.table} t WHERE {of_table.text}",
            of_table.params,
        )
        by_row = model.objects.raw(
            f"SELECT t.* FROM {rule.table} t WHERE {held_condition(graph().of(model), rule.key)}"
        )
        assert {row.pk for row in by_table} == expected.get(rule.label, set())
        assert {row.pk for row in by_row} == expected.get(rule.label, set())


def test_the_plan_counts_held_rows_by_reason(anna, bruno):
    for _ in range(2):
        make_chat(anna)
    both = make_chat(anna, bruno)
    make_chat(bruno)
    hold_person(anna)
    hold_record(both, Hold.Reason.AUTHORITY)
    holds.place(
        reason=Hold.Reason.ACCESS_REQUEST,
        subject_id=uuid.uuid4(),
        actor=actors.system(),
    )

    (chats,) = [t for t in plan().ending if t.rule == "chats"]

    assert (chats.due, chats.held, chats.ready) == (4, 3, 1)
    assert chats.held_by == {"legal_claim": 3, "authority": 1}
