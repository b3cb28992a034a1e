"""Merging, undoing and importing, tried on every table that names a person.

The canary fills them all through the data map, so a table that is new tomorrow is here
tomorrow: nobody has to remember it.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from contacts.models import Company, Contact, ContactPair, Merge
from contacts.services import people, search_words
from contacts.services.imports import touched, undo as undo_import
from contacts.services.imports.replacing import REPLACEABLE
from contacts.services.merging import orders
from contacts.services.merging.ways import ways_to
from dsar.models import Request, RequestPerson
from register import actors
from register.datamap.graph import graph
from register.history import reading
from register.models import Hold, Team
from register.services import holds, jobs
from tests.architecture.canary.filling import NEIGHBOUR, PERSON, Canary
from tests.conftest import ensure_seeded
from tests.contacts.import_files import as_csv, hubspot, imported, person, work_off
from tests.contacts.test_import_undo import CELLS

pytestmark = pytest.mark.django_db

# What merging and undoing write besides, and open pairs, which the next scan finds.
WRITTEN = {
    *("contacts.ContactMerge", "contacts.ContactMergedRow", "contacts.ContactPair"),
    *("contacts.CompanyMerge", "contacts.CompanyMergedRow", "contacts.CompanyPair"),
    "register.Job",
}


@pytest.fixture
def canary(settings, tmp_path) -> Canary:
    ensure_seeded()
    settings.MEDIA_ROOT = tmp_path
    filled = Canary()
    filled.fill()
    return filled


def is_kept(entry: Any) -> bool:
    return bool(entry.map.append_only or entry.map.versions_of)


def picture() -> dict[str, list[str]]:
    """Every row of every table, but what is only ever added to."""
    shown = {}
    for entry in graph():
        if is_kept(entry) or entry.label in WRITTEN:
            continue
        names = [
            field.attname
            for field in entry.model._meta.concrete_fields
            if field.name != "updated_at"
            # Derived rows are written anew.
            and not (field.primary_key and entry.label.endswith("Word"))
        ]
        rows = entry.model._base_manager.values_list(*names)
        shown[entry.label] = sorted(map(repr, rows))
    return shown


def tables_naming(key: Any) -> set[str]:
    """Every table in any column of which the number stands, whatever the map says."""
    found = set()
    with connection.cursor() as cursor:
        for entry in graph():
            table = connection.ops.quote_name(entry.model._meta.db_table)
            cursor.execute(
                f"SELECT EXISTS (SELECT FROM {table} t WHERE t::text LIKE %s)",
                [f"%{key}%"],
            )
            if cursor.fetchone()[0]:
                found.add(entry.label)
    return found


def done(order: tuple[Merge, Any], state: str) -> Merge:
    merge, job = order
    finished = jobs.run(job.pk)
    assert finished is not None
    assert finished.state == "done", finished.error_code
    merge.refresh_from_db()
    assert merge.state == state, merge.refusal
    return merge


def versions_of(row: Any) -> list[dict[str, Any]]:
    return [each.values for each in reading.of_row(type(row), row.pk)]


def test_every_row_of_a_person_goes_with_a_merge_and_comes_back_when_it_is_undone(
    canary, agent
):
    actor = actors.of_user(agent)
    kept = Contact.objects.get(pk=canary.people[PERSON])
    gone = Contact.objects.get(pk=canary.people[NEIGHBOUR])
    people.correct(gone, actor=actor, first_name="Zqvarhempi")
    search_words.refresh_with_colleagues([kept.pk, gone.pk])
    before, of_then = picture(), versions_of(gone)
    empty = [
        f"{way.label}.{way.field}"
        for way in ways_to(Contact)
        if not way.model._base_manager.filter(**{way.field: gone.pk}).exists()
    ]
    assert empty == [], "the canary fills no row for these"

    merge = done(orders.order(kept=kept, gone=gone, actor=actor), Merge.State.DONE)

    left = tables_naming(gone.pk)
    assert {label for label in left if not is_kept(graph()[label])} == {
        "contacts.ContactMerge",
        "contacts.ContactMergedRow",
        "register.LookupPerson",  # of a look-up in which both were looked at
    }

    done(orders.order_undo(merge, actor=actor), Merge.State.UNDONE)

    after = picture()
    assert {label for label in before if before[label] != after[label]} == set()
    assert [each for each in versions_of(gone) if each in of_then] == of_then
    assert ContactPair.objects.filter(state="different").exists()


@pytest.mark.parametrize("taking", ["kept", "gone"])
def test_every_row_of_a_company_goes_with_a_merge_and_comes_back_when_it_is_undone(
    canary, agent, taking
):
    """Of a company with agreements and one with notes, into the other and back."""
    actor = actors.of_user(agent)
    one = Company.objects.filter(agreements__isnull=False).earliest("pk")
    other = (
        Company.objects.exclude(pk=one.pk).filter(notes__isnull=False).earliest("pk")
    )
    for way in ways_to(Company):
        rows = way.model._base_manager
        if not rows.exists():  # about companies alone, which nobody's data is
            canary.shared(graph().of(way.model))
        named = rows.filter(**{f"{way.field}__isnull": False})
        if not named.filter(**{way.field: one.pk}).exists():
            # Of another company, or of none: the canary leaves out what may be empty.
            some = (named if named.exists() else rows).order_by("pk").values("pk")[:1]
            assert rows.filter(pk__in=some).update(**{way.field: one.pk}), way
    search_words.refresh_of_companies([one.pk, other.pk])
    kept, gone = (one, other) if taking == "kept" else (other, one)
    before = picture()

    merge = done(orders.order(kept=kept, gone=gone, actor=actor), Merge.State.DONE)

    left = tables_naming(gone.pk)
    assert {label for label in left if not is_kept(graph()[label])} == {
        "contacts.CompanyMerge",
        "contacts.CompanyMergedRow",
    }

    done(orders.order_undo(merge, actor=actor), Merge.State.UNDONE)

    after = picture()
    assert {label for label in before if before[label] != after[label]} == set()


# --- imports ---

# What says nothing about whether somebody works with a person: numbers of other
# systems, which imports alone bring, refusals, which stay anyway, who looked, and what
# the scan found; a change by another file, which has a row of the person as well.
NO_USE = {
    *("contacts.ExternalId.contact", "consent.Prohibition.subject_id"),
    *("register.LookupPerson.subject_id", "contacts.ImportChange.contact"),
}


def test_whoever_any_table_names_since_is_not_removed_with_the_import(canary, marketer):
    batch, _counts = imported(hubspot(person(1)), user=marketer)
    added = Contact.objects.get(last_name="Testi1")
    Request.objects.update(state="identified")
    Hold.objects.update(released_at=None)
    row = batch.rows.get(contact=added)
    there = [(added.pk, added.created_at, added.updated_at)]

    def kept() -> dict[Any, str]:
        return touched.since(batch, there, {added.pk: row.written_at})

    assert kept() == {}
    no_use = set()
    for way in ways_to(Contact):
        rows = way.model._base_manager
        of_another = rows.filter(**{way.field: canary.people[NEIGHBOUR]}).values("pk")
        with transaction.atomic():
            rows.filter(pk__in=of_another[:1]).update(**{way.field: added.pk})
            if not kept():
                no_use.add(f"{way.label}.{way.field}")
            transaction.set_rollback(True)
    assert no_use == NO_USE


@pytest.mark.parametrize("is_company", [False, True])
def test_what_is_held_is_not_removed_with_the_import(officer, marketer, is_company):
    actor = actors.of_user(officer)
    batch, _counts = imported(hubspot(person(1), person(2)), user=marketer)
    who = Contact.objects.get(last_name="Testi1")
    if is_company:
        holds.place(
            reason=Hold.Reason.AUTHORITY,
            obj=Company.objects.earliest("pk"),
            actor=actor,
        )
    else:
        holds.place(reason=Hold.Reason.AUTHORITY, subject_id=who.pk, actor=actor)

    counts = undone_import(batch, marketer)

    if is_company:
        assert Company.objects.count() == 1
        assert counts["companies_kept"] == 1
    else:
        assert Contact.objects.get() == who
        rows, _changes = undo_import.what_stays(batch)
        assert [each.kept_because for each in rows] == ["held"]


def test_whoever_has_an_open_request_is_not_removed_with_the_import(marketer):
    batch, _counts = imported(hubspot(person(1), person(2)), user=marketer)
    asking, other = Contact.objects.order_by("last_name")
    for number, (who, state) in enumerate([(asking, "identified"), (other, "closed")]):
        request = Request.objects.create(
            number=number,
            kind="erasure",
            state=state,
            received_at=timezone.now(),
            due_on=timezone.localdate(),
        )
        RequestPerson.objects.create(request=request, subject_id=who.pk)

    undone_import(batch, marketer)

    assert Contact.objects.get() == asking
    rows, _changes = undo_import.what_stays(batch)
    assert [each.kept_because for each in rows] == ["request"]


def undone_import(batch: Any, user: Any) -> dict[str, int]:
    undo_import.order(batch, actor=actors.of_user(user))
    return work_off(batch)


@pytest.mark.parametrize("policy", ["", "replaced", "replaced_all"])
def test_a_file_about_somebody_with_a_row_in_every_table_is_undone_to_the_letter(
    canary, marketer, policy
):
    Team.objects.create(name="North")
    person = Contact.objects.get(pk=canary.people[PERSON])
    cells = {
        code: next((cell for cell in known if cell), "")
        for code, known in CELLS.items()
        if code not in ("marketing_prohibited", "external_id", "")
    }
    cells |= {
        "email": person.points.get(kind="email").value,
        "duties": "sales",
        "interests": "Events",
    }
    search_words.refresh_with_colleagues(list(canary.people.values()))
    before = picture()

    batch, counts = imported(
        as_csv(list(cells), [list(cells.values())]),
        user=marketer,
        targets=list(cells),
        **({policy: sorted(REPLACEABLE.keys() & cells.keys())} if policy else {}),
    )

    assert "invalid" not in counts, batch.rows.get().errors
    assert picture() != before
    undone_import(batch, marketer)
    after = picture()
    written = {"contacts.ImportBatch", "contacts.ImportRow", "contacts.ImportChange"}
    written |= {"contacts.ImportFile", "contacts.ImportMemory", "register.FileRemoval"}
    assert {each for each in before if before[each] != after[each]} <= written
