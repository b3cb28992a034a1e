"""From the page of an import: a request to erase the people whom it added."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, ImportBatch, ImportRow
from dsar.models import Request, RequestEvent
from dsar.screens import of_import
from dsar.services import closing, collective
from register import actors
from register.errors import DomainError
from register.models import AuditEntry
from tests.contacts.import_files import as_csv, imported, try_out, upload
from tests.dsar.erasure_factory import erase, erasure_request

pytestmark = pytest.mark.django_db

HEADER = ["First Name", "Last Name", "Email"]
LIST = as_csv(
    HEADER,
    [
        ["Anna", "Virtanen", "anna.virtanen@esimerkki.example"],
        ["Maija", "Testi", "maija.testi@yritys.example"],
        ["Matti", "Testi", "matti.testi@yritys.example"],
    ],
)
REASON = "Order of the authority 123/2026"
OTHERS = ["auditor", "agent", "seller", "marketer", "administrator", "stranger"]


@pytest.fixture
def batch(anna, marketer):
    """A list of three of whom one was in the register before."""
    batch, counts = imported(LIST, user=marketer)
    assert counts["new"] == 2
    return batch


def screen(batch) -> str:
    return reverse("admin:dsar_request_of_import", args=[batch.pk])


def page_of(client, batch) -> str:
    address = reverse("admin:contacts_importbatch_change", args=[batch.pk])
    return " ".join(client.get(address).content.decode().split())


def given(**fields) -> dict[str, str]:
    now = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    return {"reason": REASON, "channel": "post", "received_at": now, **fields}


def open_for(batch, user) -> Request:
    return collective.open_for_source(
        batch,
        of_import.people_of(batch),
        channel="post",
        received_at=timezone.now(),
        reason=REASON,
        actor=actors.of_user(user),
    )


def test_the_whole_way_from_the_import_to_nobody_left(
    batch, anna, officer, second_officer, client_of
):
    client = client_of(officer)
    assert f'href="{screen(batch)}"' in page_of(client, batch)
    assert "Erase the 2 people it added" in page_of(client, batch)
    assert "will be about 2 people" in client.get(screen(batch)).content.decode()
    assert not Request.objects.exists()

    answer = client.post(screen(batch), given())

    request = Request.objects.get()
    assert answer.url == reverse("admin:dsar_request_change", args=[request.pk])
    assert (request.kind, request.is_collective) == ("erasure", True)
    assert (request.state, request.channel) == ("identified", "post")
    received = request.events.get(kind=RequestEvent.Kind.RECEIVED)
    assert (received.reason, received.by) == (REASON, officer)
    noted = AuditEntry.objects.get(action="import.erasure_asked")
    assert (noted.object_id, noted.details["count"]) == (str(batch.pk), 2)
    assert noted.actor_id == str(officer.pk)

    erase(request, officer, second_officer)
    assert (request.state, request.outcome) == ("closed", "erased")
    assert list(Contact.objects.all()) == [anna]
    # Whoever is erased is not offered again.
    assert "it added" not in page_of(client, batch)
    assert "There is nobody to erase" in client.get(screen(batch)).content.decode()


@pytest.mark.parametrize("role", OTHERS)
def test_others_are_refused_and_see_no_button(role, batch, request, client_of):
    user = request.getfixturevalue(role)
    client = client_of(user)

    assert "Erase the" not in page_of(client, batch)
    assert client.get(screen(batch)).status_code == 403
    assert client.post(screen(batch), given()).status_code == 403
    with pytest.raises(PermissionDenied):
        open_for(batch, user)

    assert not Request.objects.exists()
    assert Contact.objects.count() == 3


def test_who_was_erased_alone_is_left_out(batch, officer, second_officer, client_of):
    maija = Contact.objects.get(first_name="Maija")
    erase(erasure_request(maija, officer), officer, second_officer)
    client = client_of(officer)
    assert "Erase the 1 person it added" in page_of(client, batch)

    client.post(screen(batch), given())

    opened = Request.objects.get(is_collective=True)
    matti = Contact.objects.get(first_name="Matti")
    assert list(opened.people.values_list("subject_id", flat=True)) == [matti.pk]


def test_nobody_is_asked_for_twice(batch, officer, client_of):
    first = open_for(batch, officer)
    client = client_of(officer)
    page = page_of(client, batch)
    assert f"Request {first} to erase the people it added" in page
    assert reverse("admin:dsar_request_change", args=[first.pk]) in page

    answer = client.post(screen(batch), given())

    assert answer.status_code == 200
    assert "There is nobody to erase" in answer.content.decode()
    assert list(Request.objects.all()) == [first]


def test_after_a_refusal_it_can_be_asked_for_again(batch, officer):
    first = open_for(batch, officer)
    closing.close(
        first, outcome="refused", reason="Withdrawn", actor=actors.of_user(officer)
    )

    assert open_for(batch, officer).people.count() == 2


def test_without_the_rows_nobody_is_known(batch, officer, client_of):
    ImportRow.objects.all().delete()
    client = client_of(officer)

    assert "it added" not in page_of(client, batch)
    assert "are gone after 30 days" in client.get(screen(batch)).content.decode()
    with pytest.raises(DomainError, match="nobody to erase"):
        open_for(batch, officer)
    assert not Request.objects.exists()


def test_an_import_that_is_not_done_added_nobody(marketer, officer, client_of):
    tried = upload(LIST, user=marketer)
    try_out(tried, user=marketer)

    assert "it added" not in page_of(client_of(officer), tried)
    with pytest.raises(DomainError, match="nobody to erase"):
        open_for(tried, officer)
    assert not Request.objects.exists()


def tomorrow() -> str:
    return (timezone.localtime() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"reason": "  "}, "This field is required"),
        ({"reason": "Order about 131052-308T"}, "personal identity code"),
        ({"channel": "pigeon"}, "Select a valid choice"),
        ({"received_at": tomorrow()}, "cannot arrive in the future"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    fields, sentence, batch, officer, client_of
):
    answer = client_of(officer).post(screen(batch), given(**fields))

    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert not Request.objects.exists()


def test_a_decision_that_is_nobodys_is_refused(batch, officer):
    with pytest.raises(DomainError, match="whose decision"):
        collective.open_for_source(
            batch,
            of_import.people_of(batch),
            channel="post",
            received_at=timezone.now(),
            reason=" ",
            actor=actors.of_user(officer),
        )

    assert not Request.objects.exists()


def test_an_import_that_is_not_there_is_not_found(officer, client_of):
    unsaved = ImportBatch()

    assert client_of(officer).get(screen(unsaved)).status_code == 404
