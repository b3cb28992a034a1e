"""Reading a CSV file: encodings, separators, and what is refused with a sentence."""

from __future__ import annotations

import io

import pytest

from contacts.services.imports import reading, reasons, targets
from contacts.services.imports.reading import Unreadable


def examined(content: bytes):
    return reading.examine(lambda: io.BytesIO(content))


def rows_of(content: bytes):
    layout = examined(content)
    records = list(reading.records(io.BytesIO(content), layout))
    return [record.cells for record in records[1:]]


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    layout = examined("\ufeffEmail,Nimi\na@b.fi,Äijä\n".encode())

    assert (layout.encoding, layout.delimiter) == ("utf-8-sig", ",")
    assert layout.header == ["Email", "Nimi"]


def test_finnish_excel_is_read_with_semicolons_and_its_own_encoding():
    content = "Etunimi;Sähköposti\r\nÄijä;a@b.fi\r\n".encode("cp1252")

    assert examined(content).encoding == "windows-1252"
    assert rows_of(content) == [["Äijä", "a@b.fi"]]


def test_unicode_text_of_a_spreadsheet_is_read():
    content = "Email\tNimi\r\na@b.fi\tÄijä\r\n".encode("utf-16")

    assert examined(content).delimiter == "\t"
    assert rows_of(content) == [["a@b.fi", "Äijä"]]


def test_a_character_across_two_chunks_is_one_character():
    content = b"Email,Nimi\n" + b"x" * (256 * 1024 - 12) + "ä,b\n".encode()

    assert examined(content).encoding == "utf-8-sig"


def test_line_breaks_and_separators_inside_quotes_belong_to_the_cell():
    content = b'Email;Note\na@b.fi;"first\nsecond; ""third"""\n'

    assert rows_of(content) == [["a@b.fi", 'first\nsecond; "third"']]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them():
    content = b'Email,Note\n\na@b.fi,"two\nlines"\nc@d.fi,x\n'
    layout = examined(content)

    records = list(reading.records(io.BytesIO(content), layout))

    assert [record.number for record in records] == [1, 3, 4]


def test_one_column_is_enough():
    assert rows_of(b"Email\na@b.fi\n") == [["a@b.fi"]]


def test_a_formula_stays_text():
    assert rows_of(b"Email,Name\na@b.fi,=2+5\n") == [["a@b.fi", "=2+5"]]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not_text"),
        (b"PK\x03\x04" + bytes(100), "workbook"),
        (b"%PDF-1.7\n", "not_text"),
        (b"Email\na@b.fi\0\n", "not_text"),
        (b"Email\n" + b"a@b.fi\n" * 20_000 + b"c@d\0.fi\n", "nul"),
        (b'{"email": "a@b.fi"}', "not_csv"),
        (b"<html><body>", "not_csv"),
        (b"\x81Email\x8d\na@b.fi\n", "encoding"),
        (b"a@b.fi,Anna\nc@d.fi,Bo\n", "no_header"),
        (b",".join(b"c%d" % number for number in range(200)) + b"\n", "columns"),
    ],
)
def test_what_is_no_csv_file_is_refused_with_a_sentence(content, code):
    with pytest.raises(Unreadable) as refused:
        examined(content)

    assert refused.value.code == code
    assert str(reasons.OF_FILES[code]).endswith(".")


def test_a_quotation_mark_that_is_never_closed_is_named_as_the_reason():
    content = b'Email,Note\na@b.fi,"never closed\n' + b"c@d.fi,x\n" * 20_000

    with pytest.raises(Unreadable) as refused:
        rows_of(content)

    assert refused.value.code == "quotes"


def test_columns_are_recognised_in_three_languages():
    assert targets.guess(["First Name", "Sukunimi", "E-postadress", "Favourite"]) == [
        "first_name",
        "last_name",
        "email",
        "",
    ]


def test_a_column_that_permits_is_not_taken_for_one_that_prohibits():
    assert targets.guess(["Markkinointilupa", "Email opt in", "Subscribed"]) == [""] * 3


def test_a_second_column_of_the_same_meaning_is_left_out_unless_it_may_repeat():
    assert targets.guess(["Etunimi", "First name", "Email", "E-mail"]) == [
        "first_name",
        "",
        "email",
        "email",
    ]
