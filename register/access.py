"""The one place that answers "may this user do this to that category of data?".

Rights are rows of roles (:class:`register.models.RoleRight`). What no role grants is
refused. Django's own permission questions end here too, so that lists, searches,
autocomplete and pages typed by hand all get the same answer.
"""

from __future__ import annotations

import dataclasses

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import models

from register.datamap.graph import category_of
from register.datamap.vocabulary import Action, Category
from register.models import RoleAssignment, User

Right = tuple[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class _Granted:
    """What the roles of a user say: every page asks for both."""

    rights: frozenset[Right]
    purposes: tuple[str, ...]


def rights_of(user: User) -> frozenset[Right]:
    """Return ``(category, action)`` pairs of the user's roles, read once per object."""
    return _granted(user).rights if user.is_active else frozenset()


def default_purpose(user: User) -> str:
    """Return the purpose that the user's roles work under, empty without a role."""
    return next(iter(_granted(user).purposes), "")


def _granted(user: User) -> _Granted:
    cached: _Granted | None = getattr(user, "_granted", None)
    if cached is None:
        rows = RoleAssignment.objects.filter(user=user).values_list(
            "role__default_purpose", "role__rights__category", "role__rights__action"
        )
        found = list(rows)
        cached = _Granted(
            # A role without a right is one row without one.
            frozenset((category, action) for _, category, action in found if category),
            tuple(sorted({purpose for purpose, _, _ in found})),
        )
        user._granted = cached  # type: ignore[attr-defined]
    return cached


def may(user: object, action: Action, category: Category) -> bool:
    """Whether ``user`` may do ``action`` to ``category``. Anonymous users may nothing."""
    return isinstance(user, User) and (category, action) in rights_of(user)


def may_model(user: object, action: Action, model: type[models.Model]) -> bool:
    """The same question about the category of a table; an undeclared table is refused."""
    category = category_of(model)
    return category is not None and may(user, action, category)


def require(user: object, action: Action, category: Category) -> None:
    """Raise PermissionDenied unless :func:`may`."""
    if not may(user, action, category):
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
