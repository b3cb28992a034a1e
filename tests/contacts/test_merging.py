"""Merging two records of one person or company, and undoing it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from communications.models import Call, Chat, ChatParticipant, Note
from consent import selectors as consents
from consent.models import Prohibition
from consent.services import prohibitions
from contacts.models import (
    Affiliation,
    Company,
    CompanyMerge,
    Contact,
    ContactMerge,
    ContactPair,
    ContactPoint,
    ContactWord,
    Interest,
    Merge,
    PostalAddress,
    Topic,
)
from contacts.selectors import search
from contacts.services import people, search_words
from contacts.services.merging import carry_out, orders, undo
from contacts.services.merging.folding import flag_of, rules_of
from contacts.services.merging.ways import ways_to
from dsar.models import Request, RequestPerson
from register import actors
from register.datamap.earlier_keys import with_earlier_keys
from register.datamap.graph import graph
from register.errors import Conflict, DomainError
from register.history.versions import history_of
from register.models import AddressProtection, AuditEntry, Hold
from register.services import jobs
from tests.conftest import ensure_seeded, make_contact

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _seeded(db: None) -> None:
    ensure_seeded()


@pytest.fixture
def twin(company):
    """Anna once more, with an address and a number of her own, older than the other."""
    return make_contact(
        first_name="Anna",
        last_name="Virtanen-Laine",
        language="sv",
        email="anna@koti.example",
        phone="+358401234567",
        company=company,
        created_at=LONG_AGO,
    )


@pytest.fixture
def merged(agent):
    """Return a function that merges as the worker does."""

    def run(kept: Any, gone: Any, *taken: str) -> Any:
        actor = actors.of_user(agent)
        merge, job = orders.order(kept=kept, gone=gone, taken=taken, actor=actor)
        done = jobs.run(job.pk)
        assert done is not None
        assert done.state == "done", done.error_code
        merge.refresh_from_db()
        return merge

    return run


@pytest.fixture
def undone(agent):
    """Return a function that undoes a merge as the worker does."""

    def run(merge: Any) -> Any:
        _merge, job = orders.order_undo(merge, actor=actors.of_user(agent))
        done = jobs.run(job.pk)
        assert done is not None
        assert done.state == "done", done.error_code
        merge.refresh_from_db()
        return merge

    return run


def values(contact) -> set[str]:
    return set(
        ContactPoint.objects.filter(contact=contact).values_list("value", flat=True)
    )


def state_of_everything() -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows about people, but what a merge is known by."""
    ours = ("Merge", "MergedRow", "Pair", "Version", "AuditEntry", "Job")
    found = {}
    for entry in graph().personal():
        if entry.label.endswith(ours):
            continue
        meta = entry.model._meta
        names = [
            field.attname
            for field in meta.concrete_fields
            if field.name != "updated_at"
            # Derived rows are written anew.
            and not (field.primary_key and entry.label.endswith("Word"))
        ]
        rows = entry.model._base_manager.values_list(*names)
        found[entry.label] = sorted(rows, key=repr)
    return found


# --- what comes together ---


def test_everything_of_both_is_of_one(anna, twin, merged, company, agent):
    PostalAddress.objects.create(
        contact=twin,
        street="Kotikatu 1",
        postcode="00100",
        town="Helsinki",
        source="staff",
    )
    call = Call.objects.create(
        contact=twin,
        started_at=timezone.now(),
        ended_at=timezone.now(),
        direction="inbound",
    )
    search_words.refresh([anna.pk, twin.pk])

    merge = merged(anna, twin)

    anna.refresh_from_db()
    assert merge.state == Merge.State.DONE
    assert not Contact.objects.filter(pk=twin.pk).exists()
    # What both say, the one that stays says; what only the other says is taken.
    assert (anna.last_name, anna.language) == ("Virtanen", "sv")
    assert anna.created_at == LONG_AGO
    assert values(anna) == {
        "anna.virtanen@esimerkki.example",
        "anna@koti.example",
        "+358401234567",
    }
    assert ContactPoint.objects.filter(contact=anna, is_primary=True).count() == 2
    assert anna.addresses.get().street == "Kotikatu 1"
    assert anna.affiliations.count() == 1
    call.refresh_from_db()
    assert call.contact_id == anna.pk
    assert list(search("anna@koti")) == [anna]
    assert not ContactWord.objects.filter(word__startswith="laine").exists()


