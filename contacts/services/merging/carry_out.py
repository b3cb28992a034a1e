"""Carrying out a merge, all or nothing."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Merge, Pair
from contacts.services.merging import fields, strictness
from contacts.services.merging.folding import (
    beside_each_other,
    equal_rows,
    flag_of,
    fold,
    rules_of,
)
from contacts.services.merging.kinds import (
    Kind,
    kind_of_merge,
    objection_to,
)
from contacts.services.merging.protections import settle_protections
from contacts.services.merging.ways import Way, move, ways_to
from register import audit
from register.actors import Actor
from register.database.locks import Lock, advisory_lock
from register.history import reading
from register.history.acting import acting

# Notes that the record which went was said not to be the same as another.
DIFFERENT = "different"

audit.register_actions(
    {
        "record.merged": _("merged two records"),
        "record.merge_undone": _("undid a merge"),
    }
)


@transaction.atomic
def carry_out(merge: Merge, *, actor: Actor) -> Merge:
    """Merge what ``merge`` orders. Carried out already, or refused, it stays as it is.

    Refuses if one of the records is gone, or if an app above objects.
    """
    kind = kind_of_merge(merge)
    advisory_lock(Lock.CONTACT_POINT)  # whoever adds people waits
    merge = kind.merge._base_manager.select_for_update().get(pk=merge.pk)
    if merge.state != Merge.State.ORDERED:
        return merge
    records = _locked(kind, merge)
    if len(records) < 2:
        return _refuse(merge, "record_gone")
    kept, gone = records[merge.kept_then], records[merge.gone_id]
    if (objection := objection_to(kind, kept.pk, gone.pk)) is not None:
        return _refuse(merge, objection.code)
    # The number of the merge is that of the operation: undoing looks for it.
    actor = dataclasses.replace(actor, request_id=merge.pk)
    with acting(actor):
        _Work(kind, merge, kept, gone).run()
    merge.state, merge.merged_at = Merge.State.DONE, timezone.now()
    merge.save(update_fields=["state", "merged_at"])
    for key in (merge.kept_then, merge.gone_id):
        audit.record(
            "record.merged",
            actor=actor,
            object_type=kind.model._meta.label_lower,
            object_id=key,
            subject_id=key if kind.is_of_people else None,
        )
    return merge


def _locked(kind: Kind, merge: Merge) -> dict[uuid.UUID, Any]:
    keys = [merge.kept_then, merge.gone_id]
    rows = kind.model._base_manager.select_for_update().filter(pk__in=keys)
    return {row.pk: row for row in rows.order_by("pk")}


def _refuse(merge: Merge, code: str) -> Merge:
    merge.state, merge.refusal = Merge.State.REFUSED, code
    merge.save(update_fields=["state", "refusal"])
    return merge


class _Work:
    """What is done inside the transaction, in its order."""

    def __init__(self, kind: Kind, merge: Merge, kept: Any, gone: Any) -> None:
        self._kind, self._merge, self._kept, self._gone = kind, merge, kept, gone

    def run(self) -> None:
        kept, gone = self._kept, self._gone
        if changed := fields.take(kept, gone, self._merge.taken):
            # The key of the other may be unique, a business id for example.
            self._give_up(changed)
            kept.save(update_fields=[*changed, "updated_at"])
        self._remember_decisions()
        ways = ways_to(self._kind.model)
        if self._kind.is_of_people:
            self._note(settle_protections(kept.pk, gone.pk))
        for way in ways:
            self._fold(way, kept.pk, gone.pk)
        for way in ways:
            self._move(way, kept.pk, gone.pk)
        if self._kind.is_of_people:
            strictness.heed_what_the_person_said(kept.pk)
        went = gone.pk
        gone.delete()
        # Also the versions that were written just now.
        reading.follow(self._kind.model, was=went, now=kept.pk)
        self._kind.refresh_words([kept.pk])

    def _give_up(self, changed: list[str]) -> None:
        """Empty unique fields of the record that goes, which the other takes over."""
        unique = {
            name
            for constraint in self._kind.model._meta.constraints
            if (names := getattr(constraint, "fields", ())) and len(names) == 1
            for name in names
        }
        if taken := sorted(unique & set(changed)):
            for name in taken:
                setattr(
                    self._gone,
                    name,
                    self._kind.model._meta.get_field(name).get_default(),
                )
            self._gone.save(update_fields=taken)

    def _remember_decisions(self) -> None:
        """Let "not the same", once said of either, hold for the one that stays."""
        model: Any = self._kind.pair
        kept, gone = self._kept.pk, self._gone.pk
        different = model._base_manager.filter(
            Q(first=gone) | Q(second=gone), state=Pair.State.DIFFERENT
        )
        for pair in different:
            found: Any = pair
            other = found.second_id if found.first_id == gone else found.first_id
            self._note([(model._meta.label, DIFFERENT, str(other), str(gone), "")])
            if other == kept:
                continue
            first, second = sorted((kept, other))
            _made, created = model._base_manager.update_or_create(
                first_id=first,
                second_id=second,
                defaults={
                    "state": Pair.State.DIFFERENT,
                    "points": pair.points,
                    "features": pair.features,
                    "decided_by": pair.decided_by,
                    "decided_at": pair.decided_at,
                },
            )
            if created:
                self._note([(model._meta.label, "", str(_made.pk), "", "")])

    def _fold(self, way: Way, kept: Any, gone: Any) -> None:
        """Let one row stay of two that may not, or need not, stand beside each other."""
        for rule in rules_of(way):
            flag = flag_of(rule)
            if rule.condition is not None and not flag:
                continue  # settled by its own rule
            for kept_row, gone_row in equal_rows(way, rule, kept=kept, gone=gone):
                if flag:
                    setattr(gone_row, flag, False)
                    gone_row.save(update_fields=[flag])
                    continue
                for part in ways_to(type(gone_row)):
                    self._fold(part, kept_row.pk, gone_row.pk)
                    self._move(part, kept_row.pk, gone_row.pk)
                gone_row.delete()
                fold(kept_row, gone_row)

    def _move(self, way: Way, kept: Any, gone: Any) -> None:
        besides = beside_each_other(way, kept=kept, gone=gone)
        keys = move(way, source=gone, target=kept, besides=besides)
        self._note((way.label, way.field, key, str(gone), str(kept)) for key in keys)

    def _note(self, rows: Iterable[tuple[str, str, str, str, str]]) -> None:
        model: Any = self._kind.row
        model._base_manager.bulk_create(
            (
                model(
                    merge_id=self._merge.pk,
                    label=label,
                    column=column,
                    row_key=key,
                    was=was,
                    became=became,
                )
                for label, column, key, was, became in rows
            ),
            batch_size=2_000,
        )
