from __future__ import annotations

import io
import json
from collections import Counter
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from communications.models import Recording
from contacts.models import ImportBatch, ImportRow
from register import actors
from register.datamap.graph import graph
from register.models import Hold
from register.services import holds
from retention.services.plan import EndingTable, Plan, plan
from retention.services.sweep import sweep
from tests.retention.factory import days_ago, make_call, make_chat, make_recording

pytestmark = pytest.mark.django_db


def of_rule(found: Plan, rule: str) -> EndingTable:
    (table,) = [table for table in found.ending if table.rule == rule]
    return table


def make_everything(anna, bruno):
    """Fill every kind of case: parts of parts, files, holds, neighbours."""
    for contacts in ((anna,), (bruno,), (anna, bruno), ()):
        make_chat(*contacts)
        make_chat(*contacts, ended_at=days_ago(10))
    for contact in (anna, bruno, bruno, None):
        make_recording(make_call(contact))
        make_call(contact, ended_at=days_ago(20))
    # A call whose recording would be kept longer: it goes as a part.
    late = make_recording(make_call(bruno))
    Recording.objects.filter(pk=late.pk).update(call_ended_at=timezone.now())
    make_recording(make_call(bruno, ended_at=days_ago(300)))
    batch = ImportBatch.objects.create(title="Messut")
    for number in range(5):
        ImportRow.objects.create(
            batch=batch,
            row_number=number,
            contact=anna,
            created_at=days_ago(number * 20),
        )
    holds.place(
        reason=Hold.Reason.LEGAL_CLAIM, subject_id=anna.pk, actor=actors.system()
    )


def test_its_numbers_are_what_the_sweep_then_deletes(anna, bruno):
    make_everything(anna, bruno)
    before = plan()
    planned = Counter({t.table: t.ready for t in before.ending})
    planned_files = sum(table.files for table in before.ending)
    for table in before.ending:
        planned.update(table.parts)

    run = sweep()

    deleted: Counter[str] = Counter()
    for batch in run.batches.all():
        deleted[batch.table] += batch.rows
        deleted.update(batch.parts)
    assert deleted == +planned
    assert sum(batch.files for batch in run.batches.all()) == planned_files == 5
    assert deleted["communications.Recording"] == 5
    assert deleted["contacts.ImportRow"] == 0
    after = plan()
    assert [table.ready for table in after.ending] == [0] * len(after.ending)
    assert [t.held for t in after.ending] == [t.held for t in before.ending]
    assert of_rule(after, "import_rows").held == 3


def test_what_comes_is_counted_from_now(anna):
    now = timezone.now()
    instants = [
        timedelta(microseconds=-1),
        timedelta(0),
        timedelta(microseconds=1),
        timedelta(hours=24),
        timedelta(hours=24, microseconds=1),
        timedelta(days=30),
        timedelta(days=90),
        timedelta(days=90, microseconds=1),
    ]
    chats = [make_chat(anna, ended_at=now) for _ in instants]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE communications_chat DISABLE TRIGGER seloste_ends_at"
        )
        for chat, instant in zip(chats, instants, strict=True):
            cursor.execute(
                "UPDATE communications_chat SET ends_at = %s WHERE id = %s",
                [now + instant, chat.pk],
            )

    chats_now = of_rule(plan(now), "chats")

    assert chats_now.due == 2
    assert chats_now.oldest_due_at == now - timedelta(microseconds=1)
    assert chats_now.next_due_at == now + timedelta(microseconds=1)
    assert [chats_now.due_within(days) for days in (1, 30, 90)] == [2, 4, 5]


def test_what_outlives_its_lag_is_a_broken_promise(anna):
    chat = make_chat(anna)
    lag = timedelta(hours=1)

    assert of_rule(plan(chat.ends_at + lag), "chats").over_lag == 0
    late = plan(chat.ends_at + lag + timedelta(microseconds=1))
    assert of_rule(late, "chats").over_lag == 1

    holds.place(
        reason=Hold.Reason.LEGAL_CLAIM, subject_id=anna.pk, actor=actors.system()
    )
    held = of_rule(plan(), "chats")
    assert (held.due, held.held, held.over_lag) == (1, 1, 0)


def test_it_says_how_every_personal_table_ends():
    found = plan()

    tables = {
        *(table.table for table in found.ending),
        *(table.table for table in found.reviewed),
        *(part.table for part in found.parts),
    }
    assert tables == {entry.label for entry in graph() if entry.map.retention}
    assert {entry.label for entry in graph().personal()} <= tables


def test_contacts_older_than_the_review_period_are_counted(anna, bruno):
    two_years = timezone.now() - timedelta(days=2 * 366)
    type(anna).objects.filter(pk=anna.pk).update(created_at=two_years)

    (contacts,) = [t for t in plan().reviewed if t.table == "contacts.Contact"]

    assert (contacts.to_review, contacts.oldest_at) == (1, two_years)


def test_it_counts_the_same_for_the_application_role(anna, bruno):
    make_everything(anna, bruno)
    now = timezone.now()
    as_owner = plan(now)

    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
        as_application = plan(now)
        cursor.execute("SELECT current_user")
        role = cursor.fetchone()[0]
        cursor.execute("RESET ROLE")

    assert as_application == as_owner
    assert role == settings.APPLICATION_ROLE
    assert of_rule(as_owner, "chats").due == 4


def test_the_command_prints_json_for_programs(anna, bruno):
    make_everything(anna, bruno)
    out = io.StringIO()

    call_command("retention_plan", "--json", stdout=out)

    found = json.loads(out.getvalue())
    assert set(found) == {"revision", "at", "tables"}
    assert found["revision"] == graph().revision
    chats = next(t for t in found["tables"] if t["table"] == "communications.Chat")
    assert (chats["kind"], chats["rule"], chats["period"]) == ("ends", "chats", "P3M")
    assert (chats["due"], chats["held"], chats["ready"]) == (4, 2, 2)
    assert chats["held_by"] == {"legal_claim": 2}
    assert chats["due_within"] == {"PT24H": 0, "P30D": 0, "P90D": 4}


def test_the_command_prints_a_table_for_people(anna, bruno):
    make_everything(anna, bruno)
    out = io.StringIO()

    call_command("retention_plan", "--at", "2027-01-01", stdout=out)

    lines = out.getvalue().splitlines()
    assert lines[0].startswith("Retention plan at 2027-01-01 00:00:00 EET, data map ")
    assert any(line.startswith("communications.Chat ") for line in lines)
    assert "Virtanen" not in out.getvalue()
