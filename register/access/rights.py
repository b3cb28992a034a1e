"""What the roles of a reader say: which data, to do what, whose people, which fields.

A reader is a member of staff or an API key. Rights are rows of roles
(:class:`register.models.RoleRight`); what no role grants is refused. Django's own
permission questions end here too, so that lists, searches, autocomplete and pages typed
by hand all get the same answer.
"""

from __future__ import annotations

import dataclasses
import functools
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import connection, models
from django.db.models import Case, CharField, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Cast
from django.utils import timezone

from register.access.interface import opened_by
from register.datamap.graph import category_of
from register.datamap.vocabulary import HEEDED, Action, Category, Level, Scope
from register.models import (
    ApiKey,
    Elevation,
    ElevationRight,
    FieldRule,
    RoleAssignment,
    RoleRight,
    TeamMembership,
    User,
)
from register.models.staff import ADMINISTRATOR

Right = tuple[str, str]
Reader = User | ApiKey

# Narrowest first, as their classes list them.
_SCOPES = {scope.value: place for place, scope in enumerate(Scope)}
_LEVELS = {level.value: place for place, level in enumerate(Level)}


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """One right, by which role (0: by none), and whether it was taken for a while."""

    category: str
    action: str
    scope: str = Scope.ALL
    role: int = 0
    is_elevation: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Granted:
    """All that is known of a reader's rights: every page asks for it."""

    grants: tuple[Grant, ...] = ()
    purposes: tuple[str, ...] = ()
    teams: tuple[int, ...] = ()
    # Of each role: what it sees of a field.
    levels: frozenset[tuple[int, str, str]] = frozenset()
    needs_second_factor: bool = False

    def scope(self, action: str, category: str) -> Scope | None:
        """Return the widest scope of a right, None if there is no such right."""
        found = [
            grant.scope
            for grant in self.grants
            if grant.action == action and grant.category == category
        ]
        return Scope(max(found, key=_SCOPES.__getitem__)) if found else None

    def level(self, category: str, field: str) -> Level:
        """Return what is seen of a field: by the mildest of the roles that reach farthest.

        A role that reaches only some rows does not unmask a field in all the others.
        """
        widest = self.scope(Action.VIEW, category)
        if widest is None:
            return Level.HIDDEN
        roles = {
            grant.role
            for grant in self.grants
            if grant.action == Action.VIEW
            and grant.category == category
            and grant.scope == widest
        }
        ruled = {role: level for role, name, level in self.levels if name == field}
        levels = [ruled.get(role, Level.FULL.value) for role in roles]
        return Level(max(levels, key=_LEVELS.__getitem__))


NOTHING = Granted()


def granted(reader: object) -> Granted:
    """Return the rights of a reader, read once per object; nothing for anybody else."""
    if isinstance(reader, User):
        if not reader.is_active:
            return NOTHING
        return _kept(reader)
    if isinstance(reader, ApiKey):
        return _kept(reader)
    return NOTHING


def forget(reader: Reader) -> None:
    """Read the rights again when they are asked for next: they have changed."""
    _home(reader).pop("_granted", None)


def _kept(reader: Reader) -> Granted:
    cached: Granted | None = _home(reader).get("_granted")
    if cached is None:
        cached = of_user(reader.pk) if isinstance(reader, User) else _of_key(reader)
        _home(reader)["_granted"] = cached
    return cached


def _home(reader: Reader) -> dict[str, Any]:
    """Return where the rights of a reader are kept: the user of a request is a shell."""
    shell = vars(reader)
    return vars(shell["_wrapped"]) if "_wrapped" in shell else shell


def of_users(keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, Granted]:
    """Return the rights of many accounts, active or not, by one statement."""
    keys = list(keys)
    found: dict[uuid.UUID, list[tuple[str, int, str, str, str, str]]] = {
        key: [] for key in keys
    }
    for kind, user, *rest in _rows_of(keys, timezone.now()):
        found.setdefault(user, []).append((kind, *rest))
    return {key: _of_rows(mine) for key, mine in found.items()}


