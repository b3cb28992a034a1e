"""Erasing a person (GDPR Art. 17): planned by one, approved by another, then done.

What is done cannot be undone. So nothing is deleted that no plan named and no second
person approved; if the world has moved since, the erasure stops and is planned anew.
The deletions, the rewriting and their record are one transaction: whatever is killed
at whatever moment, everything was done or nothing. It happens at least once, and a
second time finds nothing left to do.
"""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

from django.db import connection, models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models import ErasurePlan, Request, RequestEvent
from dsar.scope import KIND, Scope, scope_of
from dsar.services import erasure_mentions, requests, verification
from dsar.services.erasure_identity import gather, seal
from dsar.services.erasure_plan import (
    Line,
    fingerprint,
    lines,
    mentioning_rows,
    obstacles,
    stored_mentions,
)
from dsar.services.erasure_rows import Selection, in_order_of_deletion, select
from register import actors, audit, files
from register.actors import Actor
from register.datamap.graph import graph
from register.datamap.removal import delete_rows
from register.datamap.vocabulary import Category, Erasure
from register.errors import DomainError
from register.models import Approval, Job
from register.services import approvals, jobs

APPROVAL = "dsar.erasure"
ERASE = "dsar.erase"
PURPOSE = "data_subject_rights"

audit.register_actions(
    {
        "erasure.planned": _("planned an erasure"),
        "erasure.submitted": _("asked for the approval of an erasure"),
        "erasure.discarded": _("discarded the plan of an erasure"),
        "erasure.outdated": _("stopped an erasure whose plan no longer fitted"),
        "contact.erased": _("erased a person"),
    }
)


class PlanOutdated(DomainError):
    """What the plan says is no longer what would be done."""

    def __init__(self) -> None:
        super().__init__(
            "plan_outdated",
            _(
                "The register has changed since the erasure was planned: records were added or have ended. Make the plan again and have it approved."
            ),
        )


@transaction.atomic
def plan(
    request: Request, *, actor: Actor, includes_namesakes: bool = False
) -> ErasurePlan:
    """Write down what erasing the person would do; nothing is done.

    A plan that waits for its approval is withdrawn from it. Refuses a request of
    another kind, one without a confirmed person, and one that is being carried out.
    """
    request = _locked(request)
    scope = _scope(request)
    if request.state == Request.State.APPROVAL:
        approvals.withdraw(APPROVAL, object_id=request.pk, actor=actor)
    selection = select(scope)
    identity = gather(request, scope)
    found = erasure_mentions.find(identity, selection, scope)
    ErasurePlan.objects.filter(request=request).delete()
    made = ErasurePlan(
        request=request,
        revision=graph().revision,
        lines=lines(selection, found),
        mentions=stored_mentions(found),
        includes_namesakes=includes_namesakes,
    )
    made.fingerprint = fingerprint(selection, made)
    made.save()
    _move(request, Request.State.PLANNED)
    requests.add_event(request, RequestEvent.Kind.PLANNED, actor=actor)
    requests.record("erasure.planned", request, actor=actor, counts=_counts(made.lines))
    return made


def obstacles_of(request: Request) -> list[DomainError]:
    """Return what stands in the way of erasing the person now."""
    scope = scope_of(request)
    return obstacles(request, scope, select(scope), gather(request, scope))


@transaction.atomic
def submit(request: Request, *, actor: Actor) -> Approval:
    """Ask a second person to approve the plan.

    Refuses while a hold or an open request for access stands in the way, and when
    the plan no longer fits.
    """
    request = _locked(request)
    _require_state(request, Request.State.PLANNED)
    _require_free_and_current(request)
    approval = approvals.ask(APPROVAL, object_id=request.pk, actor=actor)
    _move(request, Request.State.APPROVAL)
    requests.record("erasure.submitted", request, actor=actor)
    return approval


@transaction.atomic
def discard(request: Request, *, actor: Actor) -> Request:
    """Throw the plan away, so that the person can be confirmed anew."""
    request = _locked(request)
    approvals.withdraw(APPROVAL, object_id=request.pk, actor=actor)
    ErasurePlan.objects.filter(request=request).delete()
    _move(request, Request.State.IDENTIFIED)
    requests.record("erasure.discarded", request, actor=actor)
    return request


@transaction.atomic
def try_again(request: Request, *, actor: Actor) -> Job:
    """Order the approved erasure once more after its job failed."""
    request = requests.lock(request)
    _require_state(request, Request.State.EXECUTING)
    latest = job_of(request)
    if latest is not None and not latest.is_over:
        raise DomainError(
            "job_running", _("The erasure is under way; wait until it ends.")
        )
    return jobs.order(ERASE, object_id=request.pk, actor=actor)


def job_of(request: Request) -> Job | None:
    """Return the newest job of an erasure or of the search after it."""
    kinds = (ERASE, *verification.JOBS)
    found = Job.objects.filter(kind__in=kinds, object_id=str(request.pk))
    return found.order_by("-created_at").first()


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
    request = requests.lock(request)
    made = ErasurePlan.objects.select_for_update().get(request=request)
    if made.executed_at is not None:
        return made
    _require_state(request, Request.State.EXECUTING)
    scope = _scope(request)
    _lock_people(scope)
    _require_free_and_current(request)
    identity = gather(request, scope)
    selection = select(scope, also_due=True)
    # Rewritten first, while the rows still show who else is in them.
    made.rewritten = erasure_mentions.take_out_of_own(selection, identity, scope)
    made.rewritten += erasure_mentions.take_out_of_others(
        mentioning_rows(made), identity, scope
    )
    deleted: Counter[str] = Counter()
    for label in in_order_of_deletion(selection.delete):
        deleted.update(delete_rows(graph()[label].model, list(selection.delete[label])))
    made.files_removed = deleted.pop("files", 0) + _blank(selection)
    made.deleted = {label: count for label, count in deleted.items() if count}
    made.mentions = {}
    made.sealed_identifiers = seal(identity, purpose=str(request.pk))
    made.executed_at = timezone.now()
    _record_erasure(request, scope, made)
    made.save()
    return made


