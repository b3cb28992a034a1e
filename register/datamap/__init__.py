"""The data map: what every table means for people, and what is derived from it."""

from __future__ import annotations

from register.datamap.declarations import (
    SELF,
    Ends,
    Keep,
    Keys,
    ModelMap,
    NotPersonal,
    Personal,
    Reviewed,
    Subject,
    WithParent,
)
from register.datamap.vocabulary import (
    HEEDED,
    Access,
    Action,
    Category,
    Erasure,
    Identifier,
    Level,
    Portability,
    Scope,
)

__all__ = [
    "HEEDED",
    "SELF",
    "Access",
    "Action",
    "Category",
    "Ends",
    "Erasure",
    "Identifier",
    "Keep",
    "Keys",
    "Level",
    "ModelMap",
    "NotPersonal",
    "Personal",
    "Portability",
    "Reviewed",
    "Scope",
    "Subject",
    "WithParent",
]
