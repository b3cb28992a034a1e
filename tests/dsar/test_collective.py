"""Many people of one request: each is erased as if alone, all in one run."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from communications.models import Call, Chat, ChatLine, ChatParticipant
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactWord,
    ImportBatch,
    ImportRow,
)
from contacts.services import search_words
from contacts.services.imports import batches
from dsar.models import Request, RequestEvent, RequestPerson
from dsar.services import collective, erasure
from dsar.services.erasure_identity import unseal
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, Hold, Job
from register.services import holds, jobs
from tests.conftest import make_contact
from tests.dsar.erasure_factory import (
    approved,
    erase,
    erasure_request,
    make_chat,
    make_recording,
    say,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def actor(officer):
    return actors.of_user(officer)


@pytest.fixture
def cecilia(company):
    return make_contact(
        first_name="Cecilia",
        last_name="Lindqvist",
        email="cecilia@esimerkki.example",
        phone="+358409998887",
        company=company,
    )


@pytest.fixture
def request_(anna, bruno, actor):
    return open_for(actor, anna, bruno)


def open_for(actor, *people) -> Request:
    return collective.open_for_people(
        [each.pk for each in people],
        channel="post",
        received_at=timezone.now(),
        reason="Order of the authority",
        actor=actor,
    )


def texts(chat: Chat) -> list[str]:
    return list(chat.lines.order_by("pk").values_list("text", flat=True))


def test_all_are_erased_in_one_run_and_nobody_else(
    anna, bruno, cecilia, request_, officer, second_officer
):
    together, alone = make_chat(anna, bruno), make_chat(anna)
    others = make_chat(cecilia)
    make_recording(bruno)

    job = erase(request_, officer, second_officer)

    assert (job.state, job.error_code) == ("done", "")
    assert (request_.state, request_.outcome) == ("closed", "erased")
    assert list(Contact.objects.all()) == [cecilia]
    # Nobody is left in a chat of two who are both erased.
    assert not Chat.objects.filter(pk__in=[together.pk, alone.pk]).exists()
    assert texts(others) == ["Hei, olen Cecilia Lindqvist.", "Kuinka voin auttaa?"]
    assert not Call.objects.exists()
    assert request_.plan.deleted["contacts.Contact"] == 2
    assert request_.plan.sealed_identifiers == ""


def test_out_of_a_shared_record_goes_who_is_in_it_and_no_namesake(
    anna, bruno, cecilia, request_, officer, second_officer
):
    shared = make_chat(anna, cecilia, agent_says="Hei Anna! Bruno soittaa pian.")

    erase(request_, officer, second_officer)

    assert texts(shared) == [
        "Hei, olen Cecilia Lindqvist.",
        "Hei […]! Bruno soittaa pian.",
    ]


def test_one_of_them_in_a_record_of_another_goes_if_it_is_surely_the_person(
    anna, bruno, cecilia, request_, officer, second_officer
):
    shared = make_chat(anna, cecilia, agent_says="Hei Anna, Bruno: 040 765 4321.")
    others = make_chat(cecilia, agent_says="Anna: anna.virtanen@esimerkki.example")
    named = make_chat(cecilia, agent_says="Bruno Mäkelä kävi")

    erase(request_, officer, second_officer)

    assert texts(shared)[-1] == "Hei […], […]: […]."
    assert texts(others)[-1] == "[…]"
    # It may be a namesake's, unless the officer decides otherwise.
    assert texts(named)[-1] == "Bruno Mäkelä kävi"
    assert [line for line in request_.plan.lines if line["verdict"] == "namesake"]


def test_names_that_mean_them_go_if_the_officer_says_so(
    anna, bruno, cecilia, request_, officer, second_officer
):
    others = make_chat(cecilia, agent_says="Bruno Mäkelä kävi, ei Anna Korhonen")

    erase(request_, officer, second_officer, includes_namesakes=True)

    assert texts(others)[-1] == "[…] kävi, ei Anna Korhonen"


def test_each_is_known_by_what_is_their_own(
    anna, bruno, request_, officer, second_officer
):
    ChatLine.objects.create(chat=make_chat(make_contact()), text="Anna Virtanen")
    erasure.plan(request_, actor=actors.of_user(officer))
    looked = erasure.look(request_)

    known = {identity.keys: identity for identity in looked.gathered.known}

    assert set(known) == {(str(anna.pk),), (str(bruno.pk),)}
    assert known[str(anna.pk),].emails == ("anna.virtanen@esimerkki.example",)
    assert known[str(bruno.pk),].phones == ("+358407654321",)
    assert [name.given for name in known[str(bruno.pk),].names] == [("bruno",)]


def test_what_is_left_of_one_of_them_is_found_and_sealed_until_then(
    anna, bruno, cecilia, request_, officer, second_officer
):
    cecilia.source_detail = "bruno.makela@esimerkki.example suositteli"
    approved_job = approved(request_, officer, second_officer)
    # Written after the plan was made.
    cecilia.save()

    jobs.run(approved_job.pk)
    request_.refresh_from_db()

    assert request_.state == Request.State.EXECUTING
    assert request_.plan.left_over == {"contacts_contact.source_detail": 1}
    gathered = unseal(request_.plan.sealed_identifiers, purpose=str(request_.pk))
    assert len(gathered.known) == 2


def test_an_address_they_share_with_somebody_else_says_nothing(
    anna, cecilia, actor, officer, second_officer
):
    twin = make_contact(
        first_name="Tiina",
        last_name="Koski",
        phone=cecilia.points.get(kind="phone").value,
    )
    request = open_for(actor, anna, twin)
    others = make_chat(cecilia, agent_says="Soitan numeroon 040 999 8887")

    erase(request, officer, second_officer)

    assert texts(others)[-1] == "Soitan numeroon 040 999 8887"


def test_a_hold_on_one_of_them_blocks_all(anna, bruno, request_, actor):
    holds.place(reason=Hold.Reason.LEGAL_CLAIM, subject_id=bruno.pk, actor=actor)

    assert [o.code for o in erasure.obstacles_of(request_)] == ["on_hold"]
    assert Contact.objects.count() == 2


def test_one_who_waits_for_access_blocks_all(bruno, officer, request_):
    erasure_request(bruno, officer, kind="access")

    assert [o.code for o in erasure.obstacles_of(request_)] == ["access_open"]


def test_the_trail_names_each_who_was_confirmed_and_erased(
    anna, bruno, request_, officer, second_officer
):
    erase(request_, officer, second_officer)

    for action in ("request.identified", "contact.erased"):
        entries = AuditEntry.objects.filter(action=action)
        assert {entry.subject_id for entry in entries} == {anna.pk, bruno.pk}
        assert entries.count() == 2
    erased = AuditEntry.objects.filter(action="contact.erased", subject_id=anna.pk)
    assert erased.get().object_id == str(anna.pk)
    submitted = AuditEntry.objects.get(action="erasure.submitted")
    assert (submitted.subject_id, submitted.details["count"]) == (None, 2)


def test_nobody_is_a_request_about_no_people(actor):
    with pytest.raises(DomainError, match="nobody to erase"):
        open_for(actor)

    assert not Request.objects.exists()


def test_a_contact_that_is_not_there_is_refused(anna, actor):
    gone = make_contact()
    key = gone.pk
    gone.delete()
    gone.pk = key

    with pytest.raises(DomainError, match="no such person"):
        open_for(actor, anna, gone)

    assert not RequestPerson.objects.exists()


def test_the_pages_show_how_many_and_nobodys_name(
    anna, bruno, request_, officer, client_of, actor
):
    erasure.plan(request_, actor=actor)
    client = client_of(officer)

    for name in ("change", "erasure"):
        answer = client.get(reverse(f"admin:dsar_request_{name}", args=[request_.pk]))
        text = answer.content.decode()
        assert answer.status_code == 200
        assert not any(name in text for name in ("Virtanen", "Mäkelä", str(anna.pk)))
    page = client.get(reverse("admin:dsar_request_change", args=[request_.pk]))
    assert "2 people, each of whom is erased as if alone" in page.content.decode()
    # Nobody was shown, so nobody was looked at.
    viewed = AuditEntry.objects.filter(action="request.viewed")
    assert {entry.subject_id for entry in viewed} == {None}


def test_nobody_is_searched_for_by_hand(request_, officer, client_of):
    address = reverse("admin:dsar_request_find", args=[request_.pk])

    assert client_of(officer).get(address).status_code == 404
    assert client_of(officer).post(address, {"action": "confirm"}).status_code == 404
    assert request_.people.count() == 2


def test_an_import_added_whom_it_did_not_find(anna, bruno, cecilia):
    batch = ImportBatch.objects.create(title="Bought list")
    for number, (contact, outcome, is_written) in enumerate(
        [(anna, "new", True), (bruno, "updated", True), (cecilia, "new", False)]
    ):
        ImportRow.objects.create(
            batch=batch,
            row_number=number,
            contact=contact,
            outcome=outcome,
            is_written=is_written,
        )

    assert list(batches.people_added(batch)) == [anna.pk]


def test_more_people_than_stand_in_a_text_are_erased_the_same(
    actor, officer, second_officer, cecilia
):
    people = [
        make_contact(
            first_name=f"Etu{n}", last_name=f"Suku{n}", email=f"e{n}@x.example"
        )
        for n in range(30)
    ]
    for one in people:
        say(make_chat(one), "Hei taas", one)
    request = open_for(actor, *people)

    erase(request, officer, second_officer)

    assert request.state == Request.State.CLOSED
    assert list(Contact.objects.all()) == [cecilia]
    assert not Chat.objects.exists()
    assert request.plan.deleted["communications.ChatLine"] == 90


@pytest.mark.parametrize("state", ["identified", "executing"])
def test_an_erasure_gives_nobody_the_data_and_keeps_its_state(
    state, request_, officer, second_officer, client_of
):
    if state == "executing":
        approved(request_, officer, second_officer)

    for step in ("collect", "package"):
        address = reverse(f"admin:dsar_request_{step}", args=[request_.pk])
        answer = client_of(officer).post(address, follow=True)
        assert "does not ask for the data" in answer.content.decode()

    request_.refresh_from_db()
    assert request_.state == state
    assert not Job.objects.filter(kind="dsar.make_package").exists()
    assert not request_.findings.exists()


def test_whose_decision_it_was_stays_and_names_nobody(
    anna, bruno, cecilia, actor, officer, second_officer
):
    request = collective.open_for_people(
        [anna.pk, bruno.pk],
        channel="post",
        received_at=timezone.now(),
        reason="Order 17/2026 of the authority, Bruno Mäkelä",
        actor=actor,
    )

    erase(request, officer, second_officer)

    assert request.outcome == Request.Outcome.ERASED, request.plan.left_over
    received = request.events.get(kind="received")
    assert received.reason == "Order 17/2026 of the authority, […]"


def test_who_is_erased_by_another_request_keeps_its_reason_and_goes_once(
    anna, bruno, request_, officer, second_officer
):
    erase(erasure_request(anna, officer, reason="Anna asked"), officer, second_officer)

    erase(request_, officer, second_officer)

    assert request_.outcome == Request.Outcome.ERASED
    assert request_.plan.deleted["contacts.Contact"] == 1
    assert request_.events.get(kind="received").reason == "Order of the authority"
    assert not RequestEvent.objects.filter(reason="Anna asked").exists()
    erased = AuditEntry.objects.filter(action="contact.erased")
    assert sorted(e.subject_id for e in erased) == sorted([anna.pk, bruno.pk])


def test_who_was_erased_already_is_refused(anna, bruno, actor, officer, second_officer):
    erase(erasure_request(anna, officer), officer, second_officer)

    with pytest.raises(DomainError, match="no such person"):
        open_for(actor, anna, bruno)

    assert Request.objects.count() == 1
    assert Contact.objects.filter(pk=bruno.pk).exists()


def test_who_is_named_twice_is_erased_once(anna, actor, officer, second_officer):
    request = open_for(actor, anna, anna)

    erase(request, officer, second_officer)

    assert request.outcome == Request.Outcome.ERASED
    assert AuditEntry.objects.filter(action="contact.erased").count() == 1


@pytest.mark.parametrize("includes_namesakes", [False, True])
def test_what_is_left_is_the_same_as_when_each_was_erased_alone(
    includes_namesakes, officer, second_officer, actor
):
    def erased(*, is_together: bool) -> dict[str, list[str]]:
        one, two = people = people_and_neighbour()
        requests = (
            [open_for(actor, one, two)]
            if is_together
            else [erasure_request(person, officer) for person in people]
        )
        for request in requests:
            erase(
                request, officer, second_officer, includes_namesakes=includes_namesakes
            )
            assert request.outcome == Request.Outcome.ERASED
        return what_is_left()

    with transaction.atomic():
        together = erased(is_together=True)
        transaction.set_rollback(True)
    alone = erased(is_together=False)

    assert together == alone
    assert together["people"] == ["Cecilia"]
    assert "[…] ja […] ja Cecilia: […]" in together["texts"]
    assert "[…] Cecilia […]: […], […]" in together["texts"]


def people_and_neighbour() -> tuple[Contact, Contact]:
    """Return two who share chats and companies with each other and with Cecilia."""
    one = make_contact(first_name="Ylva", last_name="Ståhl", email="ylva@posti.example")
    two = make_contact(first_name="Yrjö", last_name="Mäkelä", phone="+358407654321")
    cecilia = make_contact(
        first_name="Cecilia",
        last_name="Lindqvist",
        email="cecilia@posti.example",
        source_detail="Yrjö 040 765 4321, Ylva Ståhl",
    )
    for name, kind, members in (
        ("Ylva Ståhl & Yrjö Mäkelä", "company", (one, two, cecilia)),
        ("Tmi Ylva Ståhl", "sole_trader", (one, two)),
        ("Tmi Yrjö Mäkelä", "sole_trader", (two, cecilia)),
    ):
        firm = Company.objects.create(name=name, kind=kind, source="staff")
        for person in members:
            Affiliation.objects.create(contact=person, company=firm, source="staff")
        search_words.refresh_of_companies([firm.pk])
    make_recording(one)
    make_chat(one, two)
    make_chat(
        one, two, cecilia, agent_says="Ylva ja Yrjö ja Cecilia: ylva@posti.example"
    )
    make_chat(
        one,
        two,
        cecilia,
        agent_says="Ylva Ståhl Cecilia Yrjö: ylva@posti.example, 0407654321",
    )
    make_chat(one, cecilia, agent_says="Yrjö Mäkelä ja Ylva; 040 765 4321")
    make_chat(cecilia, agent_says="Yrjö Mäkelä ja Ylva Ståhl, Yrjö, Ylva")
    return one, two


def what_is_left() -> dict[str, list[str]]:
    """Return what the register says, without the records of the erasures."""
    fields = {
        "people": Contact.objects.values_list("first_name"),
        "companies": Company.objects.values_list("name"),
        "participants": ChatParticipant.objects.values_list("display_name"),
        "words": ContactWord.objects.values_list("word"),
        "sources": Contact.objects.values_list("source_detail"),
        "texts": ChatLine.objects.values_list("text"),
    }
    return {
        name: sorted(text for (text,) in rows) + (["calls"] * Call.objects.count())
        for name, rows in fields.items()
    }