def _record_erasure(request: Request, scope: Scope, made: ErasurePlan) -> None:
    system = actors.system(PURPOSE)
    root = graph().root(KIND).model._meta.label_lower
    audit.record_many(
        [
            audit.entry_values(
                "contact.erased",
                actor=system,
                object_type=root,
                object_id=subject_id or "",
                subject_id=subject_id,
                counts=made.deleted,
                revision=made.revision,
            )
            for subject_id in scope.subject_ids or [None]
        ]
    )
    request.refresh_from_db()
    requests.add_event(request, RequestEvent.Kind.ERASED, actor=system)


def _blank(selection: Selection) -> int:
    """Empty or replace the fields that erasure empties, in rows that stay."""
    removed = 0
    for entry, keys in selection.staying():
        meta = entry.model._meta
        for name, personal in entry.map.personal_fields():
            if personal.erasure not in (Erasure.BLANK, Erasure.CONSTANT):
                continue
            field_name, _dot, key = name.partition(".")
            field = meta.get_field(field_name)
            assert isinstance(field, models.Field)  # noqa: S101 - the checks saw to it
            if field_name in entry.file_fields:
                removed += files.order_removal_of_rows(
                    entry.model, field_name, list(keys)
                )
            is_blank = personal.erasure is Erasure.BLANK
            value = _empty(field) if is_blank else personal.value
            column = f'"{field.column}"'
            if key:
                assignment = f"{column} = {column} - '{key}'"
                params: list[Any] = [list(keys)]
            else:
                assignment, params = f"{column} = %s", [value, list(keys)]
            with connection.cursor() as cursor:
                cursor.execute(
                    f'UPDATE "{meta.db_table}" SET {assignment}'  # noqa: S608 - identifiers come from model metadata
                    f' WHERE "{meta.pk.column}" = ANY(%s)',
                    params,
                )
    return removed


def _empty(field: models.Field[Any, Any]) -> Any:
    if field.empty_strings_allowed and not field.null:
        return ""
    return None


def _require_free_and_current(request: Request) -> None:
    scope = _scope(request)
    selection = select(scope)
    for obstacle in obstacles(request, scope, selection, gather(request, scope)):
        raise obstacle
    made = request.plan
    if made.fingerprint != fingerprint(selection, made):
        raise PlanOutdated


def _lock_people(scope: Scope) -> None:
    """Let nobody add a row to a person who is being erased: it would wait, then fail."""
    people = graph().root(KIND).model._base_manager.select_for_update()
    list(people.filter(pk__in=scope.subject_ids).order_by("pk").values_list("pk"))


def _locked(request: Request) -> Request:
    """Return the request, locked, if an erasure can be planned for it."""
    request = requests.lock(request)
    requests.require_open(request)
    if request.kind != Request.Kind.ERASURE:
        raise DomainError(
            "not_an_erasure", _("This request does not ask for an erasure.")
        )
    if request.state == Request.State.EXECUTING:
        raise DomainError(
            "erasure_approved", _("The erasure was approved and is being carried out.")
        )
    return request


def _scope(request: Request) -> Scope:
    scope = scope_of(request)
    if scope.is_empty:
        raise DomainError(
            "person_not_confirmed",
            _("Confirm first whom the request is about, then plan the erasure."),
        )
    return scope


def _require_state(request: Request, state: Request.State) -> None:
    if request.state != state:
        raise DomainError(
            "wrong_state",
            _("The request has moved on meanwhile; look at its page again."),
        )


def _move(request: Request, state: Request.State) -> None:
    request.state = state
    request.save(update_fields=["state"])


def _counts(made: list[Line]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for line in made:
        counts[line["verdict"]] += line["rows"]
    return dict(counts)


# --- four eyes ------------------------------------------------------------------------


def _approved(object_id: str, actor: Actor) -> None:
    request = requests.lock(Request(pk=uuid.UUID(object_id)))
    _require_state(request, Request.State.APPROVAL)
    _require_free_and_current(request)
    _move(request, Request.State.EXECUTING)
    requests.add_event(request, RequestEvent.Kind.APPROVED, actor=actor)
    jobs.order(ERASE, object_id=request.pk, actor=actor)


def _rejected(object_id: str, actor: Actor) -> None:
    request = requests.lock(Request(pk=uuid.UUID(object_id)))
    _require_state(request, Request.State.APPROVAL)
    _move(request, Request.State.PLANNED)
    requests.add_event(request, RequestEvent.Kind.REJECTED, actor=actor)


@transaction.atomic
def _back_to_planning(request: Request) -> None:
    """Let the plan be made anew after something came between approval and erasure."""
    request = requests.lock(request)
    if request.state == Request.State.EXECUTING:
        _move(request, Request.State.PLANNED)
        requests.record("erasure.outdated", request, actor=actors.system(PURPOSE))


approvals.register_kind(
    approvals.ApprovalKind(
        code=APPROVAL,
        title=_("Erasing a person"),
        category=Category.REQUESTS,
        url=lambda key: reverse("admin:dsar_request_erasure", args=[key]),
        on_approved=_approved,
        on_rejected=_rejected,
    )
)
