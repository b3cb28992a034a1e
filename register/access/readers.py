"""Who reaches a row: every account and key, by which role and with which masks."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from django.db.models import Model, Q
from django.utils import timezone

from register.access.fields import Field, all_fields
from register.access.rights import Granted, Reader, granted, of_users
from register.database.scopes import RESPONSIBLE, TEAM
from register.datamap.graph import category_of
from register.datamap.vocabulary import Action, Level, Scope
from register.models import ApiKey, Role, TeamMembership, User


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """That a reader reaches a row."""

    reader: Reader
    scope: Scope
    roles: tuple[str, ...]
    is_elevated: bool
    unseen: tuple[tuple[Field, Level], ...]


def readers_of(row: Model, *, at: datetime | None = None) -> list[Reach]:
    """Return who may see a person's or company's own row now, accounts first.

    ``row`` must be of a table whose rows have somebody responsible.
    """
    at = at or timezone.now()
    category = str(category_of(type(row)))
    users = list(User.objects.filter(is_active=True))
    rights = of_users(user.pk for user in users)
    keys = ApiKey.objects.filter(revoked_at=None).filter(
        Q(expires_at=None) | Q(expires_at__gt=at)
    )
    names = dict(Role.objects.values_list("pk", "name"))
    members: dict[Any, set[int]] = {}
    for user_id, team_id in TeamMembership.objects.values_list("user", "team"):
        members.setdefault(user_id, set()).add(team_id)
    responsible = getattr(row, f"{RESPONSIBLE}_id")
    teams = members.get(responsible, set()) | {getattr(row, f"{TEAM}_id")}
    readers: list[tuple[Reader, Granted]] = [(u, rights[u.pk]) for u in users]
    readers += [(key, granted(key)) for key in keys]
    found = []
    for reader, known in readers:
        scope = known.scope(Action.VIEW, category)
        if scope is None or not _reaches(reader, known, scope, responsible, teams):
            continue
        grants = [
            g for g in known.grants if (g.category, g.action) == (category, "view")
        ]
        found.append(
            Reach(
                reader,
                scope,
                tuple(sorted({names[g.role] for g in grants if g.role})),
                all(g.is_elevation for g in grants if g.scope == scope),
                _unseen(known, category),
            )
        )
    return found


def _reaches(
    reader: Reader,
    known: Granted,
    scope: Scope,
    responsible: object,
    teams: set[int],
) -> bool:
    if scope is Scope.ALL:
        return True
    if responsible is not None and reader.pk == responsible:
        return True
    return scope is Scope.TEAM and bool(teams & set(known.teams))


def _unseen(known: Granted, category: str) -> tuple[tuple[Field, Level], ...]:
    return tuple(
        (field, level)
        for code, field in all_fields().items()
        if field.category == category
        and (level := known.level(category, code)) in (Level.HIDDEN, Level.MASKED)
    )
