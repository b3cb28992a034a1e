"""Records without a contact that hold an address or number of one of many people."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone

from communications.models import Call, Recording
from dsar.models import Request, RequestEvent, RequestRecord
from dsar.services import collective, erasure, identity, intake, verification
from register import actors
from register.models import AuditEntry
from register.services import jobs
from tests.conftest import make_contact
from tests.dsar.erasure_factory import (
    approved,
    erase,
    erasure_request,
    make_recording,
)

pytestmark = pytest.mark.django_db

ANNAS = "+358401234567"
PLACE = "communications_call.number"


@pytest.fixture
def actor(officer):
    return actors.of_user(officer)


@pytest.fixture
def request_(anna, bruno, actor):
    return open_for(actor, anna, bruno)


def open_for(actor, *people) -> Request:
    return collective.open_for_people(
        [each.pk for each in people],
        channel="post",
        received_at=timezone.now(),
        actor=actor,
    )


def open_by(actor, **kwargs) -> Request:
    """Register a request of somebody whom nobody has identified yet."""
    return intake.open_request(
        kind="erasure",
        channel="email",
        received_at=timezone.now(),
        actor=actor,
        **{"name": "", "email": "", "phone": "", **kwargs},
    )


def lines(request, verdict) -> dict[str, int]:
    return {
        line["table"]: line["rows"]
        for line in request.plan.lines
        if line["verdict"] == verdict
    }


def assert_untouched(recording) -> None:
    recording.refresh_from_db()
    assert recording.call.number == ANNAS
    assert default_storage.exists(recording.file.name)


def test_a_call_from_the_number_of_one_of_them_goes_with_its_recording(
    anna, request_, officer, second_officer
):
    recording = make_recording(None, ANNAS)
    others = make_recording(None, "+358409990000")

    erase(request_, officer, second_officer)

    assert request_.outcome == Request.Outcome.ERASED, request_.plan.left_over
    assert list(Recording.objects.all()) == [others]
    assert list(Call.objects.all()) == [others.call]
    assert not default_storage.exists(recording.file.name)
    assert default_storage.exists(others.file.name)
    assert request_.plan.deleted["communications.Call"] == 1
    assert not RequestRecord.objects.exists()


def test_what_was_confirmed_is_written_down_in_numbers(request_, officer, actor):
    make_recording(None, ANNAS)
    make_recording(None, "+358407654321")

    erasure.plan(request_, actor=actor)

    assert request_.records.count() == 2
    entry = AuditEntry.objects.get(action="request.records_confirmed")
    assert entry.subject_id is None
    assert entry.details == {"count": 2, "counts": {"communications.Call": 2}}
    identified = RequestEvent.objects.filter(request=request_, kind="identified")
    assert identified.count() == 2
    assert lines(request_, "delete_row")["communications.Recording"] == 2
    assert not lines(request_, "mention")


def test_they_are_found_in_any_spelling(anna, request_, actor, officer, second_officer):
    Call.objects.create(
        direction="inbound",
        number="040 123 4567",
        started_at=timezone.now(),
        ended_at=timezone.now(),
    )
    asked = open_by(actor, name="Anna V.", email=" Anna.Virtanen@Esimerkki.example")

    erase(request_, officer, second_officer)

    asked.refresh_from_db()
    assert request_.outcome == Request.Outcome.ERASED, request_.plan.left_over
    assert not Call.objects.exists()
    assert (asked.name, asked.email, asked.state) == ("", "", "received")


def test_a_number_that_another_has_as_well_is_left_to_be_judged(
    request_, actor, officer, second_officer
):
    make_contact(first_name="Cecilia", last_name="Koski", phone=ANNAS)
    recording = make_recording(None, ANNAS)

    erase(request_, officer, second_officer)

    assert_untouched(recording)
    assert lines(request_, "undecided") == {"communications.Call": 1}
    assert request_.state == Request.State.EXECUTING
    assert request_.plan.left_over == {PLACE: 1}
    assert request_.plan.sealed_identifiers

    verification.acknowledge(request_, places_judged=[PLACE], actor=actor)

    request_.refresh_from_db()
    assert request_.outcome == Request.Outcome.ERASED
    assert_untouched(recording)


def test_a_number_from_which_another_called_is_left_to_be_judged(
    request_, actor, officer, second_officer
):
    cecilia = make_contact(first_name="Cecilia", last_name="Koski")
    recording, others = make_recording(None, ANNAS), make_recording(cecilia, ANNAS)

    erase(request_, officer, second_officer)
    again = verification.order_search(request_, actor=actor)
    jobs.run(again.pk)

    request_.refresh_from_db()
    assert_untouched(recording)
    assert_untouched(others)
    assert lines(request_, "undecided") == {"communications.Call": 1}
    assert request_.state == Request.State.EXECUTING
    assert request_.plan.left_over == {PLACE: 1}


def test_a_number_that_two_of_them_share_is_theirs(
    anna, actor, officer, second_officer
):
    twin = make_contact(first_name="Tiina", last_name="Koski", phone=ANNAS)
    make_recording(None, ANNAS)
    request = open_for(actor, anna, twin)

    erase(request, officer, second_officer)

    assert request.outcome == Request.Outcome.ERASED, request.plan.left_over
    assert not Recording.objects.exists()


def test_a_record_that_names_somebody_else_too_is_left_to_be_judged(
    anna, request_, actor, officer, second_officer
):
    asked = open_by(
        actor, email="anna.virtanen@esimerkki.example", phone="+358501112223"
    )

    erase(request_, officer, second_officer)

    asked.refresh_from_db()
    assert asked.email == "anna.virtanen@esimerkki.example"
    assert lines(request_, "undecided") == {"dsar.Request": 1}
    assert request_.plan.left_over == {"dsar_request.email": 1}


def test_a_call_since_the_plan_keeps_the_request_open_and_loses_no_number(
    request_, actor, officer, second_officer
):
    job = approved(request_, officer, second_officer)
    recording = make_recording(None, ANNAS)

    jobs.run(job.pk)
    jobs.run(verification.order_search(request_, actor=actor).pk)

    request_.refresh_from_db()
    assert_untouched(recording)
    assert request_.state == Request.State.EXECUTING
    assert request_.plan.left_over == {PLACE: 1}


def test_they_are_looked_for_anew_with_every_plan(request_, actor):
    gone = make_recording(None, ANNAS).call
    erasure.plan(request_, actor=actor)
    gone.delete()
    new = make_recording(None, ANNAS).call
    assert erasure.is_current(Request.objects.get(pk=request_.pk)) is False

    erasure.plan(request_, actor=actor)

    assert [record.row_key for record in request_.records.all()] == [str(new.pk)]
    assert erasure.is_current(Request.objects.get(pk=request_.pk)) is True


def test_more_people_than_stand_in_a_text_lose_theirs_too(
    actor, officer, second_officer
):
    people = [
        make_contact(
            first_name=f"Etu{n}", last_name=f"Suku{n}", phone=f"+35840555{n:04}"
        )
        for n in range(30)
    ]
    for n in range(30):
        make_recording(None, f"+35840555{n:04}")
    request = open_for(actor, *people)

    erase(request, officer, second_officer)

    assert request.outcome == Request.Outcome.ERASED, request.plan.left_over
    assert not Call.objects.exists()
    assert request.plan.deleted["communications.Recording"] == 30


def test_one_persons_are_confirmed_by_the_officer_alone(anna, officer, actor):
    recording = make_recording(None, ANNAS)
    request = erasure_request(anna, officer)

    erasure.plan(request, actor=actor)

    assert not request.records.exists()
    assert not lines(request, "undecided")
    assert_untouched(recording)


def test_a_request_about_records_alone_is_planned(officer, actor):
    recording = make_recording(None, ANNAS)
    request = open_by(actor, phone=ANNAS)
    record = ("communications.Call", str(recording.call_id))
    identity.confirm_person(request, subject_ids=[], records=[record], actor=actor)

    erasure.plan(request, actor=actor)

    assert lines(request, "delete_row")["communications.Recording"] == 1


def test_the_page_says_how_many_are_left_to_be_judged(
    request_, actor, officer, client_of
):
    make_contact(first_name="Cecilia", last_name="Koski", phone=ANNAS)
    make_recording(None, ANNAS)
    erasure.plan(request_, actor=actor)

    address = reverse("admin:dsar_request_erasure", args=[request_.pk])
    text = client_of(officer).get(address).content.decode()

    assert "Left to be judged" in text
    assert ANNAS not in text
