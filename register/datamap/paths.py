"""Look-up paths from a row to a person, compiled to SQL joins.

Row security, holds and set-based erasure work inside the database, where Django's
look-ups do not reach; everything else uses the same path through the ORM.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models

from register.datamap.declarations import SELF, Subject


class PathError(Exception):
    """A path that does not lead from the model to a person's model."""


@dataclasses.dataclass(frozen=True, slots=True)
class SqlPath:
    """``FROM``-clause joins (the row's own table is ``t0``) and the person's column.

    ``when`` is what the row must meet, as SQL.
    """

    table: str
    primary_key: str
    joins: tuple[str, ...]
    column: str
    when: str = "true"

    def select_rows(self, condition: str) -> str:
        """Return a query for the keys of rows whose person meets ``condition``.

        ``condition`` holds ``{column}`` where the person's key stands.
        """
        where = self._where(condition)
        joins = " ".join(self.joins)
        return f'SELECT t0."{self.primary_key}" FROM "{self.table}" t0 {joins} WHERE {where}'

    def exists_person(self, row_key: str, condition: str) -> str:
        """Return an ``EXISTS`` over the persons of the row whose key is ``row_key``."""
        where = self._where(condition)
        joins = " ".join(self.joins)
        return f'EXISTS (SELECT 1 FROM "{self.table}" t0 {joins} WHERE t0."{self.primary_key}" = {row_key} AND {where})'

    def _where(self, condition: str) -> str:
        where = condition.format(column=self.column)
        return where if self.when == "true" else f"{self.when} AND ({where})"


def compile_path(
    model: type[models.Model], subject: Subject
) -> tuple[SqlPath, type[models.Model] | None]:
    """Return the SQL path of ``subject`` from ``model`` and the model it ends in.

    The end is ``None`` for ``by_id`` subjects, which have no foreign key.
    Raises :class:`PathError` when a step of the path does not exist.
    """
    meta = model._meta
    key = _column(meta.pk)
    if subject.path == SELF:
        joins: list[str] = []
        when = _when(model, subject, joins)
        return SqlPath(meta.db_table, key, tuple(joins), f't0."{key}"', when), model

    current: type[models.Model] = model
    alias, joins, column = "t0", [], ""
    when = _when(model, subject, joins)
    steps = subject.path.split("__") if subject.path else []
    for number, step in enumerate(steps, start=1):
        if column:  # the step before was a foreign key: now its table is needed
            alias_key = _column(current._meta.pk)
            new = f"t{number}"
            joins.append(
                f'JOIN "{current._meta.db_table}" {new} ON {new}."{alias_key}" = {column}'
            )
            alias, column = new, ""
        field = _field(current, step)
        if isinstance(field, models.ForeignKey):
            column = f'{alias}."{_column(field)}"'
            current = field.remote_field.model
        elif isinstance(field, models.ManyToOneRel):
            new = f"r{number}"
            related = field.related_model
            own_key = _column(current._meta.pk)
            joins.append(
                f'JOIN "{related._meta.db_table}" {new} ON {new}."{_column(field.field)}" = {alias}."{own_key}"'
            )
            alias, current = new, related
        else:
            raise PathError(f"{current._meta.label}.{step} is not a foreign key")
    if subject.by_id:
        if column:
            raise PathError(f"{subject.path!r} must end in a reverse relation")
        by_id = f'{alias}."{_column(_field(current, subject.by_id))}"'
        return SqlPath(meta.db_table, key, tuple(joins), by_id, when), None
    if not column:
        column = f'{alias}."{_column(current._meta.pk)}"'
    return SqlPath(meta.db_table, key, tuple(joins), column, when), current


def _when(model: type[models.Model], subject: Subject, joins: list[str]) -> str:
    """Return the condition of ``subject`` as SQL; add the joins that it needs."""
    if subject.when is None:
        return "true"
    lookup, value = subject.when
    *steps, name = lookup.split("__")
    current, alias = model, "t0"
    for number, step in enumerate(steps, start=1):
        field = _field(current, step)
        if not isinstance(field, models.ForeignKey):
            raise PathError(f"{current._meta.label}.{step} is not a foreign key")
        current, new = field.remote_field.model, f"w{number}"
        joins.append(
            f'JOIN "{current._meta.db_table}" {new} ON {new}."{_column(current._meta.pk)}" = {alias}."{_column(field)}"'
        )
        alias = new
    field = _field(current, name)
    if field.choices and value not in [code for code, _label in field.flatchoices]:
        raise PathError(f"{current._meta.label}.{name} is never {value!r}")
    # Values are codes of the declaration; a quotation mark in one would be a mistake.
    if "'" in value or "{" in value:
        raise PathError(f"{value!r} is no code")
    return f"{alias}.\"{_column(field)}\" = '{value}'"


def _field(model: type[models.Model], name: str) -> Any:
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise PathError(f"{model._meta.label} has no field {name!r}") from error


def _column(field: Any) -> str:
    return str(field.column)
