"""What an access request does with a value: give, review first, withhold.

The rules of GDPR Art. 15(4) over the declarations of the data map:

* a row is reached in one or several roles; the mildest role decides over the row;
* a field that is withheld is withheld from everybody, on its ground;
* a field in which anybody may be named is given to the author of the row, and
  reviewed before anybody else gets it;
* a row that is reached only in a role under review is given if something of what it
  says is given; otherwise not even that it exists in which hour is told.
"""

from __future__ import annotations

import dataclasses
import enum
from datetime import datetime
from typing import Any

from django.db import connection, models

from dsar.scope import KIND, Scope, rows_in_roles
from register.datamap.declarations import Ends, Keys, Personal, Subject
from register.datamap.graph import Entry, graph, kept_with_map
from register.datamap.vocabulary import Access

# The role, as the data map calls it, of whoever wrote the text of a row.
AUTHOR = "author"
# What a query for rows says about the person's role in each.
RANK, AUTHORED = "sel_rank", "sel_authored"
_RANK = {Access.GIVE: 0, Access.REVIEW: 1, Access.WITHHOLD: 2}


class Rule(enum.Enum):
    """When a field is reviewed before it is given."""

    GIVEN = "given"
    REVIEWED = "reviewed"
    REVIEWED_UNLESS_AUTHOR = "reviewed unless author"
    REVIEWED_WITH_ROW = "reviewed with row"
    WITHHELD = "withheld"


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A personal field of a table, or a key of one of its JSON fields."""

    name: str
    personal: Personal
    field: models.Field[Any, Any]
    key: str
    rule: Rule

    @property
    def is_reviewed(self) -> bool:
        """Whether a value of it may have to wait for the review."""
        return self.rule not in (Rule.GIVEN, Rule.WITHHELD)

    @property
    def is_file(self) -> bool:
        """Whether its content is a stored file."""
        return isinstance(self.field, models.FileField)

    def sql(self, alias: str) -> str:
        """Return the value as SQL."""
        column = f'{alias}."{self.field.column}"'
        return f"({column} -> '{self.key}')" if self.key else column

    def is_filled(self, alias: str) -> str:
        """Return SQL that is true when there is a value that says something."""
        value = self.sql(alias)
        if self.key:
            return f"coalesce({value}, 'null') NOT IN ('null', '\"\"', '[]', '{{}}')"
        if self.field.get_internal_type() == "ArrayField":
            return f"coalesce(cardinality({value}), 0) > 0"
        if self.field.empty_strings_allowed and not self.field.is_relation:
            return f"coalesce({value}::text, '') <> ''"
        return f"{value} IS NOT NULL"

    def needs_review(self, alias: str) -> str:
        """Return SQL that is true when the person gets the value only after review.

        ``alias`` stands for a row of :func:`rows_sql`.
        """
        match self.rule:
            case Rule.REVIEWED:
                return "true"
            case Rule.REVIEWED_UNLESS_AUTHOR:
                return f"NOT {alias}.{AUTHORED}"
            case Rule.REVIEWED_WITH_ROW:
                return f"{alias}.{RANK} = {_RANK[Access.REVIEW]}"
        return "false"


def columns_of(entry: Entry) -> tuple[Column, ...]:
    """Return the personal fields of a table in the order of its declaration."""
    return _columns(entry.label)


@kept_with_map
def _columns(label: str) -> tuple[Column, ...]:
    entry = graph()[label]
    found: list[Column] = []
    for name, personal in entry.map.personal_fields():
        field_name, _, key = name.partition(".")
        is_key = isinstance(entry.map.fields[field_name], Keys)
        field = entry.model._meta.get_field(field_name)
        assert isinstance(field, models.Field)  # noqa: S101 - the checks saw to it
        found.append(Column(name, personal, field, key if is_key else "", Rule.GIVEN))
    by_itself = [_rule_of(column.personal) for column in found]
    row_speaks = any(
        rule in (Rule.REVIEWED, Rule.REVIEWED_UNLESS_AUTHOR) for rule in by_itself
    )
    return tuple(
        dataclasses.replace(
            column, rule=_rule_in_row(rule, entry, row_speaks=row_speaks)
        )
        for column, rule in zip(found, by_itself, strict=True)
    )


def given_columns(entry: Entry) -> tuple[Column, ...]:
    """Return the fields that a package may hold."""
    return tuple(c for c in columns_of(entry) if c.rule is not Rule.WITHHELD)


def rows_sql(entry: Entry, scope: Scope) -> str | None:
    """Return a query for the rows of a table about the persons, each once.

    Beside the columns of the table it has ``sel_rank``, that of the person's mildest
    role (0 given, 1 reviewed), and ``sel_authored``. A row that is withheld in every
    role is not there, nor one past its due instant; None if nobody is in the table.
    """
    rows = rows_in_roles(entry, scope, existing=True)
    if not rows:
        return None
    meta = entry.model._meta
    key = f'"{meta.pk.column}"'
    withholds = any(each.subject.access is Access.WITHHOLD for each in rows)
    if len(rows) == 1 and rows[0].is_unique and not withholds:
        # One way, one row: nothing to compare, and no table read twice.
        role = rows[0].subject
        columns = (
            f"t0.*, {_RANK[role.access]} AS {RANK}, {_is_author(role)} AS {AUTHORED}"
        )
        return rows[0].sql.replace(f"SELECT t0.{key} FROM", f"SELECT {columns} FROM", 1)
    parts = [
        f"SELECT k.{key} AS key, {_RANK[each.subject.access]} AS rank,"
        f" {_is_author(each.subject)} AS authored FROM ({each.sql}) k"
        for each in rows
    ]
    roles = (
        "SELECT key, min(rank) AS rank, bool_or(authored) AS authored"
        f" FROM ({' UNION ALL '.join(parts)}) p GROUP BY key"
    )
    if withholds:
        # Only where needed: the planner takes the condition for a rare one.
        roles += f" HAVING min(rank) < {_RANK[Access.WITHHOLD]}"
    return (
        f"SELECT t0.*, r.rank AS {RANK}, r.authored AS {AUTHORED}"
        f' FROM ({roles}) r JOIN "{meta.db_table}" t0 ON t0.{key} = r.key'
    )


def first_end(scope: Scope, *, leave_out: type[models.Model]) -> datetime | None:
    """Return when the first of a person's records ends; None if none of them does.

    A part ends with its whole, and whoever is in a part is in the whole. ``leave_out``
    is the table of earlier copies, which do not shorten the life of the next one.
    """
    ends: list[datetime] = []
    for entry in graph().expiring():
        if entry.model is leave_out or not entry.subjects(KIND):
            continue
        rows = rows_sql(entry, scope)
        if rows is None or not isinstance(entry.map.retention, Ends):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT min(r.ends_at) FROM ({rows}) r")
            (first,) = cursor.fetchone()
        if first is not None:
            ends.append(first)
    return min(ends, default=None)


def _is_author(role: Subject) -> str:
    return "true" if role.role == AUTHOR else "false"


def _rule_of(personal: Personal) -> Rule:
    if personal.access is Access.WITHHOLD:
        return Rule.WITHHELD
    if personal.access is Access.REVIEW:
        return Rule.REVIEWED
    if personal.mentions_others:
        return Rule.REVIEWED_UNLESS_AUTHOR
    return Rule.GIVEN


def _rule_in_row(rule: Rule, entry: Entry, *, row_speaks: bool) -> Rule:
    """Where a role is under review and no field speaks for the row, all its fields do."""
    reviews = any(s.access is Access.REVIEW for s in entry.subjects(KIND))
    if rule is Rule.GIVEN and reviews and not row_speaks:
        return Rule.REVIEWED_WITH_ROW
    return rule
