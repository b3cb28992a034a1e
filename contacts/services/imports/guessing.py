"""What the columns of a file mean, guessed from their names and from their cells."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Callable, Collection, Sequence

from django.conf import settings
from django.utils import translation

from contacts.services.imports import cells, vocabulary
from contacts.services.imports.layouts import Record
from contacts.services.imports.targets import SKIP, TARGETS
from register.identifiers import try_normalise_business_id, try_normalise_email

# Of this many rows the cells are looked at.
ROWS = 100
FEWEST = 3
# These names mean other things as well: if no cell fits, the column is another one.
_CHECKED = frozenset(["business_id", "language", "country", "company_kind"])
_PHONE = re.compile(r"(?:\+|00|0|\(\+?)[\d ().\-/]{6,}")
_POSTCODE = re.compile(r"(?:FI-)?\d{5}")


@dataclasses.dataclass(frozen=True, slots=True)
class Guess:
    """What was guessed.

    ``targets`` and ``reasons`` have one entry a column: a code of a target or "", and
    why the column is not taken, as a code ("" if it is, or if nothing is known of it).
    """

    targets: list[str]
    reasons: list[str]
    product: str = ""


def guess(header: Sequence[str], rows: Sequence[Record]) -> Guess:
    """Guess the target of each column; what is not known is left out.

    Only whole names are recognised: a column that permits something must never be
    taken for one that prohibits it. If two columns could be the same, the better name
    wins.
    """
    product = vocabulary.product_of(tuple(header))
    samples = [_sample(index, rows) for index in range(len(header))]
    named = [
        _by_name(name, sample, product)
        for name, sample in zip(header, samples, strict=True)
    ]
    targets = _without_doubles(named)
    own = len(vocabulary.without_own_columns(header))
    for index, sample in enumerate(samples):
        if named[index] is None and index < own:
            targets[index] = _by_cells(sample, targets)
    if "full_name" in targets and {"first_name", "last_name"} & set(targets):
        targets[targets.index("full_name")] = SKIP
    return Guess(targets, reasons_of(header, targets), product)


def reasons_of(header: Sequence[str], targets: Sequence[str]) -> list[str]:
    """Return why columns are not taken, as codes; "" for those that are."""
    own = len(vocabulary.without_own_columns(header))
    taken = {target for target in targets if target}
    return [
        "" if target else "own" if index >= own else _why_not(name, taken)
        for index, (name, target) in enumerate(zip(header, targets, strict=True))
    ]


def _why_not(name: str, taken: Collection[str]) -> str:
    key = vocabulary.key(name)
    if (why := vocabulary.reasons_not_to_take().get(key)) is not None:
        return why
    meant = _meanings().get(key) or _meanings().get(vocabulary.key_without_number(name))
    is_double = meant is not None and meant[0] in taken
    return "double" if is_double else ""


Named = tuple[str, int]


def _by_name(name: str, sample: list[str], product: str) -> Named | None:
    """Return the target of a name and its rank; None if the name says nothing."""
    known = _meanings()
    key, plain_key = vocabulary.key(name), vocabulary.key_without_number(name)
    for meant, code in vocabulary.MEANT_BY_PRODUCT.get(product, {}).items():
        if vocabulary.key(meant) == key:
            return code, 0
    if key in vocabulary.reasons_not_to_take():
        return SKIP, 0
    found = known.get(key) or known.get(plain_key)
    if found is None or found[0] not in TARGETS:
        return None
    code = found[0]
    is_asked = code in _CHECKED and len(sample) >= FEWEST
    # Words of the register are used by others in their own way.
    if (is_asked or TARGETS[code].open is not None) and not _any_is(code, sample):
        return SKIP, 0
    return found


@functools.cache
def _meanings() -> dict[str, Named]:
    """Return what the names mean; our own names of targets are understood as well."""
    known = dict(vocabulary.meanings())
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for code, target in TARGETS.items():
                known.setdefault(vocabulary.key(str(target.label)), (code, 0))
    return known


def _without_doubles(named: Sequence[Named | None]) -> list[str]:
    best: dict[str, tuple[int, int]] = {}
    for index, found in enumerate(named):
        if found is not None and found[0]:
            rank = (found[1], index)
            best[found[0]] = min(best.get(found[0], rank), rank)
    return [
        found[0]
        if found is not None
        and found[0]
        and (TARGETS[found[0]].may_repeat or best[found[0]][1] == index)
        else SKIP
        for index, found in enumerate(named)
    ]


def _by_cells(sample: list[str], taken: Sequence[str]) -> str:
    """Return the target that nearly all cells of a column fit."""
    if len(sample) < FEWEST:
        return SKIP
    tests: tuple[tuple[str, Callable[[str], bool]], ...] = (
        ("email", lambda cell: try_normalise_email(cell) is not None),
        ("business_id", lambda cell: try_normalise_business_id(cell) is not None),
        ("postcode", lambda cell: _POSTCODE.fullmatch(cell) is not None),
        ("phone", _is_phone),
    )
    for code, is_one in tests:
        is_free = TARGETS[code].may_repeat or code not in taken
        if is_free and sum(map(is_one, sample)) >= 0.8 * len(sample):
            return code
    return SKIP


def _is_phone(cell: str) -> bool:
    return _PHONE.fullmatch(cell) is not None and _reads("phone", cell)


def _any_is(code: str, sample: list[str]) -> bool:
    read = TARGETS[code].reader()
    return any(_can(read, cell) for cell in sample)


def _reads(code: str, cell: str) -> bool:
    return _can(TARGETS[code].read, cell)


def _can(read: Callable[[str], object], cell: str) -> bool:
    try:
        read(cell)
    except cells.BadCell:
        return False
    return True


def _sample(index: int, rows: Sequence[Record]) -> list[str]:
    """Return the filled cells of a column."""
    return [
        cell
        for row in rows[:ROWS]
        if index < len(row.cells) and (cell := cells.plain(row.cells[index]))
    ]
