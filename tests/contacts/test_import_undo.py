"""After an import is undone the register is what it was, and what came later stays."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from consent.models import Prohibition
from consent.selectors import in_force_for
from consent.services import prohibitions
from contacts import information_duty
from contacts.models import (
    Affiliation,
    Company,
    CompanyWord,
    Contact,
    ContactPoint,
    ContactWord,
    ExternalId,
    PostalAddress,
)
from contacts.services import interests, people, search_words
from contacts.services.imports import batches, runs, undo
from contacts.services.imports.replacing import REPLACEABLE
from contacts.services.imports.targets import TARGETS
from contacts.services.merging import orders
from register import actors
from register.datamap.graph import graph
from register.errors import DomainError
from register.models import AddressProtection, AuditEntry, Team
from register.services import jobs, protections
from tests.conftest import make_contact
from tests.contacts import import_files
from tests.contacts.import_files import as_csv, hubspot, imported, person

pytestmark = pytest.mark.django_db

# What an import and its undoing leave behind on purpose: what was done, and refusals.
LEFT_BEHIND = {
    *("contacts.ImportBatch", "contacts.ImportRow", "contacts.ImportChange"),
    *("contacts.ImportFile", "contacts.ImportMemory", "consent.Prohibition"),
    *("register.AuditEntry", "register.AuditSeal", "register.Job"),
    *("register.FileRemoval", "sessions.Session"),
}
# When a record was last written, and numbers of words that are made anew.
NOT_COMPARED = {"updated_at"}


def picture():
    """All rows of all tables of the data map, without what is left behind."""
    shown = {}
    for entry in graph():
        # What was changed and changed back has earlier versions.
        is_version = any(
            field.name == "operation" for field in entry.model._meta.concrete_fields
        )
        if entry.label in LEFT_BEHIND or is_version:
            continue
        left = {"id"} if entry.model in (ContactWord, CompanyWord) else set()
        names = [
            field.name
            for field in entry.model._meta.concrete_fields
            if field.name not in NOT_COMPARED | left
        ]
        found = entry.model._base_manager.all()
        if entry.model is ContactWord:  # who refuses stays marked, as the refusal stays
            found = found.exclude(word__startswith="=refuses")
        rows = sorted(map(repr, found.values_list(*names)))
        if rows:
            shown[entry.label] = rows
    return shown


def undone(batch, *, user):
    undo.order(batch, actor=actors.of_user(user))
    return import_files.work_off(batch)


# What the cells of each column may say. Empty ones come first, so they come often.
CELLS = {
    "external_id": ["", "", "1", "2"],
    "first_name": ["", "Anna", "Ville"],
    "last_name": ["", "Korpi", "Niemi"],
    "email": ["", "a@x.example", "b@x.example", "c@x.example", "broken"],
    "phone": ["", "040 1234567", "040 7654321"],
    "mobile": ["", "", "+358 50 1112222"],
    "company_name": ["", "Yritys Oy", "Toinen Oy"],
    "business_id": ["", "", "2327327-1"],
    "company_kind": ["", "association"],
    "company_status": ["", "customer"],
    "job_title": ["", "myyjä", "johtaja"],
    "department": ["", "Myynti", "Talous"],
    "duties": ["", "sales", "sales; invoicing"],
    "street": ["", "Katu 1", "Tie 2"],
    "postcode": ["", "00100"],
    "town": ["", "Helsinki"],
    "country": ["", "SE"],
    "address_usage": ["", "work"],
    "address_from": ["", "1.2.2026"],
    "address_to": ["", "31.1.2027"],
    "language": ["", "fi", "sv"],
    "relationship": ["", "customer"],
    "interests": ["", "Events", "Events; Training"],
    "preferred_name": ["", "Anski"],
    "responsible": ["", "marketer@seloste.test"],
    "team": ["", "North"],
    "marketing_prohibited": ["", "kyllä", "ei"],
    "": ["rivi"],
}
# Targets that are tried elsewhere: of the same columns by another way, and what stays
# on purpose, as refusals and marks of returned mail do.
TRIED_ELSEWHERE = {
    *("full_name", "record_number", "email_undeliverable", "email_unsubscribed_at"),
    *("email_marketing_prohibited", "phone_marketing_prohibited"),
}
HEADER = [code.replace("_", " ") or "Rivi" for code in CELLS]
COLUMNS = list(CELLS)
ROWS = st.lists(
    st.tuples(*map(st.sampled_from, CELLS.values())), min_size=1, max_size=5
)
REPLACED = st.sets(st.sampled_from(sorted(REPLACEABLE.keys() & CELLS.keys())))
TERMS = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["both", "new", "update"]),
        "recognised_by": st.sampled_from(["auto", "email", "phone", "external"]),
        "replaced": REPLACED.map(sorted),
        "replaced_all": REPLACED.map(sorted),
        "is_informed": st.booleans(),
    }
)


def restraints():
    """Whatever restrains what may be done with whom, person by person."""
    found = set()
    for contact in Contact.objects.all():
        given = in_force_for(contact).values_list("channel", "purpose")
        found |= {(contact.pk, "refused", *pair) for pair in given}
        dead = contact.points.exclude(undeliverable_since=None)
        found |= {
            (contact.pk, "returned", value) for (value,) in dead.values_list("value")
        }
        if interests.has_objected(contact):
            found.add((contact.pk, "objected"))
        if information_duty.is_open(contact):
            found.add((contact.pk, "to be told"))
    for protection in AddressProtection.objects.filter(lifted_at=None):
        found.add((protection.subject_id, "protected"))
    return found


def restrain(number, actor):
    """Let some of those who are there say something, as they may have by then."""
    for place, contact in enumerate(Contact.objects.order_by("last_name", "pk")):
        what = (number + place) % 4
        if what == 0:
            interests.object_to_profiling(contact, actor=actor)
        elif what == 1:
            protections.protect(contact.pk, ground="own_request", actor=actor)
        elif what == 2:
            contact.points.update(undeliverable_since=timezone.now())
        elif what == 3 and (point := contact.points.first()) is not None:
            prohibitions.add(
                point.value,
                channel=Prohibition.Channel.PHONE,
                purpose=Prohibition.Purpose.CUSTOMER,
                method=Prohibition.Method.STAFF,
                subject_id=contact.pk,
                actor=actor,
            )


@settings(
    max_examples=15,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(before=ROWS, file=ROWS, terms=TERMS, said=st.integers(0, 3))
def test_import_then_undo_is_as_if_nothing_had_been(
    marketer, before, file, terms, said
):
    example = transaction.savepoint()
    try:
        Team.objects.create(name="North")
        system = {"external_system": "crm"}
        imported(as_csv(HEADER, before), user=marketer, targets=COLUMNS, **system)
        restrain(said, actors.of_user(marketer))
        search_words.refresh(list(Contact.objects.values_list("pk", flat=True)))
        as_it_was, restrained = picture(), restraints()
        refusals = set(Prohibition.objects.values_list("pk", flat=True))

        batch, _counts = imported(
            as_csv(HEADER, file), user=marketer, targets=COLUMNS, **system, **terms
        )
        while_imported = set(Prohibition.objects.values_list("pk", flat=True))
        assert restrained <= restraints()
        undone(batch, user=marketer)

        assert picture() == as_it_was
        assert restrained <= restraints()
        # Permissions have not risen, neither by the import nor by undoing it.
        after = set(Prohibition.objects.values_list("pk", flat=True))
        assert refusals <= while_imported
        assert while_imported == after
    finally:
        transaction.savepoint_rollback(example)


def test_every_column_is_tried_with_undoing():
    assert set(TARGETS) - set(CELLS) == TRIED_ELSEWHERE


def test_whoever_was_changed_since_stays_with_everything(marketer):
    batch, _counts = imported(hubspot(person(1), person(2)), user=marketer)
    changed = Contact.objects.get(last_name="Testi1")
    people.correct(changed, actor=actors.of_user(marketer), first_name="Maikki")

    counts = undone(batch, user=marketer)

    assert (counts["removed"], counts["kept"]) == (1, 1)
    changed.refresh_from_db()
    assert changed.first_name == "Maikki"
    assert changed.points.count() == 2
    assert changed.affiliations.count() == 1
    rows, _changes = undo.what_stays(batch)
    assert list(rows.values_list("contact", "kept_because")) == [
        (changed.pk, "changed")
    ]
    assert Company.objects.count() == 1


def test_whom_another_file_has_as_well_stays(marketer):
    batch, _counts = imported(hubspot(person(1)), user=marketer)
    imported(hubspot(person(1)), user=marketer)

    counts = undone(batch, user=marketer)

    assert counts["kept"] == 1
    assert Contact.objects.count() == 1


def test_a_number_that_was_added_since_keeps_the_person(marketer):
    batch, _counts = imported(hubspot(person(1)), user=marketer)
    people.find_or_create(
        emails=["maija.testi1@yritys1.example"],
        phones=["050 9999999"],
        source="api",
        actor=actors.of_user(marketer),
    )

    undone(batch, user=marketer)

    assert Contact.objects.get().points.count() == 3


def test_a_value_that_was_corrected_after_the_import_is_not_taken_back(marketer, anna):
    content = hubspot(
        {
            "First Name": "Annika",
            "Email": "anna.virtanen@esimerkki.example",
            "Mobile Phone Number": "050 1112222",
        }
    )
    batch, _counts = imported(content, user=marketer, replaced_all=["first_name"])
    people.correct(anna, actor=actors.of_user(marketer), first_name="Anne")

    counts = undone(batch, user=marketer)

    anna.refresh_from_db()
    assert anna.first_name == "Anne"
    assert not anna.points.filter(value="+358501112222").exists()
    assert (counts["taken_back"], counts["left"]) == (1, 1)
    _rows, changes = undo.what_stays(batch)
    assert [(c.field, c.undone) for c in changes] == [("first_name", "changed")]


def merge(kept, gone, user, *, undone=False):
    """Let one record go into another, and come back if it is to."""
    actor = actors.of_user(user)
    ordered, job = orders.order(kept=kept, gone=gone, actor=actor)
    jobs.run(job.pk)
    if undone:
        _merge, job = orders.order_undo(ordered, actor=actor)
        jobs.run(job.pk)
    return ordered


def test_whoever_the_file_added_and_went_into_another_is_not_removed_with_that_one(
    marketer, anna
):
    batch, _counts = imported(hubspot(person(1), person(2)), user=marketer)
    added = list(Contact.objects.exclude(pk=anna.pk).order_by("last_name"))
    merge(anna, added[0], marketer)
    merge(anna, added[1], marketer, undone=True)

    counts = undone(batch, user=marketer)

    # Whoever came back was touched, as by any other work.
    assert set(Contact.objects.all()) == {anna, added[1]}
    assert (counts["removed"], counts["kept"]) == (0, 2)
    assert anna.points.filter(value="maija.testi1@yritys1.example").exists()


def test_what_the_file_changed_in_a_record_that_went_is_not_changed_in_the_other(
    marketer, anna
):
    """Though the other says by chance what the file brought."""
    other = make_contact(first_name="Annika", last_name="Laine", email="a@x.example")
    content = hubspot({"First Name": "Anna", "Email": "a@x.example"})
    batch, _counts = imported(content, user=marketer, replaced_all=["first_name"])
    other.refresh_from_db()
    assert other.first_name == anna.first_name == "Anna"
    merge(anna, other, marketer)

    counts = undone(batch, user=marketer)

    anna.refresh_from_db()
    assert anna.first_name == "Anna"
    assert (counts["taken_back"], counts["left"]) == (0, 1)


def test_refusals_of_the_file_stay(marketer):
    batch, _counts = imported(hubspot(person(1, unsubscribed="true")), user=marketer)

    undone(batch, user=marketer)

    assert not Contact.objects.exists()
    assert Prohibition.objects.count() == 1


def test_an_undone_import_leaves_its_entry_and_no_words(marketer):
    batch, _counts = imported(hubspot(person(1)), user=marketer)
    undone(batch, user=marketer)

    batch.refresh_from_db()
    assert batch.state == "undone"
    assert batch.undone_at is not None
    models = (
        *(Contact, ContactPoint, ContactWord, Affiliation, Company, CompanyWord),
        *(PostalAddress, ExternalId),
    )
    assert not any(model.objects.exists() for model in models)
    assert AuditEntry.objects.filter(action="import.undone").count() == 1
    with pytest.raises(DomainError):
        undo.order(batch, actor=actors.of_user(marketer))


def test_undoing_that_broke_off_goes_on(marketer, monkeypatch):
    monkeypatch.setattr(undo, "CHUNK", 3)
    batch, _counts = imported(
        hubspot(*(person(number) for number in range(10))), user=marketer
    )
    undo.order(batch, actor=actors.of_user(marketer))
    real, calls = undo.delete_rows, []

    def breaks(*args):
        calls.append(1)
        counted = real(*args)
        if len(calls) == 2:
            raise RuntimeError
        return counted

    with monkeypatch.context() as patch:
        patch.setattr(undo, "delete_rows", breaks)
        jobs.run(batches.job_of(batch).pk)
    assert Contact.objects.count() == 7  # whole chunks

    counts = undone(batch, user=marketer)

    assert not Contact.objects.exists()
    assert counts["removed"] == 10
    assert runs.counts_of(batch) == {}
