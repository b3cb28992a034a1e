"""Whatever is sent gives a preview or a sentence, and never an error of the server."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import preview, reading, reasons
from contacts.services.imports.reading import Choice, Unreadable
from tests.contacts import import_files, workbook_files

pytestmark = pytest.mark.django_db

QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
HEADINGS = st.sampled_from(
    ["Email", "Nimi", "Puhelin", "Y-tunnus", "Kielto", "UNSUB_TIME", "", "x", "a@b.fi"]
)
CELLS = st.one_of(
    st.sampled_from(
        ["a@b.fi", "040 1234567", "=1+1", "'+1", "#REF!", "0", "kyllä", ""]
    ),
    st.text(max_size=12),
)
TABLES = st.lists(st.lists(CELLS, max_size=6), max_size=6)
XML = st.text(
    alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12
)


def look_at(content: bytes, **choice) -> None:
    code = ""
    try:
        seen = preview.of_file(
            reading.examine(lambda: io.BytesIO(content), Choice(**choice))
        )
        assert len(seen.columns) == seen.layout.width
        list(reading.records(io.BytesIO(content), seen.layout))
    except Unreadable as refused:
        code = refused.code
    assert code == "" or code in reasons.OF_FILES


@QUICK
@given(st.binary(max_size=300))
def test_any_bytes(content):
    look_at(content)
    look_at(content, encoding="utf-16", delimiter=",", header_row=2)
    look_at(b"PK\x03\x04" + content)


@QUICK
@given(
    st.lists(HEADINGS, max_size=6),
    TABLES,
    st.sampled_from(";,\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252", "mac-roman"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_any_table_as_text(header, rows, delimiter, encoding, end):
    lines = [delimiter.join(row) for row in [header, *rows]]
    look_at((end.join(lines) + end).encode(encoding, errors="replace"))


@QUICK
@given(st.lists(HEADINGS, max_size=6), st.lists(st.lists(XML, max_size=6), max_size=6))
def test_any_table_as_a_workbook(header, rows):
    look_at(workbook_files.xlsx([header, *rows]))


@QUICK
@given(st.binary(max_size=20), st.integers(min_value=0), st.integers(0, 30))
def test_any_damage_to_a_workbook(damage, place, length):
    content = workbook_files.xlsx([["Email", "Nimi"], ["a@b.fi", "Ada"]])
    place %= len(content)
    look_at(content[:place] + damage + content[place + length :])


@settings(parent=QUICK, max_examples=25)
@given(st.lists(st.lists(CELLS, min_size=3, max_size=4), min_size=1, max_size=4))
def test_any_cells_can_be_tried(marketer, rows):
    content = import_files.as_csv(["Email", "Nimi", "Puhelin"], rows)
    try:
        batch = import_files.upload(content, user=marketer)
    except Unreadable:
        return

    counts = import_files.try_out(
        batch,
        user=marketer,
        targets=["email", "full_name", "phone", ""][: len(batch.header)],
    )

    assert batch.state in (ImportBatch.State.CHECKED, ImportBatch.State.FAILED)
    assert sum(counts.values()) == ImportRow.objects.filter(batch=batch).count()
