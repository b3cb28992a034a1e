"""Whoever approves an import sees what it would do, and takes out what should stay out."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.urls import reverse

from consent.models import Prohibition
from consent.services import prohibitions
from contacts.models import Contact, PostalAddress
from contacts.services import people
from contacts.services.imports import blockers, review
from contacts.services.imports.blockers import Blocker
from register import actors
from register.errors import DomainError
from register.services import protections
from tests.contacts import import_files
from tests.contacts.import_files import as_csv, hubspot, imported, person
from tests.dsar.erasure_factory import erase, erasure_request

pytestmark = pytest.mark.django_db


def address(batch, name="rows"):
    return reverse(f"admin:contacts_importbatch_{name}", args=[batch.pk])


def body(response) -> str:
    return " ".join(response.content.decode().split())


@pytest.fixture
def tried(marketer, anna):
    batch = import_files.upload(
        hubspot(
            person(1),
            person(2),
            {
                "First Name": "Annika",
                "Email": "anna.virtanen@esimerkki.example",
                "Phone Number": "050 1112222",
            },
        ),
        user=marketer,
        replaced_all=["first_name"],
    )
    import_files.try_out(batch, user=marketer)
    return batch


def test_a_change_is_shown_field_by_field(tried, marketer, client_of):
    page = body(client_of(marketer).get(address(tried) + "?kind=updated"))

    assert "Anna → Annika" in page
    assert "+358501112222" in page
    csv = client_of(marketer).get(address(tried, "difference"))
    assert "Anna → Annika" in b"".join(csv.streaming_content).decode()


def test_a_row_that_was_taken_out_is_not_imported(tried, marketer, client_of):
    row = tried.rows.order_by("row_number").first()
    client_of(marketer).post(
        address(tried) + "?kind=new", {"action": "take_out", "row": [row.pk, "x"]}
    )

    counts = import_files.run(tried, user=marketer)

    assert counts == {"new": 1, "removed": 1, "updated": 1, "refusals": 0}
    assert not Contact.objects.filter(last_name="Testi1").exists()


def test_a_whole_kind_is_taken_out_at_once(tried, marketer, client_of):
    client_of(marketer).post(address(tried) + "?kind=new", {"all": "1"})

    counts = import_files.run(tried, user=marketer)

    assert counts == {"removed": 2, "updated": 1, "refusals": 0}
    assert Contact.objects.count() == 1


def test_without_the_right_nothing_is_shown_or_taken_out(tried, client_of, stranger):
    client = client_of(stranger)

    assert client.get(address(tried)).status_code == 403
    assert client.get(address(tried, "difference")).status_code == 403
    assert client.post(address(tried), {"all": "1"}).status_code == 403
    assert not tried.rows.filter(is_removed=True).exists()


def test_nothing_is_taken_out_once_the_import_has_run(tried, marketer):
    import_files.run(tried, user=marketer)

    with pytest.raises(DomainError):
        review.take_out(
            tried, tried.rows.all(), is_removed=True, actor=actors.of_user(marketer)
        )


def test_a_prohibition_marks_a_row(marketer):
    prohibitions.add(
        "maija.testi1@yritys1.example",
        channel=Prohibition.Channel.EMAIL,
        purpose=Prohibition.Purpose.MARKETING,
        method=Prohibition.Method.STAFF,
        actor=actors.of_user(marketer),
    )
    batch = import_files.upload(hubspot(person(1), person(2)), user=marketer)

    import_files.try_out(batch, user=marketer)

    marks = list(batch.rows.order_by("row_number").values_list("marks", flat=True))
    assert marks == [["prohibited"], []]


def test_whoever_was_erased_and_had_refused_is_not_added_again(
    anna, officer, second_officer, marketer
):
    address = "anna.virtanen@esimerkki.example"
    prohibitions.add(
        address,
        channel=Prohibition.Channel.EMAIL,
        purpose=Prohibition.Purpose.MARKETING,
        method=Prohibition.Method.STAFF,
        actor=actors.of_user(officer),
        subject_id=anna.pk,
    )
    erase(erasure_request(anna, officer, email=address), officer, second_officer)
    assert not Contact.objects.exists()

    batch, counts = imported(
        hubspot(person(1), person(2, email=address)), user=marketer
    )

    assert counts == {"new": 1, "blocked": 1, "refusals": 0}
    assert list(Contact.objects.values_list("last_name", flat=True)) == ["Testi1"]
    [row] = batch.rows.filter(outcome="blocked")
    assert (row.errors, row.cells, row.contact) == (["erased_with_refusal"], [], None)


def test_the_address_that_was_replaced_is_hidden_once_it_is_protected(
    anna, agent, marketer, client_of
):
    PostalAddress.objects.create(
        contact=anna, street="Zqkatu 1", postcode="00100", town="Zqlä", source="import"
    )
    header = ["Email", "Street", "Town", "Phone"]
    cells = ["anna.virtanen@esimerkki.example", "Zqtie 2", "Zqmäki", "050 9998888"]
    batch = import_files.upload(
        as_csv(header, [cells]), user=marketer, replaced_all=["street"]
    )
    import_files.try_out(
        batch, user=marketer, targets=["email", "street", "town", "phone"]
    )
    url = address(batch) + "?kind=updated"
    assert "Zqkatu 1" in body(client_of(marketer).get(url))

    protections.protect(anna.pk, ground="own_request", actor=actors.of_user(agent))

    page = body(client_of(marketer).get(url))
    assert "050 9998888" in page
    for hidden in ("Zqkatu", "Zqlä", "Zqtie", "Zqmäki"):
        assert hidden not in page
    csv = client_of(marketer).get(address(batch, "difference"))
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
        text = b"".join(csv.streaming_content).decode()
        cursor.execute("RESET ROLE")
    assert "Zq" not in text


def test_the_page_offers_to_undo_and_says_what_was_undone(marketer, client_of):
    batch, _counts = imported(hubspot(person(1), person(2)), user=marketer)
    changed = Contact.objects.get(last_name="Testi1")
    people.correct(changed, actor=actors.of_user(marketer), first_name="Maikki")
    client = client_of(marketer)
    assert "Undo this import" in body(client.get(address(batch, "change")))

    client.post(address(batch, "change"), {"action": "undo"})
    batch.refresh_from_db()
    assert batch.state == "done"  # not without the tick
    client.post(address(batch, "change"), {"action": "undo", "sure": "1"})
    import_files.work_off(batch)

    page = body(client.get(address(batch, "change")))
    assert "The import was undone" in page
    assert "Undo this import" not in page
    assert "was changed since" in body(client.get(address(batch) + "?kind=kept"))


def test_a_dry_run_says_plainly_whom_of_the_erased_it_cannot_know(
    tried, marketer, client, monkeypatch
):
    client.force_login(marketer)
    page = reverse("admin:contacts_importbatch_change", args=[tried.pk])
    sentence = "recognises only those who had refused"

    assert sentence in client.get(page).content.decode()
    # Who knows them all says so, and the warning goes.
    everybody = Blocker(
        "all", "erased", lambda _found: [], keeps_out=True, knows_erased=True
    )
    monkeypatch.setitem(blockers.BLOCKERS, "all", everybody)

    assert sentence not in client.get(page).content.decode()


def test_a_row_that_adds_to_an_earlier_one_says_so(marketer, client):
    rows = [person(1), person(1, phone="050 7654321")]
    batch = import_files.upload(hubspot(*rows), user=marketer)
    import_files.try_out(batch, user=marketer)
    client.force_login(marketer)

    page = client.get(address(batch) + "?kind=updated").content.decode()

    assert "It adds to the person of an earlier row" in page
    page = client.get(address(batch) + "?kind=new").content.decode()
    assert "It adds to the person of an earlier row" not in page


def test_the_rows_begin_with_the_first_kind_there_is(anna, marketer, client_of):
    known = hubspot(person(1, email=anna.points.get(kind="email").value))
    batch = import_files.upload(known, user=marketer)
    import_files.try_out(batch, user=marketer)

    page = client_of(marketer).get(address(batch))

    found = {code: count for code, _name, count in page.context["kinds"]}
    assert found["new"] == 0
    assert found[page.context["kind"]] > 0
