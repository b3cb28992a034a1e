"""The checks of N7 break when something outlives its period, and mend with the sweep."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from communications.models import Chat, Recording
from register import actors
from register.datamap.graph import graph
from register.models import Hold
from register.services import holds
from retention.models import Run
from retention.services.sweep import sweep
from tests.asking_checks import facts, status
from tests.other_maps import another_map
from tests.retention.factory import days_ago, make_call, make_chat, make_recording

pytestmark = pytest.mark.django_db


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


def test_a_chat_past_its_period_breaks_the_clause_until_it_is_swept(anna):
    make_chat(anna, ended_at=days_ago(30))
    assert {status("chats_gone"), status("nothing_late")} == {"kept"}

    make_chat(anna, ended_at=days_ago(100))

    assert {status("chats_gone"), status("nothing_late")} == {"broken"}
    found = facts("chats_gone")
    assert found["late"] == {"communications.Chat": 1}
    assert found["longest_overdue_at"]
    # Broken it is, but nobody sees it.
    assert facts("chats_unseen") == {"tried": 1, "seen": 0, "policies": []}
    assert status("recordings_gone") == "kept"

    sweep()
    assert {status("chats_gone"), status("nothing_late")} == {"kept"}
    assert Chat.objects.count() == 1


def test_within_the_hour_in_which_it_may_be_swept_nothing_is_broken(anna, at):
    chat = make_chat(anna, ended_at=days_ago(30))

    with at(chat.ends_at + timedelta(minutes=59)):
        assert status("chats_gone") == "kept"
        assert facts("chats_unseen")["tried"] == 1
    with at(chat.ends_at + timedelta(minutes=61)):
        assert status("chats_gone") == "broken"


def test_what_a_hold_keeps_breaks_nothing(anna):
    make_chat(anna, ended_at=days_ago(100))
    hold = holds.place(
        reason=Hold.Reason.LEGAL_CLAIM, subject_id=anna.pk, actor=actors.system()
    )
    assert status("chats_gone") == "kept"

    holds.release(hold, actor=actors.system())
    assert status("chats_gone") == "broken"


def test_a_recording_past_its_period_breaks_the_clause(anna):
    make_recording(make_call(anna, ended_at=days_ago(230)))

    assert status("recordings_gone") == "broken"
    assert facts("recordings_gone")["late"] == {"communications.Recording": 1}
    sweep()
    assert status("recordings_gone") == "kept"
    assert not Recording.objects.exists()


@pytest.mark.parametrize("model", [Chat, Recording])
def test_another_period_than_the_promised_one_breaks_the_clause(model):
    entry = graph().of(model)
    longer = dataclasses.replace(
        entry.map, retention=dataclasses.replace(entry.map.retention, period="P24M")
    )
    other = {**graph().entries, entry.label: dataclasses.replace(entry, map=longer)}

    code = f"{entry.map.category}_gone"
    with another_map(other):
        assert status(code) == "broken"
        assert facts(code)["period"] == "P24M"


def test_a_category_that_no_longer_ends_breaks_the_clause():
    other = dict(graph().entries)
    del other["communications.Recording"]

    with another_map(other):
        assert status("recordings_gone") == "broken"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE POLICY open ON communications_chat USING (true)",
        "ALTER TABLE communications_chat DISABLE ROW LEVEL SECURITY",
        "ALTER POLICY seloste_due ON communications_chat USING (true)",
    ],
)
def test_an_ended_chat_that_can_be_seen_breaks_the_clause(anna, statement):
    make_chat(anna, ended_at=days_ago(100))
    assert status("chats_unseen") == "kept"

    sql(statement)

    # The chat, its participant and its two lines.
    assert facts("chats_unseen")["seen"] == 4
    assert status("chats_unseen") == "broken"
    assert status("recordings_unseen") == "kept"


def test_row_security_that_differs_breaks_the_clause_before_anything_is_due():
    sql("ALTER POLICY seloste_due ON communications_chatline USING (true)")

    assert facts("chats_unseen")["policies"] == ["communications_chatline"]
    assert status("chats_unseen") == "broken"


def test_a_due_instant_changed_by_hand_breaks_the_clause(anna):
    make_chat(anna, ended_at=days_ago(100))
    assert status("due_instants_right") == "kept"

    sql("ALTER TABLE communications_chat DISABLE TRIGGER seloste_ends_at")
    sql("UPDATE communications_chat SET ends_at = '2099-01-01'")

    assert status("chats_gone") == "kept"
    assert facts("due_instants_right")["wrong"] == {"communications.Chat": 1}
    assert status("due_instants_right") == "broken"

    sql("UPDATE communications_chat SET ends_at = NULL")
    assert facts("chats_gone")["never"] == {"communications.Chat": 1}
    assert status("chats_gone") == "broken"


def test_sweeps_that_stop_break_the_clause(at):
    assert status("sweeps_run") == "kept"  # the register is new
    sql("UPDATE django_migrations SET applied = now() - interval '2 hours'")
    assert status("sweeps_run") == "broken"

    sweep()
    assert status("sweeps_run") == "kept"
    with at(timezone.now() + timedelta(minutes=61)):
        assert status("sweeps_run") == "broken"
    assert Run.objects.count() == 1
