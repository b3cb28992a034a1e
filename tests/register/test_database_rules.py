from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone

from communications.models import Chat, ChatLine, ChatParticipant
from register import actors, audit
from register.database import drift, rules
from register.database.visibility import reaching_everybody, with_held_rows
from register.models import AuditEntry, Hold
from register.services import holds

pytestmark = pytest.mark.django_db


@contextlib.contextmanager
def application_role() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
    try:
        with reaching_everybody():
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def make_chat(contact, ended_at):
    chat = Chat.objects.create(started_at=ended_at, ended_at=ended_at)
    participant = ChatParticipant.objects.create(chat=chat, contact=contact)
    ChatLine.objects.create(chat=chat, participant=participant, text="Hei")
    return chat


def test_the_live_database_matches_the_data_map():
    assert drift.differences() == []


def test_applying_the_rules_again_changes_nothing():
    rules.apply()

    assert drift.differences() == []


def test_a_switched_off_trigger_is_a_difference():
    with connection.cursor() as cursor:
        cursor.execute(
            "ALTER TABLE register_auditentry DISABLE TRIGGER seloste_append_only"
        )

    assert drift.differences() == [
        "trigger seloste_append_only on register_auditentry is missing or switched off"
    ]


def test_the_due_instant_is_written_by_the_database(anna):
    chat = make_chat(anna, datetime(2026, 11, 30, 10, tzinfo=UTC))
    chat.refresh_from_db()

    # 30 November 12:00 in Helsinki and three months: 28 February 12:00, no 30th.
    assert chat.ends_at == datetime(2027, 2, 28, 10, tzinfo=UTC)

    Chat.objects.filter(pk=chat.pk).update(ends_at=None)
    chat.refresh_from_db()
    assert chat.ends_at == datetime(2027, 2, 28, 10, tzinfo=UTC)


def test_a_changed_rule_gives_every_row_a_new_due_instant(anna):
    chat = make_chat(anna, datetime(2026, 11, 30, 10, tzinfo=UTC))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "ALTER TABLE communications_chat DISABLE TRIGGER seloste_ends_at"
        )
        cursor.execute("UPDATE communications_chat SET ends_at = '2099-01-01'")
        cursor.execute("ALTER TABLE communications_chat ENABLE TRIGGER seloste_ends_at")
        cursor.execute(
            "COMMENT ON FUNCTION seloste_ends_at_communications_chat() IS 'P9M ended_at'"
        )

    rules.apply()

    chat.refresh_from_db()
    assert chat.ends_at == datetime(2027, 2, 28, 10, tzinfo=UTC)


def test_what_is_due_does_not_exist_for_the_application_role(anna):
    make_chat(anna, timezone.now() - timedelta(days=100))
    fresh = make_chat(anna, timezone.now() - timedelta(days=1))

    with application_role():
        assert list(Chat.objects.all()) == [fresh]
        assert ChatLine.objects.count() == 1
        assert ChatParticipant.objects.count() == 1
    assert Chat.objects.count() == 2


def test_a_row_is_gone_from_the_due_instant_itself(anna, at):
    ended = datetime(2026, 5, 15, 9, 30, 0, 123456, tzinfo=UTC)
    due = datetime(2026, 8, 15, 9, 30, 0, 123456, tzinfo=UTC)
    make_chat(anna, ended)

    with at(due - timedelta(microseconds=1)), application_role():
        assert Chat.objects.count() == 1
    with at(due), application_role():
        assert Chat.objects.count() == 0


def test_what_is_held_is_seen_only_by_a_session_that_may(anna):
    make_chat(anna, timezone.now() - timedelta(days=100))
    holds.place(
        reason=Hold.Reason.LEGAL_CLAIM, subject_id=anna.pk, actor=actors.system()
    )

    with application_role():
        assert Chat.objects.count() == 0
        with with_held_rows():
            assert Chat.objects.count() == 1
            assert ChatLine.objects.count() == 1
        assert Chat.objects.count() == 0


@pytest.mark.parametrize("statement", ["UPDATE {} SET action = 'x'", "DELETE FROM {}"])
def test_nobody_rewrites_the_audit_trail(statement):
    audit.record("record.listed", actor=actors.system())

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        connection.cursor().execute(statement.format("register_auditentry"))
    with (
        application_role(),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        connection.cursor().execute(statement.format("register_auditentry"))
    assert AuditEntry.objects.get().action == "record.listed"


def test_the_application_role_cannot_empty_the_audit_trail():
    audit.record("record.listed", actor=actors.system())

    with (
        application_role(),
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
    ):
        connection.cursor().execute("TRUNCATE register_auditentry")
    assert AuditEntry.objects.count() == 1


def test_an_undeclared_json_key_is_refused_by_the_database():
    with pytest.raises(IntegrityError, match="seloste_keys_details"):
        audit.record("record.listed", actor=actors.system(), name="Anna Virtanen")
