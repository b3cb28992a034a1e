"""Lists over tables of millions of rows never read all of them."""

from __future__ import annotations

import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from register import actors, audit
from register.models import AuditEntry
from register.staff_site import EstimatedPaginator, estimated_count

pytestmark = pytest.mark.django_db


def plan_of(sql):
    with connection.cursor() as cursor:
        # In small tables anything goes; what remains now has no other way.
        for way in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        return json.dumps(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("contacts_contact", ""),
        ("contacts_contact", "o=0"),
        ("contacts_contact", "o=-0"),
        ("contacts_contact", "o=6"),
        ("contacts_contact", "relationship__exact=other"),
        ("contacts_contact", "source__exact=api"),
        ("contacts_contact", "language__exact=en"),
        ("contacts_contact", "created_at_from=2026-01-01"),
        ("contacts_company", ""),
        ("contacts_company", "o=-0"),
        ("contacts_company", "kind__exact=association"),
        ("contacts_company", "source__exact=api"),
        ("register_auditentry", ""),
        ("communications_chat", ""),
        ("communications_call", ""),
        ("communications_recording", ""),
    ],
)
def test_the_rows_of_a_page_come_from_an_index_in_its_order(
    officer, auditor, client_of, name, query
):
    user = auditor if name == "register_auditentry" else officer
    address = reverse(f"admin:{name}_changelist")

    with CaptureQueriesContext(connection) as captured:
        assert client_of(user).get(f"{address}?{query}").status_code == 200

    pages = [
        each["sql"]
        for each in captured
        if re.search(rf'FROM "{name}"', each["sql"]) and "ORDER BY" in each["sql"]
    ]
    assert pages
    for sql in pages:
        plan = plan_of(sql)
        assert '"Seq Scan"' not in plan
        assert '"Sort"' not in plan


def test_the_history_of_a_record_comes_from_an_index(anna, officer, client_of):
    address = reverse("admin:contacts_contact_history", args=[anna.pk])

    with CaptureQueriesContext(connection) as captured:
        assert client_of(officer).get(address).status_code == 200

    (sql,) = [
        each["sql"] for each in captured if 'FROM "register_auditentry"' in each["sql"]
    ]
    assert "auditentry_of_object" in plan_of(sql)


def test_the_kinds_of_records_are_offered_without_reading_the_trail(
    auditor, client_of, anna
):
    audit.record("record.viewed", actor=actors.system(), obj=anna)
    address = reverse("admin:register_auditentry_changelist")

    with CaptureQueriesContext(connection) as captured:
        page = client_of(auditor).get(address).content.decode()

    assert "?object_type=contacts.contact" in page
    assert not [each for each in captured if "DISTINCT" in each["sql"]]


@pytest.fixture
def entries(monkeypatch):
    """Sixty entries, and limits that make them many."""
    monkeypatch.setattr("register.staff_site.counting.FEW", 10)
    monkeypatch.setattr(EstimatedPaginator, "EXACT_UP_TO", 20)
    values = audit.entry_values("record.viewed", actor=actors.system())
    audit.record_many([values] * 60)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE register_auditentry")
    return AuditEntry.objects.all()


def test_many_rows_are_estimated_and_few_are_counted(entries):
    with CaptureQueriesContext(connection) as captured:
        assert 40 < estimated_count(entries) < 90
    assert "LIMIT 11" in captured[0]["sql"]
    assert len(captured) == 2

    numbers = sorted(entries.values_list("pk", flat=True))
    assert estimated_count(entries.filter(pk__in=numbers[:7])) == 7
    assert estimated_count(entries.filter(pk__lte=numbers[14])) == 15
    assert estimated_count(entries.none()) == 0
