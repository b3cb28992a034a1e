"""Columns of models, as SQL names them."""

from __future__ import annotations

from typing import Any

from django.db import connection, models

_PLAIN = {"bigserial": "bigint", "serial": "integer"}


def column_of(model: type[models.Model], name: str) -> str:
    """Return the column of a field."""
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]


def type_of(field: models.Field[Any, Any]) -> str:
    """Return the SQL type of a field's values."""
    kind = field.db_type(connection) or "bigint"
    return _PLAIN.get(kind, kind)
