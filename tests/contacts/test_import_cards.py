"""Contact cards (vCard) as telephones and mail programs write them."""

from __future__ import annotations

import io
import tracemalloc

import pytest

from contacts.models import Contact, ImportRow
from contacts.services.imports import reading, reasons
from contacts.services.imports.cards import HEADER, UNREADABLE
from contacts.services.imports.layouts import CARDS, CSV, Choice, Unreadable
from tests.contacts import import_files

OUTLOOK = """BEGIN:VCARD\r
VERSION:2.1\r
N;LANGUAGE=fi;CHARSET=Windows-1252;ENCODING=QUOTED-PRINTABLE:M=E4kel=E4;Anna\r
FN;CHARSET=Windows-1252;ENCODING=QUOTED-PRINTABLE:Anna M=E4kel=E4\r
ORG:Testi Oy;Myynti\r
TITLE:Toimitusjohtaja\r
TEL;WORK;VOICE:09 123 4567\r
TEL;CELL;VOICE:040 123 4567\r
TEL;WORK;FAX:09 765 4321\r
ADR;WORK;PREF;CHARSET=Windows-1252;ENCODING=QUOTED-PRINTABLE:;;H=E4meenkatu=\r
 1=0D=0AB 2;Tampere;;33100;Suomi\r
EMAIL;PREF;INTERNET:anna.makela@testi.example\r
PHOTO;TYPE=JPEG;ENCODING=BASE64:\r
 /9j/4AAQSkZJRgABAQEAYABgAAD\r
/9j/not-folded-as-it-should-be\r
\r
X-MS-OL-DESIGN;CHARSET=utf-8:<card xmlns="http://schemas.microsoft.com/x"/>\r
REV:20251101T101010Z\r
END:VCARD\r
"""
IPHONE = """BEGIN:VCARD
VERSION:3.0
PRODID:-//Apple Inc.//iPhone OS 18.0//EN
N:Virtanen;Matti;Juhani;;
FN:Matti Juhani Virtanen
ORG:Yritys\\, Poika ja Kumpp. Oy;
item1.EMAIL;type=INTERNET:matti.koti@testi.example
item1.X-ABLabel:_$!<Home>!$_
EMAIL;type=INTERNET;type=pref:matti@testi.example
TEL;type=CELL;type=VOICE;type=pref:+358 40 765 4321
item2.ADR;type=HOME:;;Pitkäkatu 5 A 1;Turku;;20100;Finland
NOTE:Soittaa aina aam
 ulla
BDAY:1970-01-01
TITLE:Asiantuntija\\; pää
 llikkö
END:VCARD
"""
NEWEST = """BEGIN:VCARD
VERSION:4.0
KIND:individual
FN:Björn Ek
N:Ek;Björn;;;
TEL;VALUE=uri;PREF=1;TYPE="voice,cell":tel:+358-40-111-2222;ext=1
EMAIL;PREF=1:bjorn@testi.example
LANG:sv
PHOTO:data:image/jpeg;base64,MIICajCCAdOgAwIBAgICBEUwDQYJKoZIhvAQEEBQAwdzELMAkGA1UEBhMCVVMxLDAqBgN
END:VCARD
"""


def rows(content: bytes, choice: Choice | None = None) -> list[dict[str, str]]:
    examined = reading.examine(lambda: io.BytesIO(content), choice)
    assert examined.layout.kind == CARDS
    found = reading.records(io.BytesIO(content), examined.layout)
    return [dict(zip(HEADER, row.cells, strict=True)) for row in found]