def test_fields_are_taken_from_the_other_where_that_was_chosen(anna, twin, merged):
    merged(anna, twin, "last_name")

    anna.refresh_from_db()
    assert anna.last_name == "Virtanen-Laine"


def test_both_are_named_in_the_audit_trail(anna, twin, merged, agent):
    merged(anna, twin)

    entries = AuditEntry.objects.filter(action="record.merged")
    assert set(entries.values_list("subject_id", "actor_id")) == {
        (anna.pk, str(agent.pk)),
        (twin.pk, str(agent.pk)),
    }
    assert set(with_earlier_keys([anna.pk])) == {anna.pk, twin.pk}


def test_a_chat_in_which_both_took_part_keeps_both_parts(anna, twin, merged):
    chat = Chat.objects.create(started_at=timezone.now(), ended_at=timezone.now())
    for contact in (anna, twin):
        ChatParticipant.objects.create(chat=chat, contact=contact)

    merged(anna, twin)

    assert {p.contact_id for p in chat.participants.all()} == {anna.pk}
    assert chat.participants.count() == 2  # under the names of then


def test_every_table_in_which_two_rows_can_be_one_keeps_what_goes():
    """Otherwise undoing a merge could not bring it back."""
    lost = [
        way.label
        for target in (Contact, Company)
        for way in ways_to(target)
        if any(not flag_of(rule) and rule.condition is None for rule in rules_of(way))
        if history_of(way.model) is None
    ]

    assert lost == []


# --- the strictest of both ---


def test_what_either_refused_is_refused(anna, twin, merged, agent):
    actor = actors.of_user(agent)
    for address, channel, purpose in (
        ("anna@koti.example", "email", "marketing"),
        ("anna.virtanen@esimerkki.example", "phone", "customer"),
    ):
        prohibitions.add(
            address,
            channel=Prohibition.Channel(channel),
            purpose=Prohibition.Purpose(purpose),
            method=Prohibition.Method.STAFF,
            actor=actor,
        )
    before = {
        pair
        for contact in (anna, twin)
        for pair in consents.in_force_for(contact).values_list("channel", "purpose")
    }

    merged(anna, twin)

    after = set(consents.in_force_for(anna).values_list("channel", "purpose"))
    assert after == before == {("email", "marketing"), ("phone", "customer")}


def test_an_address_that_mail_came_back_from_stays_undeliverable(twin, anna, merged):
    since = timezone.now() - timedelta(days=3)
    ContactPoint.objects.create(
        contact=anna, kind="email", value="anna@koti.example", source="staff"
    )
    ContactPoint.objects.filter(contact=twin, kind="email").update(
        undeliverable_since=since
    )

    merged(anna, twin)

    point = ContactPoint.objects.get(contact=anna, value="anna@koti.example")
    assert point.undeliverable_since == since


def test_holds_and_the_stricter_protection_hold_for_the_one(anna, twin, merged, undone):
    Hold.objects.create(subject_id=twin.pk, reason="legal_claim")
    weaker = AddressProtection.objects.create(
        subject_id=anna.pk, ground="own_request", valid_until=timezone.localdate()
    )
    stricter = AddressProtection.objects.create(
        subject_id=twin.pk, ground="non_disclosure"
    )

    merge = merged(anna, twin)

    assert Hold.objects.get().subject_id == anna.pk
    in_force = AddressProtection.objects.get(lifted_at=None)
    assert (in_force.pk, in_force.subject_id) == (stricter.pk, anna.pk)

    undone(merge)
    stands = AddressProtection.objects.filter(lifted_at=None)
    assert set(stands.values_list("pk", "subject_id")) == {
        (weaker.pk, anna.pk),
        (stricter.pk, twin.pk),
    }


