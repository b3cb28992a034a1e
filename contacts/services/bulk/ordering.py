"""Ordering a change of many, approving a large one, cancelling it, and asking for its undo."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import EmptyResultSet, PermissionDenied
from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from contacts.models import BulkChange, BulkCompany, BulkPerson, Company, Contact
from contacts.services.bulk.kinds import BulkKind, kind_of
from register import access, audit, identity_codes
from register.actors import Actor, of_user
from register.datamap.vocabulary import HEEDED, Category, Scope
from register.errors import DomainError
from register.models import Job
from register.services import approvals, jobs

RUN, UNDO = "contacts.bulk", "contacts.bulk_undo"
# As long as what stood there before is kept.
POSSIBLE = timedelta(days=30)
State, Stop, Of = BulkChange.State, BulkChange.Stop, BulkChange.Of
MODELS: dict[str, Any] = {Of.PEOPLE: Contact, Of.COMPANIES: Company}
ROWS: dict[str, Any] = {Of.PEOPLE: BulkPerson, Of.COMPANIES: BulkCompany}

audit.register_actions(
    {
        "bulk.ordered": _("ordered a change of many"),
        "bulk.run": _("changed many at once"),
        "bulk.stopped": _("stopped a change of many"),
        "bulk.undo_asked": _("asked for a change of many to be undone"),
        "bulk.undone": _("undid a change of many"),
    }
)


def kind(change: BulkChange) -> BulkKind | None:
    """Return what is done."""
    return kind_of(MODELS[change.of], change.kind)


def reached_by(user: Any, rows: QuerySet[Any], what: BulkKind) -> QuerySet[Any]:
    """Return those of some rows to which a user may do it."""
    for action, category in what.rights:
        if category == access_category(what):
            rows = access.visible_to(user, rows, action)
        elif category not in HEEDED:
            scope = access.scope_of(user, action, category)
            if scope is None:
                return rows.none()
            if scope is not Scope.ALL:
                rows = rows.filter(access.assigned_to(user, scope))
    return rows


def access_category(what: BulkKind) -> Category:
    """Return the category of the table itself."""
    return what.rights[0][1]


@transaction.atomic
def order(
    rows: QuerySet[Any],
    *,
    what: BulkKind,
    terms: Mapping[str, str],
    actor: Actor,
    until: datetime | None = None,
    filters: Sequence[str] = (),
    was_searched: bool = False,
    was_chosen: bool = False,
) -> BulkChange:
    """Fix which rows are changed, and have it done: at once, or when a second person approves.

    ``rows`` are read as the one who orders sees them; whoever was added after ``until``
    is not among them. Refuses whoever may not, terms without a value, and nobody at all.
    """
    if not what.is_for(actor.user):
        raise PermissionDenied
    if not terms.get("value") and not terms.get("text"):
        raise DomainError("no_value", _("Choose what is to be set."), field="value")
    if text := terms.get("text"):
        identity_codes.refuse(text, field="text")
    until = min(until or timezone.now(), timezone.now())
    change = BulkChange(
        of=str(what.model._meta.model_name),
        kind=what.code,
        terms=dict(terms),
        state=State.RUNNING,
        purpose=actor.purpose,
        filters=list(filters),
        was_searched=was_searched,
        was_chosen=was_chosen,
        added_until=until,
        created_by=actor.user,
    )
    change.full_clean()
    change.save(force_insert=True)
    change.chosen_count = _fix(change, rows.filter(created_at__lte=until))
    if not change.chosen_count:
        raise DomainError("nobody", _("There is nothing to change."))
    is_large = change.chosen_count > settings.BULK_APPROVAL_ROWS
    if is_large:
        change.state = State.WAITING
    change.save(update_fields=["chosen_count", "state"])
    audit.record(
        "bulk.ordered",
        actor=actor,
        obj=change,
        count=change.chosen_count,
        kind=change.kind,
    )
    if is_large:
        approvals.ask(approval_of(change), object_id=change.pk, actor=actor)
    else:
        jobs.order(RUN, object_id=change.pk, actor=actor)
    return change


def _fix(change: BulkChange, rows: QuerySet[Any]) -> int:
    """Write down which rows, by one statement, under the rights of who reads now."""
    item = ROWS[change.of]
    try:
        sql, params = rows.order_by().values_list("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{item._meta.db_table}" (change_id, {change.of}_id, old, made, outcome, undone, created_at)'  # noqa: S608 - names come from model metadata, values are in params
            " SELECT DISTINCT %s::uuid, key, '', '', '', '', %s::timestamptz"
            f" FROM ({sql}) chosen (key)",
            [change.pk, change.created_at, *params],
        )
        return int(cursor.rowcount)


def rows_of(change: BulkChange) -> QuerySet[Any]:
    """Return the rows that were fixed."""
    found: QuerySet[Any] = ROWS[change.of].objects.filter(change=change)
    return found


@transaction.atomic
def cancel(change: BulkChange, *, actor: Actor) -> None:
    """Stop a change that is not over, by who ordered it. What is done stays done."""
    found = BulkChange.objects.select_for_update().get(pk=change.pk)
    if actor.user is None or found.created_by_id != actor.user.pk:
        raise PermissionDenied
    if found.state == State.WAITING:
        approvals.withdraw(approval_of(found), object_id=found.pk, actor=actor)
    if found.state in (State.WAITING, State.RUNNING):
        stop(found, Stop.CANCELLED, actor=actor)


def stop(change: BulkChange, why: BulkChange.Stop, *, actor: Actor) -> None:
    """End a change before its end."""
    change.state, change.stop_reason = State.STOPPED, why
    change.finished_at, change.terms = timezone.now(), without_text(change)
    change.save(update_fields=["state", "stop_reason", "finished_at", "terms"])
    audit.record("bulk.stopped", actor=actor, obj=change, reason=str(why))


def without_text(change: BulkChange) -> dict[str, str]:
    """Return the terms without what staff wrote: it stands with the people now."""
    return {name: value for name, value in change.terms.items() if name != "text"}


def can_be_undone(change: BulkChange) -> bool:
    """Whether what a change did can still be taken back."""
    is_over = change.state in (State.DONE, State.STOPPED, State.UNDOING)
    is_kept = timezone.now() < change.created_at + POSSIBLE
    return is_over and is_kept and change.changed_count > 0


@transaction.atomic
def order_undo(change: BulkChange, *, actor: Actor) -> Job:
    """Order that a change is taken back, by who ordered it and still may do it.

    Raises DomainError where that is over, too old, or did nothing.
    """
    found = BulkChange.objects.select_for_update().get(pk=change.pk)
    what = kind(found)
    if actor.user is None or found.created_by_id != actor.user.pk:
        raise PermissionDenied
    if what is None or not what.is_for(actor.user):
        raise PermissionDenied
    if not can_be_undone(found):
        raise DomainError("too_late", _("This can no longer be undone."))
    waiting = Job.objects.filter(
        kind=UNDO,
        object_id=str(found.pk),
        state__in=[Job.State.QUEUED, Job.State.RUNNING],
    )
    if found.state == State.UNDOING and (job := waiting.first()) is not None:
        return job
    found.state = State.UNDOING
    found.save(update_fields=["state"])
    audit.record("bulk.undo_asked", actor=actor, obj=found)
    return jobs.order(UNDO, object_id=found.pk, actor=actor)


def approval_of(change: BulkChange) -> str:
    """Return which kind of approval a large change takes."""
    return f"{RUN}_{change.of}"


def _approved(object_id: str, actor: Actor) -> None:
    change = BulkChange.objects.select_for_update().get(pk=object_id)
    if change.state != State.WAITING or change.created_by is None:
        return
    change.state = State.RUNNING
    change.save(update_fields=["state"])
    jobs.order(RUN, object_id=change.pk, actor=of_user(change.created_by))


def _rejected(object_id: str, actor: Actor) -> None:
    change = BulkChange.objects.select_for_update().get(pk=object_id)
    change.state, change.finished_at = State.REJECTED, timezone.now()
    change.terms = without_text(change)
    change.save(update_fields=["state", "finished_at", "terms"])
    rows_of(change).delete()


def _page(object_id: Any) -> str:
    return reverse("admin:contacts_bulkchange_change", args=[object_id])


def _about(keys: Collection[str], user: object) -> dict[str, str]:
    """Return what is done, and to how many."""
    told = {}
    for each in BulkChange.objects.filter(pk__in=keys):
        what = kind(each)
        count = number_format(each.chosen_count, force_grouping=True)
        told[str(each.pk)] = f"{what.title}: {count}" if what else count
    return told


for _of, _category, _title in (
    (Of.PEOPLE, Category.IDENTITY, _("A change of many people")),
    (Of.COMPANIES, Category.COMPANY, _("A change of many companies")),
):
    approvals.register_kind(
        approvals.ApprovalKind(
            code=f"{RUN}_{_of}",
            title=_title,
            category=_category,
            url=_page,
            on_approved=_approved,
            on_rejected=_rejected,
            about=_about,
        )
    )
