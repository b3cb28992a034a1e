"""What a file looks like before it is tried: its columns and first people, as they are read."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

from contacts.models import ImportBatch
from contacts.services.imports import cells, guessing, memory, reading, staging
from contacts.services.imports.layouts import Choice, Examined, Layout, Record
from contacts.services.imports.rows import Person, RowReader
from contacts.services.imports.targets import TARGETS, Target
from register import identity_codes

CELLS = 3
PEOPLE = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it is read; ``problem`` is a code if it cannot be."""

    text: str
    problem: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A column: its first filled cells, what it is taken for, or why it is not."""

    name: str
    target: str
    reason: str
    cells: list[Cell]


@dataclasses.dataclass(frozen=True, slots=True)
class Preview:
    """A file as it would be read."""

    examined: Examined
    targets: list[str]
    columns: list[Column]
    people: list[tuple[int, Person]]
    product: str
    remembered_at: datetime.datetime | None

    @property
    def layout(self) -> Layout:
        """How the file is read."""
        return self.examined.layout


def of_batch(
    batch: ImportBatch, *, choice: Choice, targets: Sequence[str] | None = None
) -> Preview:
    """Return what the file of a batch looks like. Raises Unreadable.

    Without ``targets``, or with too few or too many, they are guessed.
    """
    examined = reading.examine(lambda: staging.open_original(batch), choice)
    return of_file(examined, targets=targets)


def of_file(examined: Examined, *, targets: Sequence[str] | None = None) -> Preview:
    """Return what an examined file looks like."""
    header = examined.layout.header
    rows = [
        dataclasses.replace(row, cells=identity_codes.masked_cells(row.cells))
        for row in examined.rows
    ]
    guess = guessing.guess(header, rows)
    recalled = memory.recall(header)
    remembered, remembered_at = recalled or (None, None)
    chosen = list(targets or [])
    if len(chosen) != len(header) or not set(chosen) <= {"", *TARGETS}:
        chosen = remembered or guess.targets
    reasons = guessing.reasons_of(header, chosen)
    reader = RowReader(chosen)
    return Preview(
        examined,
        chosen,
        [
            Column(name, target, reason, _cells_of(index, TARGETS.get(target), rows))
            for index, (name, target, reason) in enumerate(
                zip(header, chosen, reasons, strict=True)
            )
        ],
        [(row.number, reader.read(0, row.cells)) for row in rows[:PEOPLE]],
        guess.product,
        remembered_at if chosen == remembered else None,
    )


def _cells_of(index: int, target: Target | None, rows: Sequence[Record]) -> list[Cell]:
    found: list[Cell] = []
    for row in rows:
        text = cells.plain(row.cells[index]) if index < len(row.cells) else ""
        if text and len(found) < CELLS:
            found.append(_read(text, target))
    return found


def _read(text: str, target: Target | None) -> Cell:
    if target is None:
        return Cell(" ".join(text.split()))
    if identity_codes.MASK in text:
        return Cell(text, identity_codes.CODE)
    try:
        cells.refuse_error(text)
        value = target.read(text)
    except cells.BadCell as bad:
        return Cell(text, bad.code)
    if isinstance(value, list) and target.open is None:
        return Cell(", ".join(value))
    # A flag reads as yes or no; the cell itself says more.
    return Cell(value if isinstance(value, str) else text)
