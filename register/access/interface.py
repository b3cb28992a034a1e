"""What each scope of an API key opens, and the role that says no more than that."""

from __future__ import annotations

from collections.abc import Iterable

from register.datamap.vocabulary import Action, Category
from register.models import ApiKey

# What a write has to look up is among it: whoever sends a chat says whose it is.
_OPENED: dict[ApiKey.Scope, dict[Category, tuple[Action, ...]]] = {
    ApiKey.Scope.CONTACTS_READ: {Category.IDENTITY: (Action.VIEW,)},
    ApiKey.Scope.CONTACTS_WRITE: {
        Category.IDENTITY: (Action.VIEW, Action.ADD, Action.CHANGE),
        Category.COMPANY: (Action.VIEW,),
    },
    ApiKey.Scope.CHATS_READ: {
        Category.CHATS: (Action.VIEW,),
        Category.IDENTITY: (Action.VIEW,),
    },
    ApiKey.Scope.CHATS_WRITE: {
        Category.CHATS: (Action.VIEW, Action.ADD, Action.CHANGE),
        Category.IDENTITY: (Action.VIEW, Action.ADD, Action.CHANGE),
        Category.COMPANY: (Action.VIEW,),
    },
    ApiKey.Scope.CALLS_READ: {
        Category.COMMUNICATION: (Action.VIEW,),
        Category.RECORDINGS: (Action.VIEW,),
        Category.IDENTITY: (Action.VIEW,),
    },
    ApiKey.Scope.CALLS_WRITE: {
        Category.COMMUNICATION: (Action.VIEW, Action.ADD, Action.CHANGE),
        Category.RECORDINGS: (Action.VIEW, Action.ADD, Action.CHANGE),
        Category.IDENTITY: (Action.VIEW, Action.ADD, Action.CHANGE),
        Category.COMPANY: (Action.VIEW,),
    },
}


def opened_by(scopes: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Return the ``(category, action)`` pairs that scopes open."""
    return frozenset(
        (str(category), str(action))
        for scope in scopes
        for category, actions in _OPENED[ApiKey.Scope(scope)].items()
        for action in actions
    )
