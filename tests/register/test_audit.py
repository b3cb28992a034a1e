from __future__ import annotations

import json
import uuid
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from register import actors, audit
from register.audit import sealing, verification
from register.audit.anchor import write_anchor
from register.lookups import trail
from register.models import AuditEntry, AuditSeal

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_anchor():
    audit.anchor_path().unlink(missing_ok=True)
    yield
    audit.anchor_path().unlink(missing_ok=True)


def write(count: int) -> list[int]:
    return [
        audit.record("record.listed", actor=actors.system(), count=number).pk
        for number in range(count)
    ]


def test_an_entry_about_each_of_many_people_is_like_one_written_alone():
    people = [uuid.uuid4() for _ in range(3)]
    actor = actors.system("data_subject_rights")

    audit.record_about(
        "record.deleted",
        actor=actor,
        object_type="contacts.contact",
        subject_ids=people,
        revision="abc",
    )
    alone = audit.record(
        "record.deleted",
        actor=actor,
        object_type="contacts.contact",
        object_id=people[0],
        subject_id=people[0],
        revision="abc",
    )

    entries = list(AuditEntry.objects.exclude(pk=alone.pk))
    assert {entry.subject_id for entry in entries} == set(people)
    for entry in entries:
        assert entry.object_id == str(entry.subject_id)
        for name in ("action", "actor_kind", "actor_id", "purpose", "details"):
            assert getattr(entry, name) == getattr(alone, name)
    with pytest.raises(ValueError, match="not registered"):
        audit.record_about(
            "no.such", actor=actor, object_type="contacts.contact", subject_ids=people
        )
    assert AuditEntry.objects.count() == 4


