"""Looks at people in the audit trail: who looked at whom, when and what for.

Lists and searches show many people at once and are recorded as one entry that names
nobody; only what concerns one person can be told here.
"""

from __future__ import annotations

import dataclasses
import heapq
import uuid
from collections.abc import Collection, Iterator
from datetime import datetime

from django.db import models
from django.db.models import QuerySet
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


_KINDS: dict[str, Look] = {}


def register_looks(kind: Look, *actions: str) -> None:
    """Say which actions are looks at the person they name, and of which kind."""
    _KINDS.update(dict.fromkeys(actions, kind))


register_looks(Look.OPENED, "record.viewed")
register_looks(Look.REVEALED, "record.revealed", "address.revealed")


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
    parts = [
        rows.filter(subject_id=key).order_by("-id")[: PER_PAGE + 1] for key in keys
    ]
    merged: Iterator[AuditEntry] = heapq.merge(
        *parts, key=lambda entry: entry.pk, reverse=True
    )
    return _page(
        [entry for entry, _number in zip(merged, range(PER_PAGE + 1), strict=False)]
    )


def by_account(
    actor_id: str,
    *,
    kind: str = "",
    first: datetime | None = None,
    end: datetime | None = None,
    before: int | None = None,
) -> Page:
    """Return the looks of one account at people, lists and searches left out."""
    rows = _looks(kind, first, end, before).filter(
        actor_id=actor_id, subject_id__isnull=False
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


def _page(entries: list[AuditEntry]) -> Page:
    if len(entries) <= PER_PAGE:
        return Page(entries, None)
    return Page(entries[:PER_PAGE], entries[PER_PAGE - 1].pk)
