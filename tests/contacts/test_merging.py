"""Merging two records of one person or company, and undoing it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from communications.models import Call, Chat, ChatParticipant, Note
from consent import selectors as consents
from consent.models import Prohibition
from consent.services import prohibitions
from contacts import information_duty
from contacts.models import (
    Affiliation,
    Company,
    CompanyMerge,
    Contact,
    ContactMerge,
    ContactPair,
    ContactPoint,
    ContactWord,
    InferredInterest,
    Interest,
    Merge,
    PostalAddress,
    Profile,
    Service,
    ServiceAgreement,
    Topic,
)
from contacts.selectors import search
from contacts.services import interests, people, search_words
from contacts.services.merging import carry_out, orders, undo
from contacts.services.merging.folding import flag_of, rules_of
from contacts.services.merging.ways import ways_to
from dsar.models import Request, RequestPerson
from register import actors
from register.datamap.earlier_keys import with_earlier_keys
from register.datamap.graph import graph
from register.errors import Conflict, DomainError
from register.history.versions import history_of
from register.models import AddressProtection, AuditEntry, Hold, Team
from register.services import holds, jobs, protections
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


def test_a_bare_role_is_no_second_one_beside_the_same_role_with_a_title(
    anna, twin, company, merged, undone
):
    roles = Affiliation.objects.filter(company=company)
    rows = ("contact", "job_title", "duties", "valid_from", "valid_to")
    roles.filter(contact=anna).update(job_title="", duties=["hr"])
    roles.filter(contact=twin).update(
        job_title="ostaja", valid_from=date(2024, 3, 1), duties=["invoicing"]
    )
    Affiliation.objects.create(
        contact=twin, company=company, valid_to=date(2022, 1, 31), source="staff"
    )
    before = sorted(roles.values_list(*rows), key=repr)

    merge = merged(anna, twin)

    assert list(roles.order_by("pk").values_list(*rows)) == [
        (anna.pk, "ostaja", ["hr", "invoicing"], date(2024, 3, 1), None),
        # What has ended is another time at the company.
        (anna.pk, "", [], None, date(2022, 1, 31)),
    ]
    undone(merge)
    assert sorted(roles.values_list(*rows), key=repr) == before


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


# --- what came while they were one ---


def refuse(address, agent, channel="email", purpose="marketing", subject_id=None):
    given = prohibitions.add(
        address,
        channel=Prohibition.Channel(channel),
        purpose=Prohibition.Purpose(purpose),
        method=Prohibition.Method.STAFF,
        actor=actors.of_user(agent),
        subject_id=subject_id,
    )
    # The database tells the time by the start of the transaction, which is the test.
    Prohibition.objects.filter(pk=given.pk).update(created_at=timezone.now())
    return given


def test_what_was_refused_while_they_were_one_is_refused_by_both(
    anna, twin, merged, undone, agent
):
    merge = merged(anna, twin)
    refuse("anna.virtanen@esimerkki.example", agent, subject_id=anna.pk)
    refuse("anna@koti.example", agent, "phone", "customer")

    undone(merge)

    for person in (anna, twin):
        assert set(consents.in_force_for(person).values_list("channel", "purpose")) == {
            ("email", "marketing"),
            ("phone", "customer"),
        }
    assert ContactWord.objects.filter(
        contact=twin, word="=refuses_email-marketing"
    ).exists()


def test_what_one_of_them_refused_before_stays_with_that_one(
    anna, twin, merged, undone, agent
):
    refuse("anna@koti.example", agent, subject_id=twin.pk)

    undone(merged(anna, twin))

    assert not consents.in_force_for(anna).exists()
    assert consents.in_force_for(twin).count() == 1


def test_holds_and_protections_set_while_they_were_one_hold_for_both(
    anna, twin, merged, undone, agent
):
    actor = actors.of_user(agent)
    merge = merged(anna, twin)
    holds.place(reason=Hold.Reason.LEGAL_CLAIM, subject_id=anna.pk, actor=actor)
    protections.protect(anna.pk, ground="non_disclosure", actor=actor)

    undone(merge)

    for person in (anna, twin):
        assert holds.in_force(person.pk).count() == 1
        assert AddressProtection.objects.get(subject_id=person.pk).is_in_force


def test_a_protection_set_anew_while_they_were_one_is_no_obstacle(
    anna, twin, merged, undone, agent
):
    actor = actors.of_user(agent)
    for person, until in ((anna, timezone.localdate()), (twin, None)):
        protections.protect(
            person.pk, ground="own_request", valid_until=until, actor=actor
        )
    merge = merged(anna, twin)
    protections.lift(AddressProtection.objects.get(lifted_at=None), actor=actor)
    protections.protect(anna.pk, ground="non_disclosure", actor=actor)

    undone(merge)

    in_force = AddressProtection.objects.filter(lifted_at=None)
    assert set(in_force.values_list("subject_id", "ground")) == {
        (anna.pk, "non_disclosure"),
        (twin.pk, "non_disclosure"),
    }


def test_an_objection_to_profiling_while_they_were_one_is_of_both(
    anna, twin, merged, undone, agent
):
    topic = Topic.objects.earliest("pk")
    for person in (anna, twin):
        InferredInterest.objects.create(
            contact=person, topic=topic, concluded_from="brochures", source="staff"
        )
    merge = merged(anna, twin)
    interests.object_to_profiling(anna, actor=actors.of_user(agent))

    undone(merge)

    assert interests.has_objected(anna)
    assert interests.has_objected(twin)
    assert not InferredInterest.objects.exists()


def test_mail_that_came_back_while_they_were_one_came_back_for_both(
    anna, twin, merged, undone
):
    shared = "anna@koti.example"
    ContactPoint.objects.create(
        contact=anna, kind="email", value=shared, source="staff"
    )
    merge = merged(anna, twin)
    ContactPoint.objects.filter(contact=anna, value=shared).update(
        undeliverable_since=timezone.now()
    )

    undone(merge)

    assert undeliverable(anna) == undeliverable(twin) == {shared}


def test_while_a_request_about_both_is_open_they_stay_one(anna, twin, merged, agent):
    merge = merged(anna, twin)
    request = Request.objects.create(
        number=1,
        kind="access",
        state="identified",
        received_at=timezone.now(),
        due_on=timezone.localdate(),
    )
    RequestPerson.objects.create(request=request, subject_id=anna.pk)
    actor = actors.of_user(agent)

    with pytest.raises(Conflict, match="request"):
        orders.order_undo(merge, actor=actor)

    assert not Contact.objects.filter(pk=twin.pk).exists()
    Request.objects.update(state="closed")
    merge, job = orders.order_undo(merge, actor=actor)
    Request.objects.update(state="identified")
    jobs.run(job.pk)
    merge.refresh_from_db()
    assert (merge.state, merge.refusal) == (Merge.State.DONE, "request_open")
    assert orders.why_not(merge)
    assert not Contact.objects.filter(pk=twin.pk).exists()


def test_what_was_made_the_first_address_since_is_no_obstacle(
    anna, twin, merged, undone
):
    """Of an address that both had, and of one that only the other had."""
    ContactPoint.objects.filter(contact=twin, kind="phone").delete()
    for contact, value, is_primary in (
        (anna, "+358401111111", False),
        (twin, "+358401111111", True),
        (twin, "+358402222222", False),
    ):
        ContactPoint.objects.create(
            contact=contact,
            kind="phone",
            value=value,
            is_primary=is_primary,
            source="staff",
        )
    merge = merged(anna, twin)
    for kind, value in (("phone", "+358402222222"), ("email", "anna@koti.example")):
        points = ContactPoint.objects.filter(contact=anna, kind=kind)
        points.update(is_primary=False)
        points.filter(value=value).update(is_primary=True)

    undone(merge)

    first = ContactPoint.objects.filter(contact=twin, is_primary=True)
    assert set(first.values_list("value", flat=True)) == {
        "anna@koti.example",
        "+358401111111",
    }
    assert values(twin) == {"anna@koti.example", "+358401111111", "+358402222222"}
    assert merge.left


def test_an_address_written_anew_since_stays_and_the_others_come_back(
    anna, twin, merged, undone
):
    ContactPoint.objects.create(
        contact=anna, kind="email", value="anna@koti.example", source="staff"
    )
    ContactPoint.objects.create(
        contact=twin, kind="email", value="anna@tyo.example", source="staff"
    )
    merge = merged(anna, twin)
    points = ContactPoint.objects.filter(contact=anna)
    points.filter(value="anna@koti.example").delete()
    points.filter(value="anna@tyo.example").update(value="anna@koti.example")

    undone(merge)

    assert values(twin) == {"anna@koti.example", "+358401234567"}
    assert values(anna) == {
        "anna.virtanen@esimerkki.example",
        "anna@koti.example",
    } | {value for value in values(anna) if value.startswith("+")}


def test_a_team_and_a_company_that_are_gone_meanwhile_are_no_obstacle(
    anna, twin, merged, undone, company
):
    team = Team.objects.create(name="North")
    Contact.objects.filter(pk=twin.pk).update(team=team)
    Contact.objects.filter(pk=anna.pk).update(team=Team.objects.create(name="South"))
    twin.refresh_from_db()
    anna.refresh_from_db()
    merge = merged(anna, twin)
    team.delete()
    company.delete()

    undone(merge)

    twin.refresh_from_db()
    assert twin.team is None
    assert not Affiliation.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- what the person said, and must be told ---


def test_nothing_is_concluded_of_whoever_objected_in_either_record(
    anna, twin, merged, undone, agent
):
    topic, other = Topic.objects.order_by("pk")[:2]
    interests.object_to_profiling(anna, actor=actors.of_user(agent))
    Profile.objects.create(contact=twin, role_level="management", source="staff")
    for each in (topic, other):
        InferredInterest.objects.create(
            contact=twin, topic=each, concluded_from="brochures", source="staff"
        )
    search_words.refresh([anna.pk, twin.pk])
    before = state_of_everything()

    merge = merged(anna, twin)

    profile = Profile.objects.get()
    assert profile.objected_at is not None
    assert profile.role_level == ""
    assert not InferredInterest.objects.exists()
    undone(merge)
    assert state_of_everything() == before


def test_what_the_person_named_is_no_longer_concluded(anna, twin, merged, undone):
    topic = Topic.objects.earliest("pk")
    Interest.objects.create(contact=anna, topic=topic, source="person")
    InferredInterest.objects.create(
        contact=twin, topic=topic, concluded_from="brochures", source="staff"
    )
    search_words.refresh([anna.pk, twin.pk])
    before = state_of_everything()

    merge = merged(anna, twin)

    assert Interest.objects.get().contact == anna
    assert not InferredInterest.objects.exists()
    undone(merge)
    assert state_of_everything() == before


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("other", [{"source": "person"}, {"informed_at": LONG_AGO}])
def test_whoever_is_to_be_told_of_either_record_is_to_be_told_of_the_one(
    anna, twin, merged, undone, agent, is_kept, other
):
    told, untold = (twin, anna) if is_kept else (anna, twin)
    Contact.objects.filter(pk=untold.pk).update(
        source="import",
        source_detail="List 1",
        collected_at=LONG_AGO,
        informed_at=None,
    )
    Contact.objects.filter(pk=told.pk).update(
        **{"source": "import", "source_detail": "List 2", **other}
    )
    for each in (anna, twin):
        each.refresh_from_db()
    search_words.refresh([anna.pk, twin.pk])
    before = state_of_everything()
    with pytest.raises(DomainError):
        orders.order(
            kept=anna, gone=twin, taken=["source"], actor=actors.of_user(agent)
        )

    merge = merged(anna, twin)

    anna.refresh_from_db()
    assert information_duty.is_open(anna)
    assert (anna.source, anna.source_detail) == ("import", "List 1")
    assert anna.collected_at == LONG_AGO
    undone(merge)
    assert state_of_everything() == before


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
        "concluded": st.sets(st.sampled_from([0, 1]), max_size=2),
        "profile": st.sampled_from(["", "level", "objected"]),
        "told": st.sampled_from(["person", "told", "untold"]),
        "held": st.booleans(),
        "protected": st.sampled_from([None, "own_request", "non_disclosure"]),
        "agreement": st.booleans(),
        "notes": st.integers(0, 2),
    }
)


def made(facts, company, topics, actor):
    first_name, last_name = facts["names"]
    contact = make_contact(
        first_name=first_name,
        last_name=last_name,
        language=facts["language"],
        source="person" if facts["told"] == "person" else "import",
        informed_at=timezone.now() if facts["told"] == "told" else None,
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
    if facts["profile"] == "objected":
        interests.object_to_profiling(contact, actor=actor)
    else:
        for number in sorted(facts["concluded"] - facts["topics"]):
            InferredInterest.objects.create(
                contact=contact, topic=topics[number], source="staff"
            )
    if facts["profile"] == "level":
        Profile.objects.create(contact=contact, role_level="owner", source="staff")
    if facts["held"]:
        holds.place(reason=Hold.Reason.LEGAL_CLAIM, subject_id=contact.pk, actor=actor)
    if facts["protected"]:
        protections.protect(contact.pk, ground=facts["protected"], actor=actor)
    if facts["agreement"]:
        ServiceAgreement.objects.create(
            person=contact, service=Service.objects.earliest("pk"), source="staff"
        )
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


def forbidden_by(*contacts):
    """Whatever restrains what may be done with any of these people."""
    keys = [contact.pk for contact in contacts]
    found = {
        ("refused", *pair)
        for contact in contacts
        for pair in consents.in_force_for(contact).values_list("channel", "purpose")
    }
    found |= {("returned", value) for value in undeliverable(*contacts)}
    if any(interests.has_objected(contact) for contact in contacts):
        found.add(("profiling",))
    if Hold.objects.filter(subject_id__in=keys, released_at=None).exists():
        found.add(("held",))
    if AddressProtection.objects.filter(subject_id__in=keys, lifted_at=None).exists():
        found.add(("protected",))
    if any(information_duty.is_open(contact) for contact in contacts):
        found.add(("to be told",))
    return found


MEANWHILE = st.sets(
    st.sampled_from(["refused", "held", "protected", "objected", "first"]), max_size=3
)


def happens_meanwhile(contact, what, actor):
    """What may happen to the one record that both are."""
    if "refused" in what:
        refuse("c@y.example", actor.user, "phone", "customer", subject_id=contact.pk)
    if "held" in what:
        holds.place(reason=Hold.Reason.AUTHORITY, subject_id=contact.pk, actor=actor)
    if "protected" in what:
        for earlier in AddressProtection.objects.filter(lifted_at=None):
            protections.lift(earlier, actor=actor)
        protections.protect(contact.pk, ground="non_disclosure", actor=actor)
    if "objected" in what and not interests.has_objected(contact):
        interests.object_to_profiling(contact, actor=actor)
    if "first" in what and (last := contact.points.order_by("-pk").first()):
        contact.points.filter(kind=last.kind).update(is_primary=False)
        contact.points.filter(pk=last.pk).update(is_primary=True)


def undeliverable(*contacts):
    points = ContactPoint.objects.filter(contact__in=contacts)
    return set(points.exclude(undeliverable_since=None).values_list("value", flat=True))


@settings(
    max_examples=20,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    one_person,
    one_person,
    st.sets(st.sampled_from(["first_name", "last_name"])),
    MEANWHILE,
)
def test_whatever_two_records_hold_permissions_do_not_rise_and_undoing_restores_both(
    company, agent, merged, undone, one, other, taken, meanwhile
):
    with transaction.atomic():
        topics = list(Topic.objects.order_by("pk")[:2])
        actor = actors.of_user(agent)
        kept = made(one, company, topics, actor)
        gone = made(other, company, topics, actor)
        search_words.refresh([kept.pk, gone.pk])
        before = state_of_everything()
        forbidden = forbidden_by(kept, gone)
        of_each = [(each, forbidden_by(each)) for each in (kept, gone)]

        merge = merged(kept, gone, *taken)

        assert merge.state == Merge.State.DONE
        kept.refresh_from_db()
        assert forbidden_by(kept) == forbidden
        assert values(kept) == set(one["points"]) | set(other["points"])
        assert not concluded_against_the_person(kept)
        happens_meanwhile(kept, meanwhile, actor)

        assert undone(merge).state == Merge.State.UNDONE
        if not meanwhile:
            assert state_of_everything() == before
        for each, was in of_each:
            # Only an address can be refused; what is said of a person has the person.
            can_refuse = each == kept or each.points.exists()
            new = {NEW[what] for what in meanwhile & NEW.keys()}
            new -= set() if can_refuse else {NEW["refused"]}
            # Who objects already has nothing to say anew.
            new -= forbidden & {NEW["objected"]}
            assert forbidden_by(each) == was | new
        transaction.set_rollback(True)


NEW: dict[str, tuple[str, ...]] = {
    "refused": ("refused", "phone", "customer"),
    "held": ("held",),
    "protected": ("protected",),
    "objected": ("profiling",),
}


def concluded_against_the_person(contact):
    """What is concluded although the person objected, or named it."""
    concluded = InferredInterest.objects.filter(contact=contact)
    if interests.has_objected(contact):
        return concluded.exists() or contact.profile.role_level
    named = Interest.objects.filter(contact=contact).values("topic")
    return concluded.filter(topic__in=named).exists()