def said(row: dict[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in row.items() if cell}


def test_a_card_of_outlook_gives_its_values_and_nothing_of_its_picture():
    [row] = rows(OUTLOOK.encode("ascii"))

    assert said(row) == {
        "First name": "Anna",
        "Last name": "Mäkelä",
        "E-mail address": "anna.makela@testi.example",
        "Mobile telephone": "040 123 4567",
        "Telephone": "09 123 4567",
        "Company": "Testi Oy",
        "Job title": "Toimitusjohtaja",
        "Street address": "Hämeenkatu 1 B 2",
        "Postcode": "33100",
        "Town": "Tampere",
    }


def test_a_card_of_an_iphone_gives_its_values_and_leaves_out_notes_and_birthdays():
    [row] = rows(IPHONE.encode())

    assert said(row) == {
        "First name": "Matti Juhani",
        "Last name": "Virtanen",
        "E-mail address": "matti@testi.example; matti.koti@testi.example",
        "Mobile telephone": "+358 40 765 4321",
        "Company": "Yritys, Poika ja Kumpp. Oy",
        "Job title": "Asiantuntija; päällikkö",
        "Street address": "Pitkäkatu 5 A 1",
        "Postcode": "20100",
        "Town": "Turku",
    }


def test_many_cards_of_different_versions_stand_in_one_file():
    found = rows((OUTLOOK + IPHONE + "\n" + NEWEST).encode())

    assert [row["Last name"] for row in found] == ["Mäkelä", "Virtanen", "Ek"]
    assert said(found[2]) == {
        "First name": "Björn",
        "Last name": "Ek",
        "E-mail address": "bjorn@testi.example",
        "Mobile telephone": "+358-40-111-2222",
        "Language": "sv",
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-15"])
def test_cards_are_read_in_whatever_encoding_they_are_saved(encoding):
    [row] = rows(NEWEST.encode(encoding))

    assert row["First name"] == "Björn"


def test_a_card_of_a_company_has_no_person():
    card = "BEGIN:VCARD\nVERSION:3.0\nN:;;;;\nFN:Testi Oy\nORG:Testi Oy\nEMAIL:a@testi.example\nEND:VCARD\n"

    [row] = rows(card.encode())

    assert said(row) == {"E-mail address": "a@testi.example", "Company": "Testi Oy"}


@pytest.mark.parametrize(
    "bad",
    [
        "BEGIN:VCARD\nVERSION:3.0\nFN:Torn Off\n",
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=klingon;ENCODING=QUOTED-PRINTABLE:=E4;B\nEND:VCARD\n",
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E4;B\nEND:VCARD\n",
        "BEGIN:VCARD\nVERSION:2.1\nN;ENCODING=BASE64:QUFB\nEND:VCARD\n",
        "BEGIN:VCARD\nVERSION:2.1\nFN;ENCODING=QUOTED-PRINTABLE:=00\nEND:VCARD\n",
        "BEGIN:VCARD\nVERSION:3.0\nthis is no property\nEND:VCARD\n",
    ],
)
def test_a_bad_card_stays_out_and_the_next_is_read(bad):
    found = rows((bad + NEWEST).encode())

    assert [row["First name"] for row in found] == [UNREADABLE, "Björn"]
    assert not any(cell for name, cell in found[0].items() if name != "First name")


def test_a_card_without_end_is_told_and_not_an_endless_one():
    endless = "BEGIN:VCARD\nVERSION:3.0\n" + "FN:Aa\n" * 100_000
    with pytest.raises(Unreadable) as refused:
        rows(endless.encode())
    assert refused.value.code == "card_too_long"
    assert refused.value.code in reasons.OF_FILES


def test_a_large_picture_is_not_held_in_memory():
    picture = "PHOTO;ENCODING=b:" + "A" * 20_000_000 + "\n"
    content = NEWEST.replace("LANG:sv\n", picture + "LANG:sv\n").encode()
    examined = reading.examine(lambda: io.BytesIO(content))
    tracemalloc.start()

    [row] = reading.records(io.BytesIO(content), examined.layout)
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert row.cells[-1] == "sv"
    assert most < 2_000_000


def test_a_table_that_speaks_of_cards_stays_a_table():
    content = b"name;email\nBEGIN:VCARD;a@testi.example\n"

    assert reading.examine(lambda: io.BytesIO(content)).layout.kind == CSV


@pytest.mark.django_db
def test_cards_are_tried_imported_and_say_what_is_wrong(marketer):
    torn = "BEGIN:VCARD\nVERSION:3.0\nFN:Torn Off\n"
    content = (IPHONE + torn + NEWEST).encode()

    batch, counts = import_files.imported(content, user=marketer)

    assert counts == {"new": 2, "invalid": 1, "refusals": 0}
    assert batch.kind == batch.Kind.CARDS
    assert batch.row_count == 3
    assert {str(contact.last_name) for contact in Contact.objects.all()} == {
        "Virtanen",
        "Ek",
    }
    [bad] = batch.rows.filter(outcome=ImportRow.Outcome.INVALID)
    assert (bad.row_number, bad.errors[0]) == (2, "card_unreadable")