def tamper(sql: str, *params) -> None:
    """Do what only a database administrator can: switch the guard off and write."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE register_auditentry DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE register_auditseal DISABLE TRIGGER USER")
        cursor.execute(sql, params)
        cursor.execute("ALTER TABLE register_auditentry ENABLE TRIGGER USER")
        cursor.execute("ALTER TABLE register_auditseal ENABLE TRIGGER USER")


def problems() -> list[str]:
    return [f"{problem.kind}" for problem in audit.verify()]


def test_an_untouched_trail_has_no_problems():
    write(3)
    audit.seal()
    write(2)
    audit.seal()

    assert problems() == []
    assert AuditSeal.objects.count() == 2


def test_sealing_when_nothing_is_new_writes_no_seal():
    write(1)

    assert audit.seal() == 1
    assert audit.seal() == 0
    assert AuditSeal.objects.count() == 1


@pytest.mark.parametrize(
    "change",
    [
        "action = 'record.changed'",
        "at = at + interval '1 second'",
        "actor_id = 'somebody'",
        "actor_kind = 'person'",
        "purpose = 'other'",
        "object_type = 'contacts.contact'",
        "object_id = '7'",
        "subject_id = gen_random_uuid()",
        "request_id = gen_random_uuid()",
        "details = '{\"count\": 99}'",
    ],
)
def test_a_changed_entry_is_found_whatever_was_changed(change):
    ids = write(3)
    audit.seal()

    tamper(f"UPDATE register_auditentry SET {change} WHERE id = %s", ids[1])

    assert problems() == ["changed"]


def test_a_missing_entry_is_found():
    ids = write(3)
    audit.seal()

    tamper("DELETE FROM register_auditentry WHERE id = %s", ids[1])

    assert problems() == ["missing"]


def test_an_entry_inserted_into_the_past_is_found():
    first = write(2)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('register_auditentry', 'id'))"
        )
        unused = cursor.fetchone()[0]
    write(2)
    audit.seal()
    assert first[-1] < unused

    AuditEntry.objects.create(
        pk=unused,
        at=timezone.now() - timedelta(days=3),
        action="record.listed",
        actor_kind="system",
    )

    assert problems() == ["inserted"]


def test_a_backdated_entry_is_found_even_after_it_was_sealed():
    now = timezone.now()
    write(2)
    audit.seal(at=now - timedelta(days=10))
    AuditEntry.objects.create(
        at=now - timedelta(days=20), action="record.listed", actor_kind="system"
    )
    write(1)
    audit.seal(at=now - timedelta(days=5))
    AuditEntry.objects.create(
        at=now - timedelta(days=12), action="record.listed", actor_kind="system"
    )
    audit.seal(at=now)

    assert "inserted" in problems()


def test_a_seal_made_without_the_key_is_found(settings):
    ids = write(2)
    audit.seal()
    tamper("UPDATE register_auditentry SET object_id = '7' WHERE id = %s", ids[0])
    tamper("DELETE FROM register_auditseal")
    settings.AUDIT_KEY = "the-key-of-somebody-else"
    audit.seal()
    settings.AUDIT_KEY = "test-only-audit-key"

    assert "changed" in problems()


def test_cutting_off_the_end_is_found_by_the_file_outside(
    django_capture_on_commit_callbacks,
):
    write(2)
    with django_capture_on_commit_callbacks(execute=True):
        audit.seal()
    last = write(2)
    with django_capture_on_commit_callbacks(execute=True):
        audit.seal()
    assert problems() == []

    tamper(
        "DELETE FROM register_auditseal WHERE id = (SELECT max(id) FROM register_auditseal)"
    )
    tamper("DELETE FROM register_auditentry WHERE id >= %s", last[0])

    assert problems() == ["missing"]


def test_entries_that_commit_late_are_sealed_later_without_alarm():
    now = timezone.now()
    ids = write(1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('register_auditentry', 'id'))"
        )
        slow = cursor.fetchone()[0]
    write(1)
    audit.seal(at=now)
    AuditEntry.objects.create(
        pk=slow,
        at=now - timedelta(minutes=5),
        action="record.listed",
        actor_kind="system",
    )

    assert audit.seal(at=now + timedelta(minutes=1)) == 1
    assert problems() == []
    assert ids[0] < slow


def test_an_unregistered_action_is_refused():
    with pytest.raises(ValueError, match="not registered"):
        audit.record("something.odd", actor=actors.system())
    assert AuditEntry.objects.count() == 0


def test_the_command_reports_for_people_and_programs():
    ids = write(2)
    audit.seal()
    out = StringIO()
    call_command("audit_verify", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"entries": 2, "seals": 1, "problems": []}

    tamper("DELETE FROM register_auditentry WHERE id = %s", ids[0])
    with pytest.raises(CommandError, match=r"1 problem"):
        call_command("audit_verify", stdout=StringIO())


def test_after_restoring_an_older_backup_the_command_says_what_to_do(
    django_capture_on_commit_callbacks,
):
    def sealed():
        ids = write(2)
        with django_capture_on_commit_callbacks(execute=True):
            audit.seal()
        return ids, audit.anchor_path().read_text()

    _, anchor_of_backup = sealed()
    lost, _ = sealed()
    tamper("DELETE FROM register_auditentry WHERE id = ANY(%s)", lost)
    tamper(
        "DELETE FROM register_auditseal WHERE id = %s",
        AuditSeal.objects.latest("pk").pk,
    )

    with pytest.raises(CommandError, match=r"older backup restored\? .*operations\.md"):
        call_command("audit_verify", stdout=StringIO())

    audit.anchor_path().write_text(anchor_of_backup)
    out = StringIO()
    call_command("audit_verify", stdout=out)
    assert "Nothing was changed" in out.getvalue()
    # Seals go on where the backup ended.
    sealed()
    assert problems() == []


def test_what_is_sealed_while_the_trail_is_verified_is_no_loss(
    monkeypatch, django_capture_on_commit_callbacks
):
    write(2)
    with django_capture_on_commit_callbacks(execute=True):
        audit.seal()
    look_for_inserted = verification._inserted

    def meanwhile(now):
        write(2)
        with django_capture_on_commit_callbacks(execute=True):
            audit.seal()
        return look_for_inserted(now)

    monkeypatch.setattr(verification, "_inserted", meanwhile)

    assert problems() == []
    monkeypatch.undo()
    assert problems() == []
    assert (
        json.loads(audit.anchor_path().read_text())["seal"]
        == AuditSeal.objects.latest("pk").pk
    )


def test_sealing_does_not_compare_every_entry_with_every_seal():
    first = write(1)[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO register_auditentry (at, action, actor_kind, actor_id, purpose,"
            " object_type, object_id, request_id, details)"
            " SELECT now(), 'record.listed', 'system', '', '', '', '',"
            " gen_random_uuid(), '{}' FROM generate_series(1, 20000) RETURNING id"
        )
        ids = [first, *(row[0] for row in cursor.fetchall())]
    AuditSeal.objects.bulk_create(
        AuditSeal(
            sealed_at=timezone.now(),
            entry_ids=[[part[0], part[-1]]],
            entry_count=len(part),
            digest="0",
        )
        for part in (ids[at : at + 100] for at in range(0, len(ids), 100))
    )
    new = write(5)

    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '2s'")
    sealed = audit.seal()

    assert sealed == 5
    assert AuditSeal.objects.latest("pk").entry_ids == [[new[0], new[-1]]]


def test_an_older_seal_does_not_replace_a_newer_one_in_the_file_outside():
    """Two sealers may come to the file in the other order than to the database."""
    write(1)
    audit.seal()
    older = AuditSeal.objects.latest("pk")
    write(1)
    audit.seal()
    newer = AuditSeal.objects.latest("pk")

    write_anchor(newer)
    write_anchor(older)

    assert json.loads(audit.anchor_path().read_text())["seal"] == newer.pk
    assert problems() == []


@pytest.mark.parametrize("what", ["sealing", "watching", "looking for what was added"])
def test_no_job_reads_the_whole_trail_to_read_what_a_seal_covers(what):
    """With a trail of years that would take longer every day."""
    ranges = json.dumps([[1, 10], [12, 20]])
    sql, values = {
        "sealing": (sealing._CONTENT, [ranges]),
        "watching": (
            trail._ENTRIES,
            [ranges, ["a"], ["b"], "contacts.contact", trail.REFUSED],
        ),
        "looking for what was added": (verification.LATE, {"settling": "1 day"}),
    }[what]
    with transaction.atomic(), connection.cursor() as cursor:
        # A table of a few rows is read whole by every plan.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {sql}", values)
        plan = [row[0].strip() for row in cursor.fetchall() if "r.value" in row[0]]

    assert [line.partition(":")[0] for line in plan] == ["Index Cond"]
