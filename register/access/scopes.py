"""Whose rows a reader reaches: the same rule for queries and for the database.

The database decides (:mod:`register.database.scopes`); what it asks of a session is
written here. :func:`visible_to` says it to the planner too, so that a list of own people
is read from the index of own people.
"""

from __future__ import annotations

import contextlib
import contextvars
import json
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet

from register.access.fields import as_seen
from register.access.rights import granted, may, scope_of
from register.database.scopes import (
    RESPONSIBLE,
    TEAM,
    is_assigned,
    leads_to_customers,
    right,
)
from register.database.visibility import set_scopes
from register.datamap.graph import declaration_of, graph
from register.datamap.vocabulary import HEEDED, Action, Category, Scope
from register.models import TeamMembership, User

M = TypeVar("M", bound=Model)

_reading: contextvars.ContextVar[object] = contextvars.ContextVar(
    "reading", default=None
)


@contextlib.contextmanager
def reading_as(reader: object) -> Iterator[None]:
    """Let the queries inside reach what a reader reaches; nobody reaches nothing.

    Held rows past their due instant are among it for those who approve retention.
    """
    token = _reading.set(reader)
    set_scopes(
        session_of(reader), sees_held=may(reader, Action.APPROVE, Category.RETENTION)
    )
    try:
        yield
    finally:
        _reading.reset(token)
        set_scopes("")


def streamed_as(reader: object, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield an answer that is made while it is sent, as its reader may see it.

    It is made after the request has ended, when what :class:`RowSecurity` let the
    request reach is taken away again.
    """
    with reading_as(reader):
        yield from chunks


@contextlib.contextmanager
def until_answered() -> Iterator[None]:
    """Take away at the end what :func:`read_as` let a request reach."""
    token = _reading.set(None)
    try:
        yield
    finally:
        is_changed = _reading.get() is not None
        _reading.reset(token)
        if is_changed:
            set_scopes("")


def read_as(reader: object) -> None:
    """Let the rest of a request reach what a reader reaches, inside :func:`until_answered`."""
    _reading.set(reader)
    set_scopes(session_of(reader))


def reader_now() -> object:
    """Return the reader of this request, None where nobody reads."""
    return _reading.get()


def as_seen_now(row: M) -> M:
    """Return a row as the reader of this request sees it; itself where nobody reads.

    For what says who a row is about and is handed no reader: labels of choices, columns.
    """
    reader = _reading.get()
    return row if reader is None else as_seen(reader, row)


def session_of(reader: object) -> str:
    """Return what the database is told of a reader."""
    rights = granted(reader)
    if not rights.grants:
        return ""
    told: dict[str, Any] = {}
    for category in set(Category) - HEEDED:
        for action in (Action.VIEW, Action.ADD, Action.CHANGE, Action.DELETE):
            scope = _limit(reader, action, category)
            if scope is not None:
                told[right(action, category)] = scope
    if isinstance(reader, User):
        told |= {"user": str(reader.pk), "teams": rights.teams}
    return json.dumps(told, sort_keys=True)


def _limit(reader: object, action: Action, category: Category) -> Scope | None:
    """Return whose rows may be written, also where no right says so.

    Services write rows besides what their caller asked for (a call makes a contact).
    Who may do that is theirs to ask; whose rows it may be, is as with what is seen.
    """
    order = {
        Action.DELETE: (Action.DELETE, Action.CHANGE, Action.VIEW),
        Action.CHANGE: (Action.CHANGE, Action.VIEW),
        Action.ADD: (Action.ADD, Action.VIEW),
    }.get(action, (action,))
    return next(
        (scope for each in order if (scope := scope_of(reader, each, category))), None
    )


def is_limited(
    reader: object, model: type[Model], action: Action = Action.VIEW
) -> bool:
    """Whether a reader reaches only some rows of a table, or none."""
    declared = declaration_of(model)
    return (
        declared is not None
        and leads_to_customers(graph().of(model))
        and scope_of(reader, action, declared.category) is not Scope.ALL
    )


def is_limited_now(model: type[Model]) -> bool:
    """Whether the reader of this request reaches only some rows of a table."""
    reader = _reading.get()
    return reader is not None and is_limited(reader, model)


def visible_to(
    reader: object, rows: QuerySet[M], action: Action = Action.VIEW
) -> QuerySet[M]:
    """Return those of some rows that a reader may see (or do ``action`` to).

    Nothing is added to the query of a reader who may see all of them.
    """
    declared = declaration_of(rows.model)
    if declared is None:
        return rows.none()
    scope = scope_of(reader, action, declared.category)
    if scope is None:
        return rows.none()
    entry = graph().of(rows.model)
    if scope is Scope.ALL or not leads_to_customers(entry):
        return rows
    if declared.seen_with:
        for name in declared.seen_with:
            field: Any = rows.model._meta.get_field(name)
            others = field.remote_field.model._default_manager.order_by()
            reached = visible_to(reader, others, action)
            rows = rows.filter(**{f"{name}__in": reached.values("pk")})
        return rows
    return rows.filter(_mine(reader, rows.model, scope))


def _mine(reader: object, model: type[Model], scope: Scope) -> Q:
    """Return the condition that rows belong to a reader: by themselves or by their people."""
    entry = graph().of(model)
    mine = Q(pk__in=())
    if is_assigned(model):
        mine |= assigned_to(reader, scope)
    person = graph().root("contact").model
    people = person._default_manager.filter(assigned_to(reader, scope)).values("pk")
    for subject in entry.subjects("contact"):
        if subject.lookup != "pk":
            # By keys, not by a join, which would give a row once for each person.
            keys = model._default_manager.filter(
                **{f"{subject.lookup}__in": people}, **subject.condition
            )
            mine |= Q(pk__in=keys.order_by().values("pk"))
    for name in entry.map.reached_with:
        field: Any = model._meta.get_field(name)
        other = field.remote_field.model
        wholes = visible_to(reader, other._default_manager.order_by())
        reached = wholes.filter(_mine(reader, other, scope))
        mine |= Q(**{f"{name}__in": reached.values("pk")})
    return mine


def assigned_to(reader: object, scope: Scope) -> Q:
    """Return the condition that a person or company belongs to a reader."""
    if not isinstance(reader, User):
        return Q(pk__in=())
    if scope is Scope.OWN:
        return Q(**{RESPONSIBLE: reader.pk})
    teams = granted(reader).teams
    colleagues = TeamMembership.objects.filter(team__in=teams).values("user")
    return (
        Q(**{RESPONSIBLE: reader.pk})
        | Q(**{f"{RESPONSIBLE}__in": colleagues})
        | Q(**{f"{TEAM}__in": teams})
    )


def reaches(reader: object, action: Action, row: Model) -> bool:
    """Whether a reader may do ``action`` to this very row."""
    model = type(row)
    if not is_limited(reader, model, action):
        declared = declaration_of(model)
        return declared is not None and bool(
            scope_of(reader, action, declared.category)
        )
    rows = visible_to(reader, model._default_manager.filter(pk=row.pk), action)
    return rows.exists()


def require_row(reader: object, action: Action, row: Model) -> None:
    """Raise PermissionDenied unless :func:`reaches`."""
    if not reaches(reader, action, row):
        raise PermissionDenied