# --- refusals ---


def test_a_record_does_not_go_into_itself(anna, agent):
    with pytest.raises(DomainError):
        orders.order(kept=anna, gone=anna, actor=actors.of_user(agent))

    assert not ContactMerge.objects.exists()


@pytest.mark.parametrize("name", ["id", "created_at", "points", "password", ""])
def test_only_fields_that_are_choices_can_be_taken(anna, twin, agent, name):
    with pytest.raises(DomainError):
        orders.order(kept=anna, gone=twin, taken=[name], actor=actors.of_user(agent))

    assert not ContactMerge.objects.exists()


def test_who_is_being_merged_is_not_merged_again(anna, bruno, twin, agent):
    actor = actors.of_user(agent)
    orders.order(kept=anna, gone=twin, actor=actor)

    for kept, gone in ((anna, twin), (twin, bruno), (bruno, anna)):
        with pytest.raises(Conflict):
            orders.order(kept=kept, gone=gone, actor=actor)

    assert ContactMerge.objects.count() == 1


def test_people_whose_request_is_being_answered_stay_apart(anna, twin, agent):
    actor = actors.of_user(agent)
    request = Request.objects.create(
        number=1,
        kind="erasure",
        state="planned",
        received_at=timezone.now(),
        due_on=timezone.localdate(),
    )
    RequestPerson.objects.create(request=request, subject_id=twin.pk)

    with pytest.raises(Conflict, match="request"):
        orders.order(kept=anna, gone=twin, actor=actor)

    Request.objects.update(state="identified")
    merge, job = orders.order(kept=anna, gone=twin, actor=actor)
    Request.objects.update(state="planned")
    jobs.run(job.pk)
    merge.refresh_from_db()
    assert (merge.state, merge.refusal) == (Merge.State.REFUSED, "request_under_way")
    assert orders.why_not(merge)
    assert Contact.objects.filter(pk=twin.pk).exists()


def test_a_record_that_is_gone_meanwhile_leaves_the_other_alone(anna, twin, agent):
    before = values(anna)
    merge, job = orders.order(kept=anna, gone=twin, actor=actors.of_user(agent))
    twin.delete()

    jobs.run(job.pk)

    merge.refresh_from_db()
    assert merge.state == Merge.State.REFUSED
    assert values(anna) == before


def test_a_merge_that_breaks_changes_nothing(anna, twin, agent, monkeypatch):
    before = state_of_everything()
    _merge, job = orders.order(kept=anna, gone=twin, actor=actors.of_user(agent))

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(carry_out.reading, "follow", broken)
    failed = jobs.run(job.pk)

    assert failed is not None
    assert failed.state == "failed"
    assert state_of_everything() == before


def test_a_job_that_is_run_again_changes_nothing_more(anna, twin, merged, agent):
    merge = merged(anna, twin)
    before = state_of_everything()

    carry_out.carry_out(merge, actor=actors.of_user(agent))

    assert state_of_everything() == before


# --- undoing ---


def test_undoing_brings_both_back_as_they_were(
    anna, twin, merged, undone, company, agent
):
    PostalAddress.objects.create(
        contact=twin,
        street="Kotikatu 1",
        postcode="00100",
        town="Helsinki",
        source="staff",
    )
    Call.objects.create(
        contact=twin,
        started_at=timezone.now(),
        ended_at=timezone.now(),
        direction="inbound",
    )
    Call.objects.create(
        contact=anna,
        started_at=timezone.now(),
        ended_at=timezone.now(),
        direction="inbound",
    )
    chat = Chat.objects.create(started_at=timezone.now(), ended_at=timezone.now())
    for contact in (anna, twin):
        ChatParticipant.objects.create(chat=chat, contact=contact)
    Note.objects.create(contact=twin, author=agent, text="Kysyi tarjousta.")
    search_words.refresh([anna.pk, twin.pk])
    before = state_of_everything()

    merge = undone(merged(anna, twin, "last_name"))

    assert merge.state == Merge.State.UNDONE
    assert state_of_everything() == before
    pair = ContactPair.objects.get()
    assert {pair.first_id, pair.second_id} == {anna.pk, twin.pk}
    assert pair.state == "different"
    assert set(with_earlier_keys([anna.pk])) == {anna.pk}


