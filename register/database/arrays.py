"""Many keys as one parameter of a statement."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any


def array(keys: Collection[Any]) -> str | list[Any]:
    """Return keys for ``= ANY(%s)``: written out, which a driver takes ten times as long for.

    They are all of one kind; other kinds than numbers and UUIDs are left to the driver.
    """
    if isinstance(next(iter(keys), 0), int | uuid.UUID):
        return f"{{{','.join(map(str, keys))}}}"
    return list(keys)
