"""What an import may do beyond adding people, by the rights of who orders it."""

from __future__ import annotations

import uuid
from typing import Any

from contacts.models import Contact
from register import access
from register.datamap.vocabulary import Action, Category
from register.models import User

# An import adds people and companies and leaves rows behind, so it needs all three.
CATEGORIES = (Category.IMPORTS, Category.IDENTITY, Category.COMPANY)


def may_import(user: object) -> bool:
    """Whether the user may bring in files of people."""
    return all(access.may(user, Action.IMPORT, category) for category in CATEGORIES)


def may_add_interests(user: object) -> bool:
    """Whether a user may record what people are interested in."""
    return access.may(user, Action.ADD, Category.CLASSIFICATION)


def may_assign(user: object) -> bool:
    """Whether a user may say who is responsible: whoever reaches everybody."""
    return not is_limited(user, Contact)


def responsible_for_new(user: User | None, model: type[Any]) -> uuid.UUID | None:
    """Return who is responsible for what a user brings in, if nobody says.

    Whoever reaches only some rows would not see it again otherwise.
    """
    return user.pk if user is not None and is_limited(user, model) else None


def is_limited(user: object, model: type[Any]) -> bool:
    """Whether a user sees or changes only some rows of a table."""
    return any(
        access.is_limited(user, model, action)
        for action in (Action.VIEW, Action.CHANGE)
        if access.may_model(user, action, model)
    )
