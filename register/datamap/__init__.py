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
    Access,
    Action,
    Category,
    Erasure,
    Identifier,
    Portability,
)

__all__ = [
    "SELF",
    "Access",
    "Action",
    "Category",
    "Ends",
    "Erasure",
    "Identifier",
    "Keep",
    "Keys",
    "ModelMap",
    "NotPersonal",
    "Personal",
    "Portability",
    "Reviewed",
    "Subject",
    "WithParent",
]