def of_user(key: uuid.UUID) -> Granted:
    """Return the rights of one account: every request asks, so the SQL is made once."""
    sql, params = _sql_of_one()
    meant: dict[Any, Any] = {_NOBODY: key, _NEVER: timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(sql, tuple(meant.get(each, each) for each in params))
        return _of_rows([(kind, *rest) for kind, _user, *rest in cursor.fetchall()])


# Stand in the statement for whom and when it is about.
_NOBODY, _NEVER = uuid.UUID(int=0), datetime(1970, 1, 1, tzinfo=UTC)


@functools.cache
def _sql_of_one() -> tuple[str, tuple[Any, ...]]:
    return _rows_of([_NOBODY], _NEVER).query.sql_with_params()


def _rows_of(keys: list[uuid.UUID], now: datetime) -> models.QuerySet[Any, Any]:
    nothing = Value("")
    # Five questions in one statement, each join of which is planned for every request:
    # what the rows together tell is left to `_of_rows`.
    needs_factor = Q(role__requires_second_factor=True) | Q(role__code=ADMINISTRATOR)
    rights = RoleAssignment.objects.filter(user__in=keys).values_list(
        Case(When(needs_factor, then=Value("strict")), default=Value("right")),
        "user_id",
        "role_id",
        "role__default_purpose",
        "role__rights__category",
        "role__rights__action",
        "role__rights__scope",
    )
    rules = FieldRule.objects.filter(role__assignments__user__in=keys).values_list(
        Value("field"),
        F("role__assignments__user_id"),
        "role_id",
        "field",
        "level",
        nothing,
        nothing,
    )
    teams = TeamMembership.objects.filter(user__in=keys).values_list(
        Value("team"),
        "user_id",
        "id",
        Cast("team_id", CharField()),
        nothing,
        nothing,
        nothing,
    )
    elevations = (
        _offered(now)
        .filter(user__in=keys)
        .values_list(
            Value("elevation"),
            "user_id",
            "role_id",
            nothing,
            "category",
            "action",
            "scope",
        )
    )
    return rights.order_by().union(
        rules.order_by(),
        teams.order_by(),
        elevations.order_by(),
        all=True,
    )


def in_force(now: object = None) -> models.QuerySet[Elevation]:
    """Return the rights that are taken for a while at this moment.

    They end with the role by which they were taken, and with what it lets take.
    """
    now = now or timezone.now()
    holders = RoleAssignment.objects.filter(
        user=OuterRef("user"), role=OuterRef("role")
    )
    return _offered(now).filter(Exists(holders.order_by()))


def _offered(now: object) -> models.QuerySet[Elevation]:
    """Return the rights taken for a while that their role lets take still."""
    offered = ElevationRight.objects.filter(
        Q(scope=OuterRef("scope")) | Q(scope=Scope.ALL),
        role=OuterRef("role"),
        category=OuterRef("category"),
        action=OuterRef("action"),
    )
    return Elevation.objects.filter(
        Exists(offered.order_by()),
        ended_at=None,
        started_at__lte=now,
        until__gt=now,
    ).order_by()


def _of_rows(rows: list[tuple[str, int, str, str, str, str]]) -> Granted:
    grants, purposes, teams, levels = [], set(), set(), set()
    # A right taken for a while ends with the role by which it was taken.
    held = {key for kind, key, *_ in rows if kind in ("right", "strict")}
    for kind, key, first, second, third, fourth in rows:
        if kind == "field":
            levels.add((key, first, second))
        elif kind == "team":
            teams.add(int(first))
        elif kind == "elevation":
            if key in held:
                grants.append(Grant(second, third, fourth, key, is_elevation=True))
        else:
            purposes.add(first)
            if second:  # a role without a right is one row without one
                grants.append(Grant(second, third, fourth, key, is_elevation=False))
    return Granted(
        tuple(grants),
        tuple(sorted(purposes)),
        tuple(sorted(teams)),
        frozenset(levels),
        any(kind == "strict" for kind, *_ in rows),
    )


def _of_key(key: ApiKey) -> Granted:
    """Return what of a key's role its scopes open; without a role nothing."""
    if key.role_id is None:
        return NOTHING
    asked = opened_by(key.scopes)
    rights = RoleRight.objects.filter(role=key.role_id).values_list(
        "category", "action", "scope"
    )
    rules = FieldRule.objects.filter(role=key.role_id).values_list("field", "level")
    return Granted(
        tuple(
            Grant(category, action, scope, key.role_id)
            for category, action, scope in rights
            if (category, action) in asked
        ),
        levels=frozenset((key.role_id, field, level) for field, level in rules),
    )


def rights_of(reader: object) -> frozenset[Right]:
    """Return ``(category, action)`` pairs of the reader's roles."""
    return frozenset((g.category, g.action) for g in granted(reader).grants)


def default_purpose(user: User) -> str:
    """Return the purpose that the user's roles work under, empty without a role."""
    return next(iter(granted(user).purposes), "")


def needs_second_factor(user: User) -> bool:
    """Whether a role of the user asks for more than a password at log-in."""
    return granted(user).needs_second_factor


def may(reader: object, action: Action, category: Category) -> bool:
    """Whether ``reader`` may do ``action`` to ``category``, whosever rows they are.

    Anonymous users may nothing.
    """
    return (category, action) in rights_of(reader)


def scope_of(reader: object, action: Action, category: Category) -> Scope | None:
    """Return whose rows a right reaches, None without the right."""
    scope = granted(reader).scope(action, category)
    return Scope.ALL if scope is not None and category in HEEDED else scope


def may_model(reader: object, action: Action, model: type[models.Model]) -> bool:
    """The same question about the category of a table; an undeclared table is refused."""
    category = category_of(model)
    return category is not None and may(reader, action, category)


def require(reader: object, action: Action, category: Category) -> None:
    """Raise PermissionDenied unless :func:`may`."""
    if not may(reader, action, category):
        raise PermissionDenied


def has_django_permission(user: User, permission: str) -> bool:
    """Answer ``app.action_model``, the form in which Django's screens ask."""
    app_label, _, codename = permission.partition(".")
    action, _, model_name = codename.partition("_")
    if action not in Action.values:
        return False
    try:
        model = apps.get_model(app_label, model_name)
    except LookupError:
        return False
    return may_model(user, Action(action), model)


def sees_app(user: User, app_label: str) -> bool:
    """Whether any table of the app may be seen."""
    try:
        config = apps.get_app_config(app_label)
    except LookupError:
        return False
    return any(may_model(user, Action.VIEW, model) for model in config.get_models())
