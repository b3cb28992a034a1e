"""Lists over tables of millions of rows never read all of them."""

from __future__ import annotations

import json
import re

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contacts.models import Contact, ImportBatch
from register import access, actors, audit
from register.database.visibility import as_the_web
from register.models import AuditEntry, Role, RoleAssignment, RoleRight, User
from register.screens.filters import DayRangeFilter
from register.staff_site import EstimatedPaginator, RegisterAdmin, estimated_count
from tests.conftest import make_contact

pytestmark = pytest.mark.django_db


# As many rows as there are colleagues, systems that send data, changes of the law, or
# words to choose from.
SMALL = {
    "contacts.Duty",
    "contacts.ImportSource",
    "contacts.MatchThreshold",
    "contacts.MatchWeight",
    "contacts.Service",
    "contacts.Topic",
    "register.ApiKey",
    "register.Controller",
    "register.LegalParameter",
    "register.LookupRule",
    "register.NoticeRevision",
    "register.Role",
    "register.User",
    "register.WhereaboutsReader",
    "register.WorkingHours",
}
SCREENS = {
    model._meta.label: screen
    for model, screen in admin.site._registry.items()
    if isinstance(screen, RegisterAdmin) and model._meta.label not in SMALL
}


def plan_of(sql):
    """Return the plan of a question of the web, in tables too small to tell."""
    with connection.cursor() as cursor, as_the_web():
        # In small tables anything goes; what remains now has no other way.
        for way in ("seqscan", "sort", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        return cursor.fetchone()[0][0]["Plan"]


def steps_of(plan):
    """Yield the steps of a plan but those over one page or about one row after the other."""
    if plan["Node Type"] != "Sort" or not any(is_a_page(each) for each in all_of(plan)):
        yield plan
    for part in plan.get("Plans", ()):
        if part.get("Parent Relationship") != "SubPlan":
            yield from steps_of(part)


def all_of(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from all_of(part)


def is_a_page(step):
    return step["Node Type"] == "Limit" and step["Plan Rows"] <= 50


def has_an_index_for(sql):
    """Whether rows come in order, or nearly: few have the same time, none the number."""
    for step in steps_of(plan_of(sql)):
        kind = step["Node Type"]
        presorted = step.get("Presorted Key", ())
        nearly = all(re.search(r"(\b|_)(at|on|number)$", key) for key in presorted)
        if kind in ("Seq Scan", "Sort") or (kind == "Incremental Sort" and not nearly):
            return False
    return True


def changes_of(listed):
    """Yield the query of every order and every filter that a list offers."""
    yield ""
    for number, column in enumerate(listed.list_display):
        if column in listed.sortable_by and listed.get_ordering_field(column):
            yield f"o={number}"
            yield f"o=-{number}"
    for each in listed.filter_specs:
        if isinstance(each, DayRangeFilter):
            yield f"{each.parameter_name}_from=2026-01-01"
            yield f"{each.parameter_name}_to=2026-01-01"
            continue
        asks = getattr(each, "asks", None)
        if asks is not None:
            answers = asks.options(None) if asks.options else [("x", "x")]
            yield from (f"{asks.code}={value}" for value, _words in answers if value)
            continue
        for choice in each.choices(listed):
            yield choice["query_string"].removeprefix("?")


def opened(screen, query, *, user, rf):
    """Return a list as it is opened, and what it asks."""
    request = rf.get("/", QueryDict(query).dict())
    request.user = user
    with CaptureQueriesContext(connection) as captured:
        listed = screen.get_changelist_instance(request)
        list(listed.result_list)
    return listed, [each["sql"] for each in captured]


def test_small_lists_are_known():
    registered = {model._meta.label for model in admin.site._registry}
    assert registered >= SMALL
    assert len(SCREENS) > 12


@pytest.mark.parametrize("name", sorted(SCREENS))
def test_whatever_a_list_offers_comes_from_an_index_in_its_order(officer, rf, name):
    screen = SCREENS[name]
    ImportBatch.objects.create(title="A", state=ImportBatch.State.DONE)
    listed, _asked = opened(screen, "", user=officer, rf=rf)
    rows = f'FROM "{screen.model._meta.db_table}"'

    for query in changes_of(listed):
        _listed, asked = opened(screen, query, user=officer, rf=rf)

        counting = ("COUNT(", "EXPLAIN ")
        pages = [
            sql
            for sql in asked
            if rows in sql and not any(word in sql for word in counting)
        ]
        assert pages
        for sql in pages:
            assert has_an_index_for(sql), query
        # What a filter offers is known without asking the table for it.
        assert not [sql for sql in asked if "DISTINCT" in sql]


def test_no_list_offers_to_count_the_rows_of_every_choice(officer, rf):
    for screen in SCREENS.values():
        listed, _asked = opened(screen, "_facets=True", user=officer, rf=rf)

        assert not listed.add_facets
        assert not listed.is_facets_optional


def test_the_history_of_a_record_comes_from_an_index(anna, officer, client_of):
    # Many entries of others: else walking all of them may be as quick.
    values = audit.entry_values("record.viewed", actor=actors.system())
    audit.record_many([values] * 3_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE register_auditentry")
    address = reverse("admin:contacts_contact_history", args=[anna.pk])

    with CaptureQueriesContext(connection) as captured:
        assert client_of(officer).get(address).status_code == 200

    (sql,) = [
        each["sql"] for each in captured if 'FROM "register_auditentry"' in each["sql"]
    ]
    assert "auditentry_of_object" in json.dumps(plan_of(sql))


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
    assert ["LIMIT 11" in each["sql"] for each in captured] == [False, True]

    numbers = sorted(entries.values_list("pk", flat=True))
    assert estimated_count(entries.filter(pk__in=numbers[:7])) == 7
    assert estimated_count(entries.filter(pk__lte=numbers[14])) == 15
    assert estimated_count(entries.none()) == 0


def test_a_long_list_of_ones_own_is_counted_exactly_once_a_minute(
    monkeypatch, seller, second_officer
):
    monkeypatch.setattr("register.staff_site.counting.FEW", 3)
    RoleRight.objects.filter(role__code="sales", category="identity").update(
        scope="own"
    )
    for reader, number in ((seller, 5), (second_officer, 7)):
        for _ in range(number):
            make_contact(first_name="Mine", responsible=reader)
    own = Role.objects.get(code="sales")
    RoleAssignment.objects.filter(user=second_officer).update(role=own)

    def counted(reader):
        with access.reading_as(User.objects.get(pk=reader.pk)):
            people = access.visible_to(access.reader_now(), Contact.objects.all())
            with CaptureQueriesContext(connection) as captured:
                found = estimated_count(people)
        return found, len(captured)

    assert counted(seller) == (5, 2)
    make_contact(first_name="Mine", responsible=seller)
    assert counted(seller) == (5, 0)
    assert counted(second_officer) == (7, 2)
    cache.clear()
    assert counted(seller) == (6, 2)