def test_what_was_changed_since_stays_and_is_told(anna, twin, merged, undone, agent):
    merge = merged(anna, twin, "last_name")
    anna.refresh_from_db()
    people.correct(anna, actor=actors.of_user(agent), last_name="Korhonen")
    since = Note.objects.create(contact=anna, author=agent, text="Uusi nimi.")

    undone(merge)

    anna.refresh_from_db()
    twin.refresh_from_db()
    assert (anna.last_name, twin.last_name) == ("Korhonen", "Virtanen-Laine")
    assert anna.language == ""
    since.refresh_from_db()
    assert since.contact_id == anna.pk
    assert merge.left == ["last_name"]


def test_decisions_about_others_come_back(anna, bruno, twin, merged, undone, agent):
    first, second = sorted([bruno.pk, twin.pk])
    ContactPair.objects.create(
        first_id=first,
        second_id=second,
        points=60,
        features=["name"],
        state="different",
    )

    merge = merged(anna, twin)
    (kept,) = ContactPair.objects.all()
    assert {kept.first_id, kept.second_id} == {anna.pk, bruno.pk}

    undone(merge)
    assert {
        frozenset({pair.first_id, pair.second_id})
        for pair in ContactPair.objects.filter(state="different")
    } == {frozenset({bruno.pk, twin.pk}), frozenset({anna.pk, twin.pk})}


def test_merges_of_merges_are_undone_from_the_last(anna, bruno, twin, merged, undone):
    search_words.refresh([anna.pk, bruno.pk, twin.pk])
    before = state_of_everything()
    inner = merged(anna, twin)
    outer = merged(bruno, anna)
    assert set(with_earlier_keys([bruno.pk])) == {bruno.pk, anna.pk, twin.pk}

    inner.refresh_from_db()
    undone(inner)
    assert (inner.state, inner.refusal) == (Merge.State.DONE, "merged_further")
    assert orders.why_not(inner)

    undone(outer)
    inner.refresh_from_db()
    undone(inner)
    assert state_of_everything() == before


def test_a_merge_is_undone_once(anna, twin, merged, undone, agent):
    merge = undone(merged(anna, twin))

    with pytest.raises(Conflict):
        orders.order_undo(merge, actor=actors.of_user(agent))
    before = state_of_everything()
    undo.carry_out(merge, actor=actors.of_user(agent))

    assert state_of_everything() == before


def test_with_the_person_goes_every_trace_of_the_merge(anna, twin, merged):
    merged(anna, twin)

    anna.refresh_from_db()
    from register.history.removing import removing

    with removing():
        anna.delete()

    assert not ContactMerge.objects.exists()


# --- companies ---


def test_companies_become_one_with_their_people(company, anna, merged, undone):
    other = Company.objects.create(name="Esimerkki", town="Espoo", source="staff")
    bjorn = make_contact(first_name="Björn", last_name="Lund", company=other)
    Affiliation.objects.filter(contact__in=[anna, bjorn]).update(is_main=True)
    search_words.refresh_of_companies([company.pk, other.pk])
    before = state_of_everything()

    merge = merged(company, other)

    assert CompanyMerge.objects.get() == merge
    company.refresh_from_db()
    assert (company.name, company.town) == ("Esimerkki Oy", "Espoo")
    assert {role.contact_id for role in company.affiliations.all()} == {
        anna.pk,
        bjorn.pk,
    }
    assert company.affiliations.filter(is_main=True).count() == 1

    undone(merge)
    assert state_of_everything() == before


def test_the_business_id_can_be_taken_from_the_one_that_goes(company, merged, undone):
    company.business_id, taken = "", company.business_id
    company.save()
    other = Company.objects.create(name="Esimerkki", business_id=taken, source="staff")
    search_words.refresh_of_companies([company.pk, other.pk])
    before = state_of_everything()

    merge = merged(company, other)
    company.refresh_from_db()
    assert company.business_id == taken

    undone(merge)
    assert state_of_everything() == before


