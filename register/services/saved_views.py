"""Saved views of lists: made, shared, renamed, ordered and deleted by who they belong to.

A view gives nobody a right. It is a question, answered anew with the rights of whoever
asks it (:mod:`register.staff_site.saved_views`).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils.translation import gettext, gettext_lazy as _

from register import access, audit
from register.actors import Actor
from register.errors import DomainError
from register.models import ListPreference, Role, SavedView, Team, User

# More tabs than this nobody finds his way in.
MOST = 30
# Seconds for which the names of teams and roles are kept.
NAMES_KEPT_FOR = 60
_READ = ("id", "name", "shared", "team_id", "role_id", "filters", "columns", "order")
# Codes, numbers, keys and days. Words that somebody typed are none of these.
_VALUE = re.compile(r"\A[A-Za-z0-9_:+-]{0,60}\Z")
# What a filter takes that asks for a text: words in the letters of any language.
_TEXT = re.compile(r"\A[\w .,'’-]{0,80}\Z")
# Lists and their filters that ask for one, a town for example.
_TEXTS: set[tuple[str, str]] = set()

audit.register_actions(
    {
        "view.saved": _("saved a view of a list"),
        "view.changed": _("changed a view of a list"),
        "view.deleted": _("deleted a view of a list"),
    }
)


def register_text(screen: str, code: str) -> None:
    """Let views of a list keep what is typed into one of its filters.

    Only for what names no person.
    """
    _TEXTS.add((screen, code))


def seen_by(user: User, screen: str) -> QuerySet[SavedView]:
    """Return one's own views of a list, and those that are shared with one."""
    granted = access.granted(user)
    return SavedView.objects.filter(
        Q(owner=user)
        | Q(shared=SavedView.Shared.EVERYBODY)
        | Q(shared=SavedView.Shared.TEAM, team__in=granted.teams)
        | Q(shared=SavedView.Shared.ROLE, role__in=_roles(user)),
        screen=screen,
    )


def look_of(user: User, screen: str) -> tuple[ListPreference | None, list[SavedView]]:
    """Return how a user left a list and the views of it, in order, by one statement."""
    preference = ListPreference.objects.filter(user=user, screen=screen)
    of_view = {name: name for name in _READ} | {
        "owner_id": "owner_id",
        "first_name": "owner__first_name",
        "last_name": "owner__last_name",
    }
    row = (
        User.objects.filter(pk=user.pk)
        .values_list(
            Subquery(
                preference.values(
                    found=JSONObject(
                        columns="columns", views="views", first_view_id="first_view_id"
                    )
                )
            ),
            ArraySubquery(
                seen_by(user, screen).values(found=JSONObject(**of_view)),
            ),
        )
        .first()
    )
    left, rows = row or (None, [])
    kept = ListPreference(user_id=user.pk, screen=screen, **left) if left else None
    if kept is not None:
        kept.views = [uuid.UUID(str(key)) for key in kept.views]
        kept.first_view_id = _key(kept.first_view_id)
    return kept, in_order([_view(each, screen) for each in rows], kept)


def _view(found: dict[str, Any], screen: str) -> SavedView:
    owner = User(
        pk=uuid.UUID(found["owner_id"]),
        first_name=found.pop("first_name"),
        last_name=found.pop("last_name"),
    )
    del found["owner_id"]
    found["id"] = uuid.UUID(found["id"])
    return SavedView(screen=screen, owner=owner, **found)


def _key(text: Any) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None


def may_share_with(user: User) -> list[tuple[str, str]]:
    """Return with whom a user may share: his own teams, his own roles, everybody."""
    named = [
        (kind != "team", name if kind == "team" else gettext(name), f"{kind}:{key}")
        for kind, name, key in _names(access.granted(user).teams, _roles(user))
    ]
    return [
        (SavedView.Shared.NOBODY.value, str(SavedView.Shared.NOBODY.label)),
        *((code, name) for _is_role, name, code in sorted(named)),
        (SavedView.Shared.EVERYBODY.value, str(SavedView.Shared.EVERYBODY.label)),
    ]


def _names(teams: Iterable[int], roles: Iterable[int]) -> list[tuple[str, str, int]]:
    """Return what teams and roles are called; a new name is seen a minute later."""
    teams, roles = sorted(teams), sorted(roles)
    key = f"names-of-{teams}-{roles}".replace(" ", "")
    names: list[tuple[str, str, int]] | None = cache.get(key)
    if names is None:
        of_teams = Team.objects.filter(pk__in=teams).order_by()
        of_roles = Role.objects.filter(pk__in=roles).order_by()
        names = list(
            of_teams.values_list(Value("team"), "name", "pk").union(
                of_roles.values_list(Value("role"), "name", "pk"), all=True
            )
        )
        cache.set(key, names, NAMES_KEPT_FOR)
    return names


def _roles(user: User) -> set[int]:
    grants = access.granted(user).grants
    return {grant.role for grant in grants if grant.role and not grant.is_elevation}


