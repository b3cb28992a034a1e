"""A column that refuses becomes prohibitions, whatever else is wrong with its row."""

from __future__ import annotations

import pytest

from consent import selectors
from consent.models import Prohibition
from contacts.models import Contact
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, imported, person

pytestmark = pytest.mark.django_db

EMAIL, PHONE = Prohibition.Channel.EMAIL, Prohibition.Channel.PHONE


def is_prohibited(address, channel=EMAIL):
    return selectors.is_prohibited(
        address, channel=channel, purpose=Prohibition.Purpose.MARKETING
    )


def test_unsubscribed_becomes_a_prohibition_and_never_a_permission(marketer):
    content = hubspot(
        person(1, email="MAIJA@YRITYS.EXAMPLE", unsubscribed="true"),
        person(2, unsubscribed="false"),
        person(3),
    )

    _batch, counts = imported(content, user=marketer)

    assert counts == {"new": 3, "refusals": 1}
    prohibition = Prohibition.objects.get()
    assert (prohibition.channel, prohibition.purpose, prohibition.method) == (
        "email",
        "marketing",
        "import",
    )
    assert prohibition.subject_id == Contact.objects.get(last_name="Testi1").pk
    assert is_prohibited("maija@yritys.example")
    assert not is_prohibited("maija.testi2@yritys2.example")


def test_a_dry_run_prohibits_nothing(marketer):
    batch = import_files.upload(hubspot(person(1, unsubscribed="true")), user=marketer)

    import_files.try_out(batch, user=marketer)

    assert not Prohibition.objects.exists()


def test_the_same_file_twice_prohibits_once(marketer):
    content = hubspot(person(1, unsubscribed="true"))
    imported(content, user=marketer)

    _batch, counts = imported(content, user=marketer)

    assert counts == {"unchanged": 1, "refusals": 0}
    assert Prohibition.objects.count() == 1


def test_a_later_file_that_does_not_say_so_lifts_nothing(marketer):
    imported(hubspot(person(1, unsubscribed="true")), user=marketer)

    imported(hubspot(person(1, unsubscribed="false")), user=marketer)

    assert is_prohibited("maija.testi1@yritys1.example")


def test_a_refusal_counts_even_if_its_row_cannot_be_imported(marketer):
    content = import_files.as_csv(
        ["Sähköposti", "Y-tunnus", "Suoramarkkinointikielto"],
        [["eeva@x.example", "2327327-2", "kyllä"]],
    )

    _batch, counts = imported(content, user=marketer)

    assert counts == {"invalid": 1, "refusals": 2}
    assert is_prohibited("eeva@x.example")
    assert not Contact.objects.exists()


def test_a_refusal_of_somebody_without_e_mail_holds_for_an_address_added_later(
    marketer,
):
    imported(hubspot(person(1, email="", unsubscribed="true")), user=marketer)
    contact = Contact.objects.get()

    contact.points.create(kind="email", value="maija@uusi.example", source="staff")

    refused = selectors.in_force_for(contact)
    assert list(refused.values_list("channel", flat=True)) == ["email"]


def test_a_refusal_covers_every_address_the_person_has(marketer, anna):
    anna.points.create(kind="email", value="anna@koti.example", source="staff")

    imported(
        hubspot(
            person(1, email="anna.virtanen@esimerkki.example", unsubscribed="true")
        ),
        user=marketer,
    )

    assert is_prohibited("anna@koti.example")


@pytest.mark.parametrize(
    ("cell", "refuses"),
    [("K", True), ("kyllä", True), ("E", False), ("ei", False), ("", False)],
)
def test_a_finnish_ban_is_one_on_every_channel(marketer, cell, refuses):
    content = import_files.as_csv(
        ["Sähköposti", "Puhelin", "Suoramarkkinointikielto"],
        [["eeva@x.example", "040 1234567", cell]],
    )

    imported(content, user=marketer)

    assert is_prohibited("eeva@x.example") is refuses
    assert is_prohibited("0401234567", PHONE) is refuses


def test_what_is_neither_yes_nor_no_is_an_error(marketer):
    content = hubspot(person(1, unsubscribed="perhaps"))

    batch, counts = imported(content, user=marketer)

    assert counts == {"invalid": 1, "refusals": 0}
    assert batch.rows.get().errors == ["yes_or_no:10"]
