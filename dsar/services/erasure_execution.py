"""Carrying out an approved erasure.

The deletions, the rewriting and their record are one transaction: whatever is killed
at whatever moment, everything was done or nothing. It happens at least once, and a
second time finds nothing left to do.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models import ErasurePlan, Request, RequestEvent
from dsar.scope import KIND, Scope
from dsar.services import erasure_mentions, requests, verification
from dsar.services.erasure_identity import seal
from dsar.services.erasure_plan import mentioning_rows
from dsar.services.erasure_reasons import reasons
from dsar.services.erasure_rows import Selection, emptied_fields
from dsar.services.erasure_sql import Keys
from dsar.services.erasure_steps import (
    ERASE,
    PURPOSE,
    confirmed_scope,
    look_to_erase,
    move,
    require_free_and_current,
    require_state,
)
from register import actors, audit, files
from register.database.arrays import array
from register.datamap.graph import Entry, graph
from register.datamap.removal import delete_together
from register.datamap.vocabulary import Erasure
from register.errors import DomainError
from register.history.removing import removing
from register.services import jobs


@jobs.register_kind(ERASE, _("Erasing a person"))
def erase(request_id: str, progress: jobs.Progress) -> dict[str, int]:
    """Carry out an approved erasure and search for what is left (job).

    Runs again after a kill: what was committed is not done twice, and the search
    starts from its beginning.
    """
    progress.start(2)
    request = Request.objects.get(pk=request_id)
    try:
        made = execute(request)
    except DomainError:
        _back_to_planning(request)
        raise
    progress.advance(1)
    result = verification.verify(request)
    return {
        "deleted": sum(made.deleted.values()),
        "files": made.files_removed,
        "rewritten": made.rewritten,
        "left_over": sum(result.values()),
    }


@transaction.atomic
def execute(request: Request) -> ErasurePlan:
    """Delete, rewrite and blank as planned, in one transaction. Twice changes nothing.

    Raises :class:`PlanOutdated`, or a :class:`DomainError` for a hold placed since;
    then nothing has changed.
    """
    made = (
        ErasurePlan.objects.select_for_update()
        .select_related("request")
        .get(request=request.pk)
    )
    request = made.request
    if made.executed_at is not None:
        return made
    require_state(request, Request.State.EXECUTING)
    scope = confirmed_scope(request)
    _lock_people(scope)
    # Nothing of what is emptied or rewritten from here on is kept as it was.
    with removing():
        return _execute(request, scope, made)


def _execute(request: Request, scope: Scope, made: ErasurePlan) -> ErasurePlan:
    looked = look_to_erase(request, scope)
    require_free_and_current(request, looked, made)
    gathered, selection = looked.gathered, looked.selection
    # Rewritten first, while the rows still show who else is in them.
    made.rewritten = erasure_mentions.take_out_of_own(selection, gathered, scope)
    kept = reasons(selection)
    made.rewritten += erasure_mentions.take_out_of_others(
        kept, gathered, scope, includes_namesakes=True
    )
    made.rewritten += erasure_mentions.take_out_of_others(
        mentioning_rows(made),
        gathered,
        scope,
        includes_namesakes=made.includes_namesakes,
    )
    deleted = delete_together(
        {graph()[label].model: keys for label, keys in selection.delete.items()}
    )
    made.files_removed = deleted.pop("files", 0) + _blank(
        selection, besides=kept | _own(made)
    )
    made.deleted = {label: count for label, count in deleted.items() if count}
    made.mentions = {}
    made.sealed_identifiers = seal(gathered, purpose=str(request.pk))
    made.executed_at = timezone.now()
    _record_erasure(request, _erased(request, scope, selection), made)
    made.save(update_fields=_WRITTEN)
    return made


# Of the plan, when it is carried out.
_WRITTEN = (
    "rewritten",
    "files_removed",
    "deleted",
    "mentions",
    "sealed_identifiers",
    "executed_at",
)


def _erased(
    request: Request, scope: Scope, selection: Selection
) -> Collection[uuid.UUID]:
    """Return whom the record names: of many, not those whom another request erased."""
    if not request.is_collective:
        return scope.subject_ids
    return sorted(selection.delete.get(graph().root(KIND).label, ()))


def _record_erasure(
    request: Request, people: Collection[uuid.UUID], made: ErasurePlan
) -> None:
    system = actors.system(PURPOSE)
    root = graph().root(KIND).model._meta.label_lower
    details: dict[str, Any] = {"revision": made.revision}
    if not request.is_collective:
        # Of many, these are not what was deleted of each: the record of it has them.
        details["counts"] = made.deleted
    if people:
        audit.record_about(
            "contact.erased",
            actor=system,
            object_type=root,
            subject_ids=people,
            **details,
        )
    else:
        audit.record("contact.erased", actor=system, object_type=root, **details)
    requests.add_event(request, RequestEvent.Kind.ERASED, actor=system)


def _own(made: ErasurePlan) -> Keys:
    """Return the record of this very erasure, which is written whole."""
    return {ErasurePlan._meta.label: {made.pk}}


def _blank(selection: Selection, *, besides: Keys) -> int:
    """Empty or replace the fields that erasure empties, in rows that stay.

    With one statement. Returns how many files that removes.
    """
    removed = 0
    updates: list[str] = []
    params: list[Any] = []
    for entry, staying in selection.staying():
        keys = staying - besides.get(entry.label, set())
        emptied = emptied_fields(entry.label)
        if not keys or not emptied:
            continue
        for field_name in {name.partition(".")[0] for name, _personal in emptied}:
            if field_name in entry.file_fields:
                removed += files.order_removal_of_rows(
                    entry.model, field_name, list(keys)
                )
        assignments, values = _assignments(entry)
        meta = entry.model._meta
        updates.append(
            f'u{len(updates)} AS (UPDATE "{meta.db_table}" SET {assignments}'  # noqa: S608 - identifiers come from model metadata
            f' WHERE "{meta.pk.column}" = ANY(%s))'
        )
        params += [*values, array(keys)]
    if updates:
        with connection.cursor() as cursor:
            cursor.execute(f"WITH {', '.join(updates)} SELECT 1", params)
    return removed


def _assignments(entry: Entry) -> tuple[str, list[Any]]:
    """Return what empties the fields of a row that erasure empties, as SQL."""
    assignments: list[str] = []
    params: list[Any] = []
    for name, personal in emptied_fields(entry.label):
        field_name, _dot, key = name.partition(".")
        field = entry.model._meta.get_field(field_name)
        assert isinstance(field, models.Field)  # noqa: S101 - the checks saw to it
        column = f'"{field.column}"'
        if key:
            before = next((a for a in assignments if a.startswith(column)), "")
            if before:
                assignments.remove(before)
            assignments.append(f"{before or f'{column} = {column}'} - '{key}'")
        else:
            is_blank = personal.erasure is Erasure.BLANK
            assignments.append(f"{column} = %s")
            params.append(_empty(field) if is_blank else personal.value)
    return ", ".join(assignments), params


def _empty(field: models.Field[Any, Any]) -> Any:
    if field.empty_strings_allowed and not field.null:
        return ""
    return None


def _lock_people(scope: Scope) -> None:
    """Let nobody add a row to a person who is being erased: it would wait, then fail."""
    meta = graph().root(KIND).model._meta
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT 1 FROM "{meta.db_table}" WHERE "{meta.pk.column}" = ANY(%s::uuid[])'  # noqa: S608 - identifiers come from model metadata
            f' ORDER BY "{meta.pk.column}" FOR UPDATE',
            [array(scope.subject_ids)],
        )


@transaction.atomic
def _back_to_planning(request: Request) -> None:
    """Let the plan be made anew after something came between approval and erasure."""
    request = requests.lock(request)
    if request.state == Request.State.EXECUTING:
        move(request, Request.State.PLANNED)
        requests.record("erasure.outdated", request, actor=actors.system(PURPOSE))
