"""Reading a file: encodings, separators, header rows, and what is refused."""

from __future__ import annotations

import io

import pytest

from contacts.services.imports import reading, reasons, texts
from contacts.services.imports.reading import Choice, Unreadable


def examined(content: bytes, **choice):
    return reading.examine(lambda: io.BytesIO(content), Choice(**choice))


def rows_of(content: bytes, **choice):
    layout = examined(content, **choice).layout
    return [row.cells for row in reading.records(io.BytesIO(content), layout)]


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    layout = examined("\ufeffEmail,Nimi\na@b.fi,Äijä\n".encode()).layout

    assert (layout.encoding, layout.delimiter) == ("utf-8", ",")
    assert layout.header == ("Email", "Nimi")


@pytest.mark.parametrize(
    ("encoding", "guessed"),
    [
        ("cp1252", "windows-1252"),
        ("latin-1", "windows-1252"),
        ("mac-roman", "mac-roman"),
        ("cp850", "cp850"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-8", "utf-8"),
    ],
)
def test_the_encoding_is_seen_by_the_letters_of_our_languages(encoding, guessed):
    content = "Etunimi;Sähköposti\r\nÄijä;a@b.fi\r\nÅsa;å@b.fi\r\n".encode(encoding)

    assert examined(content).layout.encoding == guessed
    assert rows_of(content) == [["Äijä", "a@b.fi"], ["Åsa", "å@b.fi"]]


def test_the_euro_and_the_caron_of_iso_8859_15_are_seen():
    content = "Nimi;Email\nŠemeikka;a@b.fi\nŽilinskij;b@b.fi\n".encode("iso-8859-15")

    assert examined(content).layout.encoding == "iso-8859-15"


def test_letters_of_other_alphabets_are_seen():
    names = ["Иван Петров", "Мария Сидорова", "Алексей Кузнецов", "Ольга Николаева"]
    lines = "".join(f"{name};a{n}@b.fi\n" for n, name in enumerate(names))
    content = f"Nimi;Email\n{lines}".encode("cp1251")

    assert rows_of(content)[0] == ["Иван Петров", "a0@b.fi"]


def test_a_wrong_guess_of_the_encoding_can_be_corrected():
    content = "Nimi;Email\nŽak;a@b.fi\n".encode("cp1250")

    assert rows_of(content, encoding="windows-1250") == [["Žak", "a@b.fi"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_an_encoding_the_file_is_not_written_in_is_refused(encoding):
    with pytest.raises(Unreadable) as refused:
        examined("Nimi;Email\nÄijä;a@b.fi\n".encode("cp1252"), encoding=encoding)

    assert refused.value.code == "encoding"


def test_a_character_across_two_chunks_is_one_character():
    content = b"Email,Nimi\n" + b"x" * (256 * 1024 - 12) + "ä,b\n".encode()

    assert texts.encoding_of(lambda: io.BytesIO(content)) == ("utf-8", 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_and_line_ends_are_guessed(delimiter, end):
    lines = [["Nimi", "Email", "Huom"], ["Ada", "a@b.fi", ""], ["Bo", "b@b.fi", "x y"]]
    content = "".join(delimiter.join(line) + end for line in lines).encode()

    assert rows_of(content) == lines[1:]


def test_a_line_that_names_the_separator_is_obeyed_and_is_no_row():
    content = b"sep=;\r\nNimi;Email\r\nA,B,C;a@b.fi\r\n"

    found = examined(content)

    assert found.layout.delimiter == ";"
    assert rows_of(content) == [["A,B,C", "a@b.fi"]]
    # The spreadsheet does not show that line.
    assert found.layout.header_row == 1


def test_commas_in_cells_do_not_hide_semicolons():
    content = b"Nimi;Email;Summa\nEk, Ada;a@b.fi;1,5\nOja, Bo;b@b.fi;2,5\n"

    assert rows_of(content)[0] == ["Ek, Ada", "a@b.fi", "1,5"]


def test_line_breaks_and_separators_inside_quotes_belong_to_the_cell():
    content = b'Email;Note\na@b.fi;"first\nsecond; ""third"""\n'

    assert rows_of(content) == [["a@b.fi", 'first\nsecond; "third"']]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them():
    content = b'Email,Note\n\na@b.fi,"two\nlines"\n,\nc@d.fi,x\n'

    assert [row.number for row in examined(content).rows] == [3, 5]


def test_one_column_is_enough():
    assert rows_of(b"Email\na@b.fi\n") == [["a@b.fi"]]


def test_a_formula_stays_text():
    assert rows_of(b"Email,Name\na@b.fi,=2+5\n") == [["a@b.fi", "=2+5"]]


def test_a_header_further_down_is_found_and_what_stands_above_is_left_out():
    content = (
        "Messukontaktit 2026;;\nTulostettu 1.2.2026;;\n;;\n"
        "Etunimi;Sukunimi;Sähköposti\nAda;Ek;a@b.fi\n"
    ).encode()

    found = examined(content)

    assert found.layout.header_row == 4
    assert found.notices == ["header_further_down"]
    assert rows_of(content) == [["Ada", "Ek", "a@b.fi"]]


def test_a_file_without_a_header_is_read_from_its_first_row():
    content = b"Ada Ek,a@b.fi\nBo Oja,b@b.fi\n"

    found = examined(content)

    assert (found.layout.header_row, found.layout.header) == (0, ("", ""))
    assert found.notices == ["no_header"]
    assert len(found.rows) == 2


def test_another_header_row_can_be_chosen():
    content = b"A,B\nNimi,Email\nAda,a@b.fi\n"

    assert examined(content, header_row=1).layout.header == ("A", "B")
    assert examined(content, header_row=0).layout.header == ("", "")


def test_what_stands_above_a_column_and_tells_about_a_person_is_not_kept():
    content = b"Email,anna@x.example,131052-308T,040 1234567,Nimi\na@b.fi,x,y,z,Ada\n"

    assert examined(content, header_row=1).layout.header == (
        "Email",
        "",
        "",
        "",
        "Nimi",
    )


def test_columns_that_are_used_count_though_they_have_no_name():
    content = b"Nimi,Email,,\nAda,a@b.fi,x,\nBo,b@b.fi,y,\nCai,c@b.fi,,\n"

    assert examined(content).layout.width == 3


def test_empty_columns_and_rows_at_the_end_do_not_count():
    content = b"Nimi;Email;;;\nAda;a@b.fi;;;\n;;;;\n;;;;\n"

    found = examined(content)

    assert found.layout.width == 2
    assert len(found.rows) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \r\n", "empty"),
        (b";;;\n;;;\n", "empty"),
        (b"Email,Name\n", "no_rows"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not_text"),
        (b"%PDF-1.7\n", "not_text"),
        (bytes(range(1, 32)) * 40, "not_text"),
        (b"PK\x03\x04" + bytes(100), "workbook_damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook_xls"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
            + bytes(90_000)
            + "EncryptedPackage".encode("utf-16-le"),
            "encrypted",
        ),
        (b"Email\na@b.fi\0\n", "nul"),
        (b"Email\n" + b"a@b.fi\n" * 20_000 + b"c@d\0.fi\n", "nul"),
        (b'{"email": "a@b.fi"}', "json"),
        (b"<html><body><table>", "markup"),
        (b"\r\n<?xml version='1.0'?><Workbook>", "markup"),
        (b",".join(b"c%d" % number for number in range(200)) + b"\nx\n", "columns"),
        (b'Email,Note\na@b.fi,"never closed\nc@d.fi,x\n', "quotes"),
        (b'Email,Note\na@b.fi,"' + b"x" * 200_000 + b'"\n', "cell_too_long"),
        (b"x" * (2 * 1024 * 1024), "line_too_long"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(content, code):
    with pytest.raises(Unreadable) as refused:
        examined(content)

    assert refused.value.code == code
    assert str(reasons.OF_FILES[code]).endswith(".")
