"""A dry run marks whom it would add although the register may have the person."""

from __future__ import annotations

import time

import pytest
from django.urls import reverse

from contacts.models import Contact, MatchThreshold
from contacts.services import people
from register import actors
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person

pytestmark = pytest.mark.django_db


def tried(marketer, *rows):
    batch = import_files.upload(hubspot(*rows), user=marketer)
    import_files.try_out(batch, user=marketer)
    return batch


def marks_of(batch):
    rows = batch.rows.order_by("row_number")
    return [[m for m in row.marks if m.startswith("alike:")] for row in rows]


@pytest.fixture
def stored(marketer):
    """Maija Testi1 of Yritys1 Oy, under a private address."""
    batch = import_files.upload(
        hubspot(person(1, email="maija@koti.example", phone="050 7654321")),
        user=marketer,
    )
    import_files.try_out(batch, user=marketer)
    import_files.run(batch, user=marketer)
    return Contact.objects.get()


def test_the_same_name_at_the_same_company_is_marked_with_its_points(
    stored, marketer, client_of
):
    batch = tried(
        marketer,
        person(1),
        {
            **person(1, email="x@y1.example", phone=""),
            "First Name": "Testi1",
            "Last Name": "Maija",
        },
        person(1, company="Other Oy", email="z@y1.example", phone=""),
        person(2),
    )

    assert marks_of(batch) == [["alike:60"], ["alike:60"], [], []]
    url = reverse("admin:contacts_importbatch_rows", args=[batch.pk])
    page = client_of(marketer).get(url + "?kind=marked").content.decode()
    assert "Perhaps in the register already: 60 points" in page
    assert str(stored.pk) in page


@pytest.mark.parametrize(
    ("email", "is_marked"),
    [("maija+fair@koti.example", True), ("maija@other.example", False)],
)
def test_a_mailbox_of_the_same_name_is_found_under_another_address(
    stored, marketer, email, is_marked
):
    batch = tried(marketer, person(1, email=email, company="", phone=""))

    assert marks_of(batch) == [["alike:100"] if is_marked else []]


def test_two_names_of_one_provider_are_one_mailbox(stored, marketer):
    stored.points.filter(kind="email").update(value="maija@gmail.com")

    batch = tried(
        marketer, person(1, email="mai.ja@googlemail.com", company="", phone="")
    )

    assert marks_of(batch) == [["alike:100"]]


@pytest.mark.parametrize(("postcode", "is_marked"), [("00100", True), ("00200", False)])
def test_the_same_name_at_the_same_postal_address_is_marked(
    stored, marketer, postcode, is_marked
):
    stored.addresses.create(street="Testikatu 1", postcode="00100", source="staff")
    content = (
        "First Name,Last Name,Email,Street Address,Postal Code\n"
        f"Maija,Testi1,z@z.example,TESTIKATU 1,{postcode}\n"
    )
    batch = import_files.upload(content.encode(), user=marketer)
    import_files.try_out(batch, user=marketer)

    assert marks_of(batch) == [["alike:60"] if is_marked else []]


def test_where_a_name_is_enough_it_needs_nothing_else(stored, marketer):
    MatchThreshold.objects.filter(kind="contact", situation="asking").update(points=40)

    batch = tried(marketer, person(1, email="z@z.example", company="", phone=""))

    assert marks_of(batch) == [["alike:40"]]


def test_a_name_that_many_have_marks_nobody_and_stays_fast(stored, marketer):
    for number in range(30):
        people.find_or_create(
            actor=actors.of_user(marketer),
            source="import",
            emails=[f"m{number}@v.example"],
            first_name="Matti",
            last_name="Virtanen",
        )
    begun = time.monotonic()
    batch = tried(
        marketer,
        *(
            {**person(n, company=""), "First Name": "Matti", "Last Name": "Virtanen"}
            for n in range(10, 310)
        ),
    )

    assert not any(marks_of(batch))
    assert time.monotonic() - begun < 20
