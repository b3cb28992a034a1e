"""Looks at people in the audit trail: who looked at whom, when and what for.

Lists and searches show many people at once and are recorded as one entry that names
nobody; only what concerns one person, or one record such as a company, is told here.
"""

from __future__ import annotations

import dataclasses
import heapq
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime

from django.db import models
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from register.models import AuditEntry

PER_PAGE = 50


class Look(models.TextChoices):
    """How somebody's data was seen."""

    OPENED = "opened", _("opened on a screen or by an interface")
    REVEALED = "revealed", _("revealed although masked or protected")
    PLAYED = "played", _("recording played")
    FOUND = "found", _("found in a search for a request")
    HANDED_OUT = "handed_out", _("handed out: package, letter or e-mail")
    EXPORTED = "exported", _("taken out of the register in a file of many")


@dataclasses.dataclass(frozen=True, slots=True)
class _OfMany:
    """Looks at many people at once, of whom another record says who they were."""

    object_type: str
    # Returns the keys of the records in which people with these keys stand.
    records_of: Callable[[Collection[uuid.UUID]], Collection[uuid.UUID]]
    # Returns where a record is read and what it says of itself, to those who may.
    told: Callable[[Collection[str], object], Mapping[str, tuple[str, str]]]


_OF_MANY: list[_OfMany] = []
_KINDS: dict[str, Look] = {}


def register_looks(kind: Look, *actions: str) -> None:
    """Say which actions are looks at the person they name, and of which kind."""
    _KINDS.update(dict.fromkeys(actions, kind))


register_looks(Look.OPENED, "record.viewed")
register_looks(Look.REVEALED, "record.revealed", "address.revealed")


def register_looks_at_many(
    kind: Look,
    *actions: str,
    object_type: str,
    records_of: Callable[[Collection[uuid.UUID]], Collection[uuid.UUID]],
    told: Callable[[Collection[str], object], Mapping[str, tuple[str, str]]],
) -> None:
    """Say which actions are looks at many people, and who knows at whom.

    They have one entry, however many people it was: who was among them is asked of the
    record that the entry is about.
    """
    register_looks(kind, *actions)
    _OF_MANY.append(_OfMany(object_type, records_of, told))


def told_of_many(
    entries: Collection[AuditEntry], user: object
) -> dict[int, tuple[str, str]]:
    """Return, of entries about many people, where to read more and what it was for."""
    found: dict[int, tuple[str, str]] = {}
    for many in _OF_MANY:
        about = {
            e.pk: e.object_id for e in entries if e.object_type == many.object_type
        }
        told = many.told(set(about.values()), user) if about else {}
        found |= {pk: told[key] for pk, key in about.items() if key in told}
    return found


def kind_of(action: str) -> Look:
    """Return the kind of a look."""
    return _KINDS[action]


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Some looks, the newest first, and the entry before which there are more."""

    entries: list[AuditEntry]
    older_before: int | None


def at_people(
    keys: Collection[uuid.UUID],
    *,
    kind: str = "",
    first: datetime | None = None,
    end: datetime | None = None,
    before: int | None = None,
) -> Page:
    """Return looks at one person, whose record had these keys, within ``first`` to ``end``."""
    rows = _looks(kind, first, end, before)
    # Each key by its own index scan: together they would be read whole and sorted.
    parts = [rows.filter(subject_id=key) for key in keys]
    for many in _OF_MANY:
        records = [str(key) for key in many.records_of(keys)]
        parts.append(
            # What names somebody is about that person, who may be another one.
            rows.filter(
                object_type=many.object_type,
                object_id__in=records,
                subject_id__isnull=True,
            )
        )
    return _newest_of(parts)


def at_records(
    records: Iterable[tuple[str, Collection[str]]],
    *,
    kind: str = "",
    first: datetime | None = None,
    end: datetime | None = None,
    before: int | None = None,
) -> Page:
    """Return looks at records of nobody in particular: kinds of records, with keys of each."""
    rows = _looks(kind, first, end, before)
    return _newest_of(
        [
            rows.filter(object_type=object_type, object_id__in=list(keys))
            for object_type, keys in records
            if keys
        ]
    )


def by_account(
    actor_id: str,
    *,
    kind: str = "",
    first: datetime | None = None,
    end: datetime | None = None,
    before: int | None = None,
) -> Page:
    """Return the looks of one account at people, lists and searches left out.

    Files of many people that it took are among them, and companies that are a person.
    """
    rows = _looks(kind, first, end, before).filter(
        Q(subject_id__isnull=False)
        | Q(object_type__in=[many.object_type for many in _OF_MANY]),
        actor_id=actor_id,
    )
    return _page(list(rows.order_by("-id")[: PER_PAGE + 1]))


def _looks(
    kind: str, first: datetime | None, end: datetime | None, before: int | None
) -> QuerySet[AuditEntry]:
    rows = AuditEntry.objects.filter(
        action__in=[a for a, each in _KINDS.items() if not kind or each == kind]
    )
    if before is not None:
        rows = rows.filter(pk__lt=before)
    if first is not None:
        rows = rows.filter(at__gte=first)
    if end is not None:
        rows = rows.filter(at__lt=end)
    return rows


def _newest_of(parts: Iterable[QuerySet[AuditEntry]]) -> Page:
    merged: Iterator[AuditEntry] = heapq.merge(
        *(part.order_by("-id")[: PER_PAGE + 1] for part in parts),
        key=lambda entry: entry.pk,
        reverse=True,
    )
    return _page(
        [entry for entry, _number in zip(merged, range(PER_PAGE + 1), strict=False)]
    )


def _page(entries: list[AuditEntry]) -> Page:
    if len(entries) <= PER_PAGE:
        return Page(entries, None)
    return Page(entries[:PER_PAGE], entries[PER_PAGE - 1].pk)
