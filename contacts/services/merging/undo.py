"""Undoing a merge: both records are what they were.

What was changed after the merge stays as it was changed, and what came since stays with
the record that stayed: nobody can tell whose it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from contacts.models import Merge, MergedRow, Pair
from contacts.services.merging import strictness
from contacts.services.merging.carry_out import DIFFERENT
from contacts.services.merging.folding import flag_of, rules_of
from contacts.services.merging.kinds import (
    Kind,
    kind_of_merge,
    objection_to_undoing,
)
from contacts.services.merging.ways import Way
from register import audit
from register.actors import Actor
from register.database.locks import Lock, advisory_lock
from register.history import reading
from register.history.acting import acting
from register.history.versions import Change, history_of


@transaction.atomic
def carry_out(merge: Merge, *, actor: Actor) -> Merge:
    """Undo a merge that is to be undone; undone already it stays as it is.

    Back to DONE with the reason in ``refusal`` if the record that stayed went into
    another one since: that merge has to be undone first.
    """
    kind = kind_of_merge(merge)
    advisory_lock(Lock.CONTACT_POINT)
    merge = kind.merge._base_manager.select_for_update().get(pk=merge.pk)
    if merge.state != Merge.State.UNDOING:
        return merge
    found: Any = merge
    kept = kind.model._base_manager.select_for_update().get(pk=found.kept_id)
    if refusal := _refusal(kind, merge, kept):
        merge.state, merge.refusal = Merge.State.DONE, refusal
        merge.save(update_fields=["state", "refusal"])
        return merge
    with acting(actor):
        _Work(kind, merge, kept).run()
        if kind.is_of_people and merge.merged_at is not None:
            strictness.forbid_both(
                kept.pk, merge.gone_id, since=merge.merged_at, actor=actor
            )
        kind.refresh_words([kept.pk, merge.gone_id])
    merge.state, merge.undone_at = Merge.State.UNDONE, timezone.now()
    merge.save(update_fields=["state", "undone_at", "left"])
    for key in (kept.pk, merge.gone_id):
        audit.record(
            "record.merge_undone",
            actor=actor,
            object_type=kind.model._meta.label_lower,
            object_id=key,
            subject_id=key if kind.is_of_people else None,
        )
    return merge


def _refusal(kind: Kind, merge: Merge, kept: Any) -> str:
    if kept.pk != merge.kept_then:
        return "merged_further"
    if (objection := objection_to_undoing(kind, kept.pk, merge.gone_id)) is not None:
        return objection.code
    deleted = (
        each
        for each in reading.of_operation(merge.pk)
        if each.model is kind.model and each.row_id == merge.gone_id
    )
    return (
        "" if any(each.change == Change.DELETED for each in deleted) else "too_long_ago"
    )


class _Work:
    """What is done inside the transaction, in its order."""

    def __init__(self, kind: Kind, merge: Merge, kept: Any) -> None:
        self._kind, self._merge, self._kept = kind, merge, kept
        rows: Any = kind.row
        self._rows: list[MergedRow] = list(
            rows._base_manager.filter(merge=merge.pk).order_by("-pk")
        )

    def run(self) -> None:
        added = [row.row_key for row in self._rows if not row.column]
        self._kind.pair._base_manager.filter(pk__in=added).delete()
        earlier = reading.of_operation(self._merge.pk)
        deleted = [each for each in earlier if each.change == Change.DELETED]
        # What the others point to comes first.
        deleted.sort(key=lambda each: each.model is not self._kind.model)
        for each in deleted:
            _bring_back(each)
        self._move_back()
        kept, gone = self._kept.pk, self._merge.gone_id
        reading.come_back(self._kind.model, to=gone, of=kept)
        for each in earlier:
            if each.change == Change.CHANGED:
                self._change_back(each)
        self._separate()

    def _move_back(self) -> None:
        moved: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
        for row in self._rows:
            if row.column and row.column != DIFFERENT:
                moved[row.label, row.column, row.was, row.became].append(row.row_key)
        for (label, column, was, became), keys in moved.items():
            way = Way(apps.get_model(label), column)
            field: Any = way.model._meta.get_field(column)
            before = _instant(was) if isinstance(field, models.DateTimeField) else was
            now = (
                _instant(became) if isinstance(field, models.DateTimeField) else became
            )
            if _set_back(way, keys, now=now, before=before):
                continue
            # One of them finds its place taken since: the others go back.
            for key in keys:
                self._clear_flags(way, key, was)
                if not _set_back(way, [key], now=now, before=before):
                    self._merge.left = [*self._merge.left, column]

    def _clear_flags(self, way: Way, key: str, target: str) -> None:
        """Let a row that was made the first one since be so no longer beside another."""
        for flag in filter(None, map(flag_of, rules_of(way))):
            if way.model._base_manager.filter(**{way.field: target, flag: True}):
                rows = way.model._base_manager.filter(pk=key, **{flag: True})
                if rows.update(**{flag: False}):
                    self._merge.left = [*self._merge.left, flag]

    def _change_back(self, earlier: reading.Earlier) -> None:
        """Let fields that nobody has changed since say again what they said before."""
        row: Any = earlier.model._base_manager.filter(pk=earlier.row_id).first()
        if row is None:
            return
        then = _after(earlier)
        names = []
        for name, was in earlier.values.items():
            attname = earlier.model._meta.get_field(name).attname  # type: ignore[union-attr]
            is_now = getattr(row, attname)
            became = then[name] if then is not None else is_now
            if was in (became, is_now) or name in earlier.forgotten:
                continue
            if is_now != became or not _is_there(earlier.model, name, was):
                self._merge.left = [*self._merge.left, name]
                continue
            setattr(row, attname, was)
            names.append(name)
        if names and not _stored(lambda: row.save(update_fields=names)):
            self._merge.left = [*self._merge.left, *names]

    def _separate(self) -> None:
        """Remember that the two are not the same, and what was said of the other before."""
        model: Any = self._kind.pair
        gone = self._merge.gone_id
        others = {row.row_key for row in self._rows if row.column == DIFFERENT} | {
            str(self._kept.pk)
        }
        there = self._kind.model._base_manager.filter(pk__in=others)
        for other in there.values_list("pk", flat=True):
            first, second = sorted((gone, other))
            model._base_manager.update_or_create(
                first_id=first,
                second_id=second,
                defaults={"state": Pair.State.DIFFERENT},
                create_defaults={
                    "state": Pair.State.DIFFERENT,
                    "points": 0,
                    "features": [],
                },
            )


def _bring_back(earlier: reading.Earlier) -> None:
    """Store a row again that the merge deleted."""
    model = earlier.model
    if model._base_manager.filter(pk=earlier.row_id).exists():
        return
    values = {}
    for name, value in earlier.values.items():
        field: Any = model._meta.get_field(name)
        # What was removed from the version since says nothing.
        if value is not None or field.null:
            values[field.attname] = value
        if not _is_there(model, name, value):
            if not field.null:
                return  # a part of what is gone meanwhile
            values[field.attname] = None
    model(pk=earlier.row_id, **values).save(force_insert=True)


def _is_there(model: type[models.Model], name: str, value: Any) -> bool:
    """Whether what a field says can still be said: what it names may be gone meanwhile."""
    field: Any = model._meta.get_field(name)
    if value is None or not field.is_relation:
        return True
    return bool(field.related_model._base_manager.filter(pk=value).exists())


def _set_back(way: Way, keys: list[str], *, now: Any, before: Any) -> bool:
    """Let rows name again what they named; whether a rule of the table lets them."""
    update = (
        f"UPDATE {way.table} SET {way.column} = %s WHERE {way.column} = %s"  # noqa: S608 - names come from model metadata
        f" AND {way.key}::text = ANY(%s)"
    )

    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(update, [before, now, keys])

    return _stored(run)


def _stored(write: Callable[[], object]) -> bool:
    """Write inside a point to go back to; whether no rule of the table was against it."""
    try:
        with transaction.atomic():
            write()
    except IntegrityError:
        return False
    return True


def _after(earlier: reading.Earlier) -> dict[str, Any] | None:
    """Return what the row said after a change, None if it still says that."""
    if (history := history_of(earlier.model)) is None:
        return None
    later = history.versions._base_manager.filter(
        row_id=earlier.row_id, pk__gt=earlier.version_id
    )
    version: Any = later.order_by("pk").first()
    if version is None:
        return None
    return {name: getattr(version, name) for name in history.fields}


def _instant(text: str) -> datetime | None:
    return parse_datetime(text) if text else None