def test_an_unknown_merge_of_a_job_is_left_alone():
    for key in ("nonsense", str(uuid.uuid4()), ""):
        job = jobs.Job(object_id=key)
        assert orders.merge_of_job(job) is None


# --- whatever both records hold ---

ADDRESSES = [
    "a@x.example",
    "b@x.example",
    "c@y.example",
    "+358401111111",
    "+3589222222",
]
one_person = st.fixed_dictionaries(
    {
        "names": st.tuples(*[st.sampled_from(["", "Anna", "Bo", "Laine"])] * 2),
        "language": st.sampled_from(["", "fi", "sv"]),
        "points": st.dictionaries(
            st.sampled_from(ADDRESSES), st.booleans(), max_size=4
        ),
        "refused": st.sets(
            st.tuples(
                st.sampled_from(ADDRESSES),
                st.sampled_from(["email", "phone"]),
                st.sampled_from(["marketing", "customer"]),
            ),
            max_size=2,
        ),
        "street": st.sampled_from(["", "Koulukatu 1", "Kotikatu 2"]),
        "role": st.sampled_from([None, "asentaja", ""]),
        "topics": st.sets(st.sampled_from([0, 1]), max_size=2),
        "notes": st.integers(0, 2),
    }
)


def made(facts, company, topics, actor):
    first_name, last_name = facts["names"]
    contact = make_contact(
        first_name=first_name, last_name=last_name, language=facts["language"]
    )
    primary: set[str] = set()
    for value, is_returned in facts["points"].items():
        kind = "email" if "@" in value else "phone"
        ContactPoint.objects.create(
            contact=contact,
            kind=kind,
            value=value,
            is_primary=kind not in primary,
            undeliverable_since=timezone.now() if is_returned else None,
            source="staff",
        )
        primary.add(kind)
    if facts["street"]:
        PostalAddress.objects.create(
            contact=contact, street=facts["street"], postcode="00100", source="staff"
        )
    if facts["role"] is not None:
        Affiliation.objects.create(
            contact=contact, company=company, job_title=facts["role"], source="staff"
        )
    for number in sorted(facts["topics"]):
        Interest.objects.create(contact=contact, topic=topics[number], source="person")
    for number in range(facts["notes"]):
        Note.objects.create(
            contact=contact, author=actor.user, text=f"Huomio {number}."
        )
    for address, channel, purpose in sorted(facts["refused"]):
        prohibitions.add(
            address,
            channel=Prohibition.Channel(channel),
            purpose=Prohibition.Purpose(purpose),
            method=Prohibition.Method.STAFF,
            actor=actor,
            subject_id=contact.pk,
        )
    return contact


def refused_by(*contacts):
    return {
        pair
        for contact in contacts
        for pair in consents.in_force_for(contact).values_list("channel", "purpose")
    }


def undeliverable(*contacts):
    points = ContactPoint.objects.filter(contact__in=contacts)
    return set(points.exclude(undeliverable_since=None).values_list("value", flat=True))


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(one_person, one_person, st.sets(st.sampled_from(["first_name", "last_name"])))
def test_whatever_two_records_hold_permissions_do_not_rise_and_undoing_restores_both(
    company, agent, merged, undone, one, other, taken
):
    with transaction.atomic():
        topics = list(Topic.objects.order_by("pk")[:2])
        actor = actors.of_user(agent)
        kept = made(one, company, topics, actor)
        gone = made(other, company, topics, actor)
        search_words.refresh([kept.pk, gone.pk])
        before = state_of_everything()
        refused, returned = refused_by(kept, gone), undeliverable(kept, gone)

        merge = merged(kept, gone, *taken)

        assert merge.state == Merge.State.DONE
        assert refused_by(kept) == refused
        assert undeliverable(kept) == returned
        assert values(kept) == set(one["points"]) | set(other["points"])

        assert undone(merge).state == Merge.State.UNDONE
        assert state_of_everything() == before
        transaction.set_rollback(True)
