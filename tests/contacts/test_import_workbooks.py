"""Reading workbooks: what cells show, and what is no workbook or a bomb."""

from __future__ import annotations

import datetime
import io
import struct
import zipfile

import openpyxl
import pytest

from contacts.services.imports import reading, reasons, workbooks
from contacts.services.imports.reading import Choice, Unreadable
from tests.contacts import workbook_files
from tests.contacts.workbook_files import MAIN, by_hand, xlsx

HEADER = ["Nimi", "Sähköposti", "Puhelin"]
ROW = ["Ada Ek", "a@b.fi", "040 1234567"]


def examined(content: bytes, **choice):
    return reading.examine(lambda: io.BytesIO(content), Choice(**choice))


def rows_of(content: bytes, **choice):
    layout = examined(content, **choice).layout
    return [row.cells for row in reading.records(io.BytesIO(content), layout)]


def rows(*cells: str) -> str:
    lines = "".join(f"<row>{cell}</row>" for cell in cells)
    return f"<sheetData>{lines}</sheetData>"


def text(*cells: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)


def test_cells_read_as_they_are_shown():
    book = openpyxl.Workbook()
    book.active.append(["a", "b", "c", "d", "e", "f", "g", "h"])
    book.active.append(
        [
            358401234567,
            datetime.date(2026, 5, 1),
            datetime.datetime(2026, 5, 1, 12, 30),  # noqa: DTZ001 - as a cell has it
            True,
            100,
            1.5,
            "  Äijä & Co <x> ",
            None,
        ]
    )
    book.active["E2"].number_format = "00000"

    assert rows_of(workbook_files.saved(book)) == [
        [
            *("358401234567", "2026-05-01", "2026-05-01 12:30:00", "TRUE"),
            *("00100", "1.5", "  Äijä & Co <x> ", ""),
        ]
    ]


def test_the_value_of_a_formula_is_read_and_one_without_value_is_an_error():
    cells = rows(
        text("Nimi", "Email"),
        '<c t="str"><f>A1</f><v>Ada</v></c><c><f>B1</f></c>',
        '<c t="e"><v>#REF!</v></c><c t="str"><f>IF(1,"")</f><v></v></c>' + text("x"),
    )

    found = examined(by_hand(cells))

    assert [row.cells for row in found.rows] == [
        ["Ada", "#CALC!"],
        ["#REF!", "", "x"],
    ]
    assert found.notices == ["not_computed"]


def test_shared_strings_are_read_with_all_their_runs_and_without_their_pronunciation():
    strings = (
        f'<sst xmlns="{MAIN}"><si><t>Nimi</t></si><si><r><t>Ada </t></r><r><t>Ek</t></r>'
        "<rPh><t>x</t></rPh></si><si><t>a_x000D_b</t></si></sst>"
    )
    cells = rows(
        '<c t="s"><v>0</v></c>', '<c t="s"><v>1</v></c>', '<c t="s"><v>2</v></c>'
    )

    assert rows_of(by_hand(cells, strings=strings)) == [["Ada Ek"], ["a\rb"]]


