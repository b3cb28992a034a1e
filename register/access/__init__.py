"""The one place that answers "may this reader do this to that data, of whom, of which field?"."""

from __future__ import annotations

from register.access.fields import (
    Field,
    all_fields,
    editable,
    in_clear,
    level,
    mask_of,
    present,
    present_value,
    shown,
    unseen,
)
from register.access.masks import masked
from register.access.rights import (
    Grant,
    Granted,
    Reader,
    Right,
    default_purpose,
    forget,
    granted,
    has_django_permission,
    may,
    may_model,
    needs_second_factor,
    require,
    rights_of,
    scope_of,
    sees_app,
)

__all__ = [
    "Field",
    "Grant",
    "Granted",
    "Reader",
    "Right",
    "all_fields",
    "default_purpose",
    "editable",
    "forget",
    "granted",
    "has_django_permission",
    "in_clear",
    "level",
    "mask_of",
    "masked",
    "may",
    "may_model",
    "needs_second_factor",
    "present",
    "present_value",
    "require",
    "rights_of",
    "scope_of",
    "sees_app",
    "shown",
    "unseen",
]