@transaction.atomic
def save(
    screen: str,
    *,
    name: str,
    shared: str,
    filters: Sequence[str],
    columns: Sequence[str],
    order: str,
    actor: Actor,
) -> SavedView:
    """Keep how a list is looked at. Raises ValidationError and DomainError."""
    user = _user(actor)
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if SavedView.objects.filter(owner=user, screen=screen).count() >= MOST:
        raise DomainError(
            "too_many_views", _("You have many views already. Delete one first.")
        )
    view = SavedView(owner=user, screen=screen, name=name.strip())
    _look(view, filters, columns, order)
    _share(view, shared, user)
    view.full_clean()
    view.save(force_insert=True)
    audit.record("view.saved", actor=actor, obj=view)
    return view


@transaction.atomic
def change(view_id: uuid.UUID, *, name: str, shared: str, actor: Actor) -> SavedView:
    """Rename one's own view, or share it otherwise."""
    view = _own(view_id, actor)
    view.name = name.strip()
    _share(view, shared, _user(actor))
    view.full_clean()
    view.save()
    audit.record("view.changed", actor=actor, obj=view)
    return view


@transaction.atomic
def look_anew(
    view_id: uuid.UUID,
    *,
    filters: Sequence[str],
    columns: Sequence[str],
    order: str,
    actor: Actor,
) -> SavedView:
    """Let one's own view ask what the list asks now."""
    view = _own(view_id, actor)
    _look(view, filters, columns, order)
    view.full_clean()
    view.save()
    audit.record("view.changed", actor=actor, obj=view)
    return view


@transaction.atomic
def delete(view_id: uuid.UUID, *, actor: Actor) -> None:
    """Delete one's own view, also for those with whom it was shared."""
    view = _own(view_id, actor)
    audit.record("view.deleted", actor=actor, obj=view)
    view.delete()


@transaction.atomic
def begin_with(screen: str, view_id: uuid.UUID | None, *, actor: Actor) -> None:
    """Let a list begin with a view that one sees, or with none."""
    user = _user(actor)
    view = None
    if view_id is not None:
        view = seen_by(user, screen).filter(pk=view_id).first()
        if view is None:
            raise _gone()
    ListPreference.objects.update_or_create(
        user=user, screen=screen, defaults={"first_view": view}
    )


@transaction.atomic
def move(screen: str, view_id: uuid.UUID, *, by: int, actor: Actor) -> None:
    """Move the tab of a view to the left (-1) or right (1), for oneself alone."""
    user = _user(actor)
    kept, _is_new = ListPreference.objects.select_for_update().get_or_create(
        user=user, screen=screen
    )
    keys = [view.pk for view in in_order(seen_by(user, screen), kept)]
    if view_id not in keys:
        raise _gone()
    place = keys.index(view_id)
    keys.insert(max(0, min(len(keys) - 1, place + by)), keys.pop(place))
    kept.views = keys
    kept.save(update_fields=["views"])


@transaction.atomic
def choose_columns(screen: str, columns: Sequence[str], *, actor: Actor) -> None:
    """Remember the columns of a list; none stands for those it has by itself."""
    ListPreference.objects.update_or_create(
        user=_user(actor), screen=screen, defaults={"columns": list(columns)}
    )


def in_order(
    views: Iterable[SavedView], preference: ListPreference | None
) -> list[SavedView]:
    """Return views as somebody ordered them, those not ordered yet at the end."""
    places = {key: n for n, key in enumerate(preference.views if preference else ())}
    return sorted(views, key=lambda view: places.get(view.pk, len(places)))


def _look(
    view: SavedView, filters: Sequence[str], columns: Sequence[str], order: str
) -> None:
    for code in filters:
        name, _sign, value = code.partition("=")
        allowed = _TEXT if (view.screen, name) in _TEXTS else _VALUE
        if allowed.match(value):
            continue
        raise DomainError(
            "filter_not_kept",
            _("This list is narrowed by words, which a view does not keep."),
        )
    view.filters, view.columns, view.order = list(filters), list(columns), order


def _share(view: SavedView, shared: str, user: User) -> None:
    as_before = shared == shared_code(view)
    if not as_before and shared not in dict(may_share_with(user)):
        raise ValidationError(
            {"shared": _("Share it with your own teams and roles, or with everybody.")}
        )
    kind, _sign, key = shared.partition(":")
    view.shared = kind
    view.team_id = int(key) if kind == SavedView.Shared.TEAM else None
    view.role_id = int(key) if kind == SavedView.Shared.ROLE else None


def shared_code(view: SavedView) -> str:
    """Return with whom a view is shared, as :func:`may_share_with` writes it."""
    key = view.team_id or view.role_id
    return f"{view.shared}:{key}" if key else view.shared


def _own(view_id: uuid.UUID, actor: Actor) -> SavedView:
    views = SavedView.objects.select_for_update(of=("self",))
    view = views.filter(pk=view_id, owner=_user(actor)).first()
    if view is None:
        raise _gone()
    return view


def _gone() -> DomainError:
    return DomainError("view_gone", _("There is no such view of yours any more."))


def _user(actor: Actor) -> User:
    if actor.user is None:
        raise ValueError("Views belong to members of staff.")
    return actor.user