def test_other_prefixes_and_missing_references_are_read():
    sheet = (
        f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>'
        '<x:row r="3"><x:c r="B3" t="str"><x:v>Email</x:v></x:c></x:row>'
        '<x:row><x:c t="str"><x:v>Ada</x:v></x:c><x:c t="str"><x:v>a@b.fi</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )

    found = examined(by_hand("", {"xl/worksheets/sheet1.xml": sheet.encode()}))

    assert found.layout.header_row == 3
    assert [(row.number, row.cells) for row in found.rows] == [(4, ["Ada", "a@b.fi"])]


def test_the_first_sheet_that_is_shown_and_holds_something_is_read():
    content = xlsx([["secret"], ["x"]], [], [HEADER, ROW], hidden=[0])

    found = examined(content)

    assert found.layout.sheet == 2
    assert [(s.name, s.is_hidden) for s in found.sheets] == [
        ("Sheet 0", True),
        ("Sheet 1", False),
        ("Sheet 2", False),
    ]
    assert rows_of(content, sheet=0) == [["x"]]


def test_a_merged_title_above_the_header_is_left_out():
    book = openpyxl.Workbook()
    for row in (["Messut 2026"], [], HEADER, ROW):
        book.active.append(row)
    book.active.merge_cells("A1:C1")

    found = examined(workbook_files.saved(book))

    assert found.layout.header_row == 3
    assert [row.cells for row in found.rows] == [ROW]


def test_what_the_sheet_says_about_its_size_is_not_believed():
    cells = '<dimension ref="A1"/>' + rows(text(*HEADER), text(*ROW), text(*ROW))

    assert len(rows_of(by_hand(cells))) == 2
    huge = '<dimension ref="A1:XFD1048576"/>' + rows(text(*HEADER), text(*ROW))
    assert len(rows_of(by_hand(huge))) == 1


def test_the_number_of_rows_is_estimated_for_the_progress():
    said = '<dimension ref="A1:C5000"/>' + rows(text(*HEADER), text(*ROW))
    assert examined(by_hand(said)).layout.row_count == 5000
    unsaid = rows(text(*HEADER), *(text(*ROW) for _ in range(50)))
    assert 1 <= examined(by_hand(unsaid)).layout.row_count <= 50


def test_a_cell_at_the_end_of_the_sheet_is_one_too_many_in_its_row_alone():
    cells = (
        f'<sheetData><row r="1">{text(*HEADER)}</row><row r="2">{text(*ROW)}</row>'
        f'<row r="3">{text(*ROW)}</row>'
        '<row r="1048576"><c r="XFD1048576" t="str"><v>x</v></c></row></sheetData>'
    )

    found = examined(by_hand(cells))

    assert found.layout.width == 3
    last = found.rows[-1]
    assert (last.number, last.cells[-1], len(last.cells)) == (1_048_576, "x", 151)


def test_a_million_empty_rows_hold_nothing():
    empty = "".join(
        f'<row r="{n}"><c r="XFD{n}" s="1"/></row>' for n in range(3, 60_003)
    )
    cells = f'<sheetData><row r="1">{text(*HEADER)}</row><row r="2">{text(*ROW)}</row>{empty}</sheetData>'

    assert rows_of(by_hand(cells)) == [ROW]


ZEROS = bytes(20 * 1024 * 1024)
ENTITIES = (
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    b'<sheetData><row><c t="str"><v>&b;</v></c></row></sheetData></worksheet>'
)


def archive_of(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def flagged_as_encrypted(content: bytes) -> bytes:
    at = content.find(b"PK\x01\x02") + 8
    return content[:at] + struct.pack("<H", 1) + content[at + 2 :]


SHEET = "xl/worksheets/sheet1.xml"
HOSTILE = {
    "swollen": (lambda: by_hand("", {SHEET: ZEROS}), "bomb"),
    "entities": (lambda: by_hand("", {SHEET: ENTITIES}), "bomb"),
    "entities of the book": (
        lambda: by_hand("", {"xl/workbook.xml": ENTITIES}),
        "bomb",
    ),
    "deep": (lambda: by_hand("<a>" * 300 + "</a>" * 300), "bomb"),
    "members": (
        lambda: by_hand("", {f"xl/media/{n}.xml": b"" for n in range(6_000)}),
        "bomb",
    ),
    "cell": (lambda: by_hand(rows(text("x" * 200_000), text("y"))), "cell_too_long"),
    "columns": (
        lambda: xlsx([[f"c{n}" for n in range(200)], ["x"] * 200]),
        "columns",
    ),
    "cut off": (lambda: xlsx([HEADER, ROW])[:-200], "workbook_damaged"),
    "rows backwards": (
        lambda: by_hand('<sheetData><row r="5"/><row r="2"/></sheetData>'),
        "workbook_damaged",
    ),
    "row beyond the last": (
        lambda: by_hand('<sheetData><row r="99999999999"/></sheetData>'),
        "workbook_damaged",
    ),
    "no such string": (
        lambda: by_hand(rows('<c t="s"><v>7</v></c>')),
        "workbook_damaged",
    ),
    "no sheet": (
        lambda: by_hand("", {"xl/workbook.xml": b"<workbook/>"}),
        "no_sheet",
    ),
    "empty": (lambda: xlsx([]), "empty_sheet"),
    "only a header": (lambda: xlsx([HEADER]), "no_rows"),
    "encrypted members": (
        lambda: flagged_as_encrypted(xlsx([HEADER, ROW])),
        "encrypted",
    ),
    "archive": (lambda: archive_of(list=b"a;b"), "archive"),
    "ods": (lambda: archive_of(mimetype=b"x", content=b"y"), "workbook_ods"),
    "docx": (
        lambda: by_hand("", {"word/document.xml": b"<a/>"}),
        "document",
    ),
    "xlsb": (lambda: by_hand("", {"xl/workbook.bin": b"x"}), "workbook_binary"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_workbook_that_is_none_or_a_bomb_is_refused_with_a_sentence(name):
    make, code = HOSTILE[name]
    with pytest.raises(Unreadable) as refused:
        examined(make())

    assert refused.value.code == code
    assert str(reasons.OF_FILES[code]).endswith(".")


def test_a_bomb_is_refused_before_anything_is_unpacked(monkeypatch):
    def opened(*_args, **_kwargs):
        raise AssertionError("A member was unpacked.")

    content = by_hand("", {SHEET: ZEROS})
    monkeypatch.setattr(zipfile.ZipFile, "open", opened)

    with pytest.raises(Unreadable, match="bomb"):
        examined(content)


def test_shared_strings_may_only_be_so_large(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_SHARED_STRINGS", 100)
    strings = f'<sst xmlns="{MAIN}"><si><t>{"x" * 200}</t></si></sst>'

    with pytest.raises(Unreadable, match="workbook_too_large"):
        examined(by_hand(rows(text("a")), strings=strings))


def test_a_size_that_lies_cannot_make_more_come_out():
    """The header of the sheet says ten bytes; the rest of it is never unpacked."""
    content = bytearray(by_hand("", {SHEET: ZEROS}))
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        size = struct.pack("<I", archive.getinfo(SHEET).file_size)
    content = bytes(content).replace(size, struct.pack("<I", 10))

    with pytest.raises(Unreadable, match="workbook_damaged"):
        examined(content)
