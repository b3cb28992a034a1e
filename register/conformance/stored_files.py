"""Stored files and the rows they belong to: neither is there without the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.utils.translation import gettext_lazy as _

from register import audit
from register.conformance.registry import Board, Finding, judge, live_check
from register.datamap.graph import graph
from register.models import FileRemoval

# A listing of this many names takes a second at most.
MOST_FILES = 100_000
# Of what looks lost or left over, so many are looked at again before it is said.
SUSPECTS = 200
REMOVED_WITHIN = timedelta(hours=1)
_IN_PART = {"listed_at_most": _("There are more files; names listed")}


@dataclasses.dataclass(frozen=True, slots=True)
class Listing:
    """Names of stored files, and whether these are all of them."""

    names: list[str]
    is_whole: bool


def listing() -> Listing:
    """Return what is in the file storage, up to ``MOST_FILES`` names."""
    own = Path(settings.MEDIA_ROOT), audit.anchor_path()
    # In a test the file with the newest seal may stand among the stored ones.
    anchor = own[1].name if own[1].parent == own[0] else ""
    names: list[str] = []
    for name in _walk(""):
        if name == anchor:
            continue
        if len(names) == MOST_FILES:
            return Listing(names, is_whole=False)
        names.append(name)
    return Listing(names, is_whole=True)


@live_check(
    "no_file_left_over",
    "N7.1",
    "N7.3",
    promise=_("No stored file outlives the record it belongs to."),
    remedy=_(
        "See that the worker runs; a file that nothing refers to must be removed from the storage by hand."
    ),
    labels={
        "files": _("Files looked at"),
        "left_over": _("Files that belong to no record"),
        "removals_late": _("Ordered to be removed, still there after an hour"),
        **_IN_PART,
    },
)
def no_file_left_over(board: Board) -> Finding:
    """Look for files without a row and without an order to remove them."""
    found = board.once(listing)
    suspects = _without_row(found.names)
    # Rows come and go while one looks: what is still there without a row is left over.
    there = [name for name in suspects if default_storage.exists(name)]
    left = _without_row(there)
    late = FileRemoval.objects.filter(due_at__lt=board.at - REMOVED_WITHIN).count()
    return judge(
        not left and not late,
        files=len(found.names),
        left_over=len(left),
        removals_late=late,
        **_limit(found),
    )


@live_check(
    "no_file_lost",
    "N4.12",
    "N9.3",
    promise=_("Every record that has a file finds it in the storage."),
    remedy=_("Restore the file from the backup, or find out who removed it."),
    labels={
        "files": _("Files looked at"),
        "lost": _("Records whose file is missing"),
        "not_looked_at": _("Records whose file was not looked for"),
        **_IN_PART,
    },
)
def no_file_lost(board: Board) -> Finding:
    """Look for rows whose file is not in the storage.

    Where not every name could be listed, some of the other rows are asked about one by
    one, others at every run; how many were not is part of the evidence.
    """
    found = board.once(listing)
    suspects, not_looked_at = _without_file(found.names)
    lost = [
        (label, key)
        for label, key, name in suspects
        if not default_storage.exists(name)
    ]
    return judge(
        not lost,
        files=len(found.names),
        lost=len(lost),
        not_looked_at=not_looked_at,
        records=lost,
        **_limit(found),
    )


def _limit(found: Listing) -> dict[str, Any]:
    return {} if found.is_whole else {"listed_at_most": MOST_FILES}


def _walk(folder: str) -> Iterator[str]:
    try:
        folders, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        yield f"{folder}/{name}" if folder else name
    for each in folders:
        yield from _walk(f"{folder}/{each}" if folder else each)


def _columns() -> Iterator[tuple[str, str, str, str]]:
    """Yield label, table, key and column of every field that refers to a file."""
    for entry in graph():
        meta = entry.model._meta
        for name in entry.file_fields:
            column = str(meta.get_field(name).column)  # type: ignore[union-attr]
            yield entry.label, meta.db_table, str(meta.pk.column), column


def _without_row(names: list[str]) -> list[str]:
    owned = [
        f'NOT EXISTS (SELECT 1 FROM "{table}" WHERE "{column}" = f.name)'
        for _, table, _, column in _columns()
    ]
    orders = "NOT EXISTS (SELECT 1 FROM register_fileremoval WHERE path = f.name)"
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT f.name FROM unnest(%s::text[]) f(name)"
            f" WHERE {' AND '.join([orders, *owned])} LIMIT {SUSPECTS}",
            [names],
        )
        return [row[0] for row in cursor.fetchall()]


def _without_file(names: list[str]) -> tuple[list[tuple[str, str, str]], int]:
    """Return rows whose file has none of the names, and how many more there are."""
    rows: list[tuple[str, str, str]] = []
    others = 0
    with connection.cursor() as cursor:
        for label, table, key, column in _columns():
            cursor.execute(
                f'SELECT t."{key}"::text, t."{column}", count(*) OVER () FROM "{table}" t'
                f" WHERE t.\"{column}\" <> '' AND NOT EXISTS (SELECT 1 FROM"
                f' unnest(%s::text[]) f(name) WHERE f.name = t."{column}")'
                f" ORDER BY random() LIMIT {SUSPECTS}",
                [names],
            )
            found = cursor.fetchall()
            rows += [(label, pk, name) for pk, name, _all in found]
            others += found[0][2] - len(found) if found else 0
    return rows, others
