"""Each check of the register itself breaks when its promise is broken, and mends with it."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection, models
from django.utils import timezone

from register import actors, audit
from register.activities import ACTIVITIES, RECIPIENTS, LegalBasis, Recipient
from register.conformance import held, purposes, stored_files
from register.conformance.clauses import CLAUSES
from register.conformance.registry import checks_of
from register.datamap import ModelMap, NotPersonal, Personal
from register.datamap.vocabulary import Action, Category
from register.models import (
    AuditEntry,
    ConformanceRun,
    Controller,
    FileRemoval,
    Role,
    RoleAssignment,
    RoleRight,
    User,
)
from register.services import jobs, verification
from tests.asking_checks import facts, records, status
from tests.conftest import make_user
from tests.dsar.erasure_factory import make_recording
from tests.register.test_audit import tamper

pytestmark = pytest.mark.django_db

STRONG = "pbkdf2_sha256$1000000$salt$hash"


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)


# --- N0: the board ----------------------------------------------------------------------


def test_a_board_that_is_no_longer_gone_through_is_broken(at):
    sql("UPDATE django_migrations SET applied = now() - interval '5 days'")
    assert status("board_is_live") == "broken"

    run = ConformanceRun.objects.create()
    assert status("board_is_live") == "kept"

    with at(run.started_at + timedelta(hours=3)):
        assert status("board_is_live") == "broken"
    found = facts("board_is_live")
    assert found["clauses"] == len(CLAUSES)
    assert found["checked"] + found["not_built"] + found["people_only"] == len(CLAUSES)


# --- N1: the controller -----------------------------------------------------------------


def test_a_wrong_business_id_or_a_missing_town_breaks_the_clause():
    named = Controller.objects.create(
        name="Vastuu Group Oy",
        business_id="2327327-1",
        street_address="Tarvonsalmenkatu 17 B",
        postcode="02600",
        town="Espoo",
        dpo_email="tietosuoja@vastuugroup.fi",
        dpo_address="Tietosuojavastaava, Tarvonsalmenkatu 17 B, 02600 Espoo",
    )
    assert status("controller_named") == "kept"
    assert status("officer_reachable") == "kept"

    Controller.objects.update(business_id="2327327-2")
    assert facts("controller_named") == {"missing": [], "business_id_is_valid": False}

    named.town = ""
    named.save()
    assert facts("controller_named") == {
        "missing": ["town"],
        "business_id_is_valid": True,
    }
    assert status("controller_named") == "broken"

    Controller.objects.update(dpo_email="tietosuoja(at)vastuugroup")
    assert status("officer_reachable") == "broken"


# --- N3, N5, N6: purposes and recipients --------------------------------------------------


def test_a_role_under_no_known_purpose_breaks_the_clause():
    assert status("bases_named") == "kept"

    role = Role.objects.create(code="odd", name="Odd", default_purpose="curiosity")

    assert status("bases_named") == "broken"
    assert facts("bases_named")["roles_without"] == ["odd"]
    assert records("bases_named") == [("register.Role", str(role.pk))]
    role.delete()
    assert status("bases_named") == "kept"


def test_a_legitimate_interest_that_nobody_weighed_breaks_the_clause(monkeypatch):
    known = ACTIVITIES["customer_support"]
    bare = dataclasses.replace(known, balancing_test=None)
    monkeypatch.setitem(ACTIVITIES, known.code, bare)

    assert status("bases_named") == "broken"
    assert facts("bases_named")["without_balancing"] == ["customer_support"]


def test_a_purpose_beyond_the_notice_breaks_the_clause(monkeypatch):
    assert status("purposes_of_the_notice") == "kept"
    known = ACTIVITIES["customer_support"]
    monkeypatch.setitem(
        ACTIVITIES, "credit_rating", dataclasses.replace(known, code="credit_rating")
    )
    assert facts("purposes_of_the_notice")["other_activities"] == ["credit_rating"]

    monkeypatch.setitem(
        ACTIVITIES,
        "credit_rating",
        dataclasses.replace(known, basis=LegalBasis.LEGAL_OBLIGATION),
    )
    assert status("purposes_of_the_notice") == "kept"


def test_a_use_for_a_purpose_that_does_not_exist_breaks_the_clause():
    audit.record("record.listed", actor=actors.system("curiosity"))

    assert status("purposes_of_the_notice") == "broken"
    assert facts("purposes_of_the_notice")["unknown_purposes"] == ["curiosity"]


def test_only_purposes_that_an_activity_stands_for_are_said_to_be_there():
    assert set().union(*purposes.PURPOSES.values()) <= set(ACTIVITIES)


def test_a_recipient_outside_the_eea_without_a_mechanism_breaks_the_clause(
    monkeypatch,
):
    assert status("transfers_lawful") == "kept"
    elsewhere = Recipient("mailer", "Mailer Inc.", "US", "addresses and messages")
    monkeypatch.setitem(RECIPIENTS, "mailer", elsewhere)

    assert status("transfers_lawful") == "broken"
    assert facts("transfers_lawful") == {"outside": 1, "without_mechanism": ["mailer"]}

    safe = dataclasses.replace(elsewhere, safeguard="standard contractual clauses")
    monkeypatch.setitem(RECIPIENTS, "mailer", safe)
    assert status("transfers_lawful") == "kept"


def test_a_recipient_of_whom_nobody_says_what_they_get_breaks_the_clause(monkeypatch):
    assert status("recipients_recorded") == "kept"
    monkeypatch.setitem(RECIPIENTS, "host", Recipient("host", "Host Oy", "FI", ""))

    assert facts("recipients_recorded")["incomplete"] == ["host"]
    assert status("recipients_recorded") == "broken"


# --- N4: what is held -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("contacts_contact", "held_identity"),
        ("contacts_company", "held_company"),
        ("consent_prohibition", "held_prohibitions"),
        ("communications_call", "held_communication"),
        ("communications_chatline", "held_chats"),
        ("communications_recording", "held_recordings"),
    ],
)
def test_a_column_that_nobody_declared_breaks_the_clause_of_its_table(table, code):
    assert status(code) == "kept"

    sql(f"ALTER TABLE {table} ADD COLUMN shoe_size integer")

    assert status(code) == "broken"
    assert facts(code)["differences"] == [
        f"column {table}.shoe_size is in the database but in no model"
    ]
    assert status("everything_declared") == "broken"
    others = {c.code for c in checks_of("N4.1") if c.code != code}
    assert {status(other) for other in others} <= {"kept"}


def test_a_field_without_a_declaration_breaks_the_clause_of_its_table(monkeypatch):
    from contacts.models import PostalAddress

    fields = dict(PostalAddress.data_map.fields)
    del fields["street"]
    lacking = dataclasses.replace(PostalAddress.data_map, fields=fields)
    monkeypatch.setattr(PostalAddress, "data_map", lacking)

    assert facts("held_identity")["findings"] == ["register.E002"]
    assert status("held_identity") == "broken"
    assert status("everything_declared") == "broken"


def test_a_table_that_nobody_declared_breaks_the_clause():
    sql("CREATE TABLE copy_of_contacts (name text)")

    assert facts("everything_declared")["differences"] == [
        "table copy_of_contacts is in the database but in no model"
    ]
    sql("DROP TABLE copy_of_contacts")
    assert status("everything_declared") == "kept"


def test_what_is_held_is_counted_with_its_oldest_record(anna, bruno):
    found = facts("held_identity")

    assert found["rows"]["contacts.Contact"] == 2
    assert found["oldest_at"] == anna.created_at.isoformat()


def test_a_new_category_of_the_notice_is_checked_as_soon_as_it_has_a_table(
    monkeypatch,
):
    class Order(models.Model):
        data_map = ModelMap(
            category=Category.SYSTEM,
            fields={"id": NotPersonal("number"), "sum": Personal("what it cost")},
        )

        class Meta:
            app_label = "register"
            managed = False

    monkeypatch.setattr(held, "all_models", lambda: [Order])

    assert list(held._tables(Category.SYSTEM)) == [Order]
    assert list(held._tables(Category.CHATS)) == []


# --- files: N7.1, N7.3, N4.12 -------------------------------------------------------------


def test_a_file_that_belongs_to_no_record_breaks_the_clause(anna):
    make_recording(anna)
    assert facts("no_file_left_over") == {
        "files": 1,
        "left_over": 0,
        "removals_late": 0,
    }

    left = default_storage.save("recordings/left", ContentFile(b"RIFF"))
    assert status("no_file_left_over") == "broken"
    assert facts("no_file_left_over")["left_over"] == 1

    # An order to remove it is as good as its absence, for an hour.
    order = FileRemoval.objects.create(path=left)
    assert status("no_file_left_over") == "kept"
    FileRemoval.objects.filter(pk=order.pk).update(
        due_at=timezone.now() - timedelta(hours=2)
    )
    assert facts("no_file_left_over")["removals_late"] == 1
    assert status("no_file_left_over") == "broken"


def test_a_record_whose_file_is_gone_breaks_the_clause(anna):
    recording = make_recording(anna)
    assert status("no_file_lost") == "kept"

    default_storage.delete(str(recording.file))

    assert status("no_file_lost") == "broken"
    assert records("no_file_lost") == [
        ("communications.Recording", str(recording.pk)),
    ]


def test_more_files_than_can_be_listed_are_looked_for_one_by_one_and_it_is_said(
    anna, monkeypatch
):
    recordings = [make_recording(anna) for _ in range(5)]
    monkeypatch.setattr(stored_files, "MOST_FILES", 1)
    monkeypatch.setattr(stored_files, "SUSPECTS", 3)

    assert facts("no_file_lost") == {
        "files": 1,
        "lost": 0,
        "not_looked_at": 1,
        "listed_at_most": 1,
    }
    assert facts("no_file_left_over")["listed_at_most"] == 1

    for recording in recordings:
        default_storage.delete(str(recording.file))
    assert status("no_file_lost") == "broken"
    assert facts("no_file_lost")["lost"] == 3


# --- N9.1 and N9.2: accounts --------------------------------------------------------------


def test_a_role_that_may_do_everything_breaks_the_clause(agent):
    assert status("rights_follow_roles") == "kept"
    role = Role.objects.create(code="all", name="All", default_purpose="accountability")
    RoleRight.objects.bulk_create(
        RoleRight(role=role, category=category, action=action)
        for category in Category
        for action in Action
    )

    assert facts("rights_follow_roles")["almighty_roles"] == ["all"]
    assert "all" in facts("rights_follow_roles")["roles_of_nobody"]
    assert status("rights_follow_roles") == "broken"


def test_roles_that_together_may_do_everything_break_the_clause(agent):
    halves = [
        Role.objects.create(code=code, name=code, default_purpose="accountability")
        for code in ("half", "other-half")
    ]
    for number, category in enumerate(Category):
        RoleRight.objects.bulk_create(
            RoleRight(role=halves[number % 2], category=category, action=action)
            for action in Action
        )
    assert status("rights_follow_roles") == "kept"

    for role in halves:
        RoleAssignment.objects.create(user=agent, role=role)

    assert status("rights_follow_roles") == "broken"
    assert records("rights_follow_roles") == [("register.User", str(agent.pk))]
    User.objects.update(is_active=False)
    assert status("rights_follow_roles") == "kept"


def test_a_default_that_is_not_no_breaks_the_clause(monkeypatch):
    assert status("default_is_no") == "kept"

    rights = frozenset({("identity", "view")})
    monkeypatch.setattr("register.access.rights.rights_of", lambda user: rights)

    assert facts("default_is_no") == {"allowed": ["identity.view"]}
    assert status("default_is_no") == "broken"


def test_an_account_that_nobody_has_used_for_a_year_breaks_the_clause(agent, stranger):
    long_ago = timezone.now() - timedelta(days=400)
    User.objects.update(created_at=long_ago)
    # Never used, but with no role either: it sees nothing.
    assert records("no_dormant_accounts") == [("register.User", str(agent.pk))]

    User.objects.filter(pk=agent.pk).update(last_login=timezone.now())
    assert status("no_dormant_accounts") == "kept"

    User.objects.filter(pk=agent.pk).update(last_login=long_ago)
    assert status("no_dormant_accounts") == "broken"


@pytest.mark.parametrize(
    ("first_name", "last_name"),
    [("Customer", "Service"), ("Asiakaspalvelu", "Tiimi"), ("Maija", " "), ("", "X")],
)
def test_an_account_without_a_person_breaks_the_clause(first_name, last_name):
    user = make_user("maija", "service")
    assert status("accounts_are_personal") == "kept"

    User.objects.update(first_name=first_name, last_name=last_name)

    assert records("accounts_are_personal") == [("register.User", str(user.pk))]
    User.objects.update(is_active=False)
    assert status("accounts_are_personal") == "kept"


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (STRONG, "kept"),
        ("argon2$argon2id$v=19$m=1,t=2,p=8$a$b", "kept"),
        ("!unusable", "kept"),
        ("md5$salt$hash", "broken"),
        ("correct horse battery", "broken"),
        ("", "broken"),
    ],
)
def test_a_password_that_is_not_hashed_slowly_breaks_the_clause(
    agent, stored, expected
):
    User.objects.update(password=stored)

    assert status("passwords_are_hashed") == expected


# --- N9.3: protection -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        # Two rules of that table: what is due, and whose rows a reader reaches.
        ("ALTER TABLE communications_chat DISABLE ROW LEVEL SECURITY", 2),
        ("ALTER TABLE register_auditentry DISABLE TRIGGER seloste_append_only", 1),
        ("GRANT DELETE ON register_auditentry TO seloste_app", 1),
    ],
)
def test_a_rule_switched_off_in_the_database_breaks_the_clause(statement, told):
    assert status("database_rules_stand") == "kept"

    sql(statement)

    assert status("database_rules_stand") == "broken"
    assert len(facts("database_rules_stand")["differences"]) == told


def test_a_changed_or_cut_off_audit_trail_breaks_the_clause():
    audit.anchor_path().unlink(missing_ok=True)
    for _ in range(3):
        entry = audit.record("record.listed", actor=actors.system())
        audit.seal()
    assert facts("audit_trail_whole")["seals"] == 3
    assert status("audit_trail_whole") == "kept"

    tamper("UPDATE register_auditentry SET purpose = 'other' WHERE id = %s", entry.pk)

    assert status("audit_trail_whole") == "broken"
    assert facts("audit_trail_whole")["problems"][0].startswith("changed: seal")


def test_only_the_newest_seals_are_looked_at(monkeypatch):
    audit.anchor_path().unlink(missing_ok=True)
    monkeypatch.setattr("register.audit.verification.NEWEST_SEALS", 2)
    first = audit.record("record.listed", actor=actors.system())
    audit.seal()
    for _ in range(2):
        audit.record("record.listed", actor=actors.system())
        audit.seal()

    tamper("UPDATE register_auditentry SET purpose = 'other' WHERE id = %s", first.pk)

    found = audit.verify_newest()
    assert (found.seals, found.entries, found.problems) == (2, 2, [])
    assert [problem.kind for problem in audit.verify()] == ["changed"]


def test_a_trail_that_is_no_longer_sealed_breaks_the_clause(at):
    audit.record("record.listed", actor=actors.system())
    assert status("audit_trail_whole") == "kept"

    with at(timezone.now() + timedelta(minutes=20)):
        assert status("audit_trail_whole") == "broken"
        assert facts("audit_trail_whole")["unsealed_since_at"]
        audit.seal()
        assert status("audit_trail_whole") == "kept"
    assert AuditEntry.objects.count() == 1


def test_a_trail_that_is_no_longer_verified_breaks_the_clause(at):
    assert status("audit_trail_verified") == "kept"  # the register is new
    sql("UPDATE django_migrations SET applied = now() - interval '5 days'")
    assert status("audit_trail_verified") == "broken"

    audit.anchor_path().unlink(missing_ok=True)
    entry = audit.record("record.listed", actor=actors.system())
    audit.seal()
    jobs.run(verification.order().pk)
    assert status("audit_trail_verified") == "kept"
    with at(timezone.now() + timedelta(days=3)):
        assert status("audit_trail_verified") == "broken"

    tamper("UPDATE register_auditentry SET purpose = 'other' WHERE id = %s", entry.pk)
    jobs.run(verification.order().pk)
    assert facts("audit_trail_verified")["problems"] == 1
    assert status("audit_trail_verified") == "broken"


def test_unsafe_settings_break_the_clause(settings):
    assert status("settings_are_safe") == "kept"

    settings.DEBUG = True
    settings.AUDIT_KEY = ""

    assert facts("settings_are_safe") == {"unsafe": ["register.E102", "DEBUG"]}
    assert status("settings_are_safe") == "broken"
