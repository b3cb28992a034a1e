"""What earlier versions tell, and the little that may be done to them.

Nothing here asks who may see it; what a reader may not see is for the screens to leave
out. Row security applies as to the rows themselves.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, models

from register.database.history import follow_function, forget_function
from register.history.versions import History, histories, history_of


@dataclasses.dataclass(frozen=True, slots=True)
class Earlier:
    """A row as it was before it was changed or deleted.

    ``values`` are by name of field; a foreign key is the key of its row. ``forgotten``
    are the fields whose old value was removed.
    """

    model: type[models.Model]
    row_id: Any
    version_id: int
    change: str
    changed_at: datetime
    operation: uuid.UUID
    actor_kind: str
    actor_id: str
    purpose: str
    values: dict[str, Any]
    forgotten: tuple[str, ...]


def of_operation(operation: uuid.UUID) -> list[Earlier]:
    """Return every row that one action changed or deleted, by table, the last change first.

    A row that was changed twice comes twice. To undo, give each row the values of its
    oldest version. What the action added is not here: the audit trail and the record
    of an import say that.
    """
    return [
        earlier
        for history in histories()
        for earlier in _read(
            history,
            history.versions._base_manager.filter(operation=operation).order_by("-id"),
        )
    ]


def of_row(
    model: type[models.Model], key: Any, *, before: int | None = None, limit: int = 50
) -> list[Earlier]:
    """Return earlier versions of one row, the newest first; ``before`` a version's id."""
    history = _history(model)
    rows = history.versions._base_manager.filter(row_id=key)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return _read(history, rows.order_by("-id")[:limit])


def follow(target: type[models.Model], *, was: Any, now: Any) -> int:
    """Let the versions of ``was`` belong to ``now``, into which it was merged.

    Call it in the transaction of the merge, after ``was`` is deleted. The old values
    stay. Returns how many versions follow.
    """
    return _follow(target, was, now, is_back=False)


def come_back(target: type[models.Model], *, to: Any, of: Any) -> int:
    """Give ``to`` the versions back that follow ``of`` since a merge that is undone."""
    return _follow(target, of, to, is_back=True)


def forget(version: models.Model, fields: Collection[str]) -> bool:
    """Empty old values that were wrong or must go (GDPR Art. 16, 17); whether it was there.

    Raises ValueError for what is no field of the row. Who may do so, and the record of
    it, are the caller's.
    """
    history = _history(type(version))
    if unknown := set(fields) - set(history.fields):
        raise ValueError(f"No fields of the row: {', '.join(sorted(unknown))}.")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {forget_function(history)}(%s, %s)",
            [version.pk, list(fields)],
        )
        return bool(cursor.fetchone()[0])


def _follow(target: type[models.Model], was: Any, now: Any, *, is_back: bool) -> int:
    moved = 0
    with connection.cursor() as cursor:
        for history in histories():
            for anchor in history.anchors:
                if anchor.target is target:
                    cursor.execute(
                        f"SELECT {follow_function(history)}(%s, %s, %s, %s)",
                        [anchor.name, str(was), str(now), is_back],
                    )
                    moved += cursor.fetchone()[0]
    return moved


def _history(model: type[models.Model]) -> History:
    history = history_of(model)
    if history is None:
        raise ValueError(f"{model._meta.label} keeps no history.")
    return history


def _read(history: History, rows: Iterable[Any]) -> list[Earlier]:
    return [
        Earlier(
            model=history.model,
            row_id=row.row_id,
            version_id=row.pk,
            change=row.change,
            changed_at=row.changed_at,
            operation=row.operation,
            actor_kind=row.actor_kind,
            actor_id=row.actor_id,
            purpose=row.purpose,
            values={name: getattr(row, name) for name in history.fields},
            forgotten=tuple(row.forgotten),
        )
        for row in rows
    ]
