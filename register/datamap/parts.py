"""What is part of a row by its foreign keys."""

from __future__ import annotations

from typing import Any

from django.db import models


def goes_with_it(collector: Any, field: Any, rows: Any, using: str) -> None:
    """Say of a foreign key: its rows go when the other is erased or ends (``on_delete``).

    Not when Django deletes it: an earlier version outlives the row that it was of, and
    goes with the person (:mod:`register.datamap.removal`).
    """


def is_part(on_delete: Any) -> bool:
    """Whether rows with such a foreign key are removed with the row they point at."""
    return on_delete is models.CASCADE or on_delete is goes_with_it
