"""The rows of a package, written by the database itself.

PostgreSQL makes of each row its JSON object and its line of the readable page, so
that fifty thousand rows cost about as much as fetching them. A row is rendered only
from what the verdicts allow: a value under review is what the DPO decided, and one
that nobody has decided about is counted and left out.
"""

from __future__ import annotations

import dataclasses
import html
import json
import uuid
from collections.abc import Mapping

from django.utils.translation import gettext as _
from psycopg.sql import quote

from dsar import wording
from dsar.models import Finding
from dsar.package.cells import escaped, html_plain, is_direct, title_of
from dsar.scope import KIND, Scope, keys_sql
from dsar.verdicts import RANK, Column, given_columns, rows_sql
from register.datamap.graph import Entry, graph

# The state of a value that is not given as it is; stands beside it in the JSON.
STATE_KEY = "_state"
# PostgreSQL functions take at most 100 arguments.
_MOST_PAIRS = 45


@dataclasses.dataclass(frozen=True, slots=True)
class RowWriter:
    """Writes the queries of one table for one request and the persons in its scope."""

    entry: Entry
    request_id: uuid.UUID
    scope: Scope
    # Paths of files in the package, by key of the row and name of the field.
    members: Mapping[str, Mapping[str, str]]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The fields that may be given."""
        return given_columns(self.entry)

    def rows(self) -> str:
        """Return a query for ``JSON, line of the page, whether a decision is missing``.

        JSON and line are NULL for a row that the review withheld as a whole. The query
        has no parameters; it is empty if nobody can be in the table.
        """
        source = rows_sql(self.entry, self.scope)
        if source is None:
            return ""
        reviewed = [column for column in self.columns if column.is_reviewed]
        json_row, line = self._json(), self._line()
        missing = " OR ".join(map(_is_undecided, reviewed)) or "false"
        if reviewed:
            dropped = self._is_dropped(reviewed)
            json_row = f"CASE WHEN NOT ({dropped}) THEN {json_row} END"
            line = f"CASE WHEN NOT ({dropped}) THEN {line} END"
        # Sorted before they are written out: narrow rows sort in memory. OFFSET 0
        # keeps the planner from doing it the other way round.
        return (
            f"SELECT {json_row}, {line}, {missing}"
            f" FROM (SELECT * FROM ({source}) t{self._joins(reviewed)}{self._order} OFFSET 0) t"
        )

    def files(self, column: Column) -> str:
        """Return a query for ``key, path in the storage`` of the files that are given."""
        source = rows_sql(self.entry, self.scope)
        given = self._decided(column, column.sql("t"), "NULL")
        joins = self._joins([column] if column.is_reviewed else [])
        return (
            f"SELECT key, path FROM (SELECT t.{self._key}::text AS key, {given} AS path"
            f" FROM ({source}) t{joins}) f WHERE path <> '' ORDER BY key"
        )

    def _joins(self, reviewed: list[Column]) -> str:
        """Return the joins of what the DPO decided about each field.

        The numbers of rows are hard to foresee here; OFFSET 0 keeps the planner from
        looking up the findings one by one.
        """
        return "".join(
            f" LEFT JOIN (SELECT row_key AS {_of(column, 'key')}, verdict AS {_of(column, 'verdict')},"
            f" ground AS {_of(column, 'ground')}, redacted AS {_of(column, 'redacted')}"
            f" FROM dsar_finding WHERE request_id = {quote(str(self.request_id))}::uuid"
            f' AND "table" = {quote(self.entry.label)} AND field = {quote(column.name)} OFFSET 0)'
            f" {_of(column, 'finding')} ON {_of(column, 'key')} = t.{self._key}::text"
            for column in reviewed
        )

    @property
    def _key(self) -> str:
        return f'"{self.entry.model._meta.pk.column}"'

    @property
    def _order(self) -> str:
        meta = self.entry.model._meta
        terms = []
        for name in meta.ordering or ():
            plain = str(name).lstrip("-")
            if isinstance(name, str) and "__" not in plain:
                field = meta.pk if plain == "pk" else meta.get_field(plain)
                direction = " DESC" if name.startswith("-") else ""
                terms.append(f't."{field.column}"{direction}')  # type: ignore[union-attr]
        return f" ORDER BY {', '.join([*terms, f't.{self._key}'])}"

    def _is_dropped(self, reviewed: list[Column]) -> str:
        """Return SQL: a row under review of which nothing that it says is given."""
        gone = " AND ".join(
            f"(NOT {column.is_filled('t')} OR {_of(column, 'verdict')} = 'withhold')"
            for column in reviewed
        )
        some = " OR ".join(f"{_of(c, 'verdict')} = 'withhold'" for c in reviewed)
        return f"coalesce(t.{RANK} = 1 AND ({gone}) AND ({some}), false)"

    # --- JSON ------------------------------------------------------------------------

    def _json(self) -> str:
        pairs = [
            f"{quote(column.name)}, {self._decided(column, self._json_value(column), self._json_redacted(column))}"
            for column in self.columns
        ]
        plain = _json_object(pairs)
        reviewed = [column for column in self.columns if column.is_reviewed]
        if not reviewed:
            return f"{plain}::text"
        states = ", ".join(
            f"{quote(column.name)}, CASE {_of(column, 'verdict')} WHEN 'redact' THEN 'redacted'"
            f" WHEN 'withhold' THEN 'withheld: ' || {_of(column, 'ground')} END"
            for column in reviewed
        )
        changed = " OR ".join(
            f"{_of(column, 'verdict')} IN ('redact', 'withhold')" for column in reviewed
        )
        state = f"{quote(STATE_KEY)}, json_strip_nulls(json_build_object({states}))"
        return f"CASE WHEN {changed} THEN {_json_object([*pairs, state])} ELSE {plain} END::text"

    def _json_value(self, column: Column) -> str:
        value = column.sql("t")
        if column.is_file:
            return self._member(column)
        if self._names_person(column):
            return f"CASE WHEN {self._is_own(column)} THEN {value} END"
        return value

    def _json_redacted(self, column: Column) -> str:
        redacted = f"{_of(column, 'redacted')}"
        if column.field.get_internal_type() == "ArrayField":
            return f"string_to_array({redacted}, E'\\n')"
        if column.field.get_internal_type() in ("CharField", "TextField"):
            return redacted
        return "NULL"

    # --- the readable page ------------------------------------------------------------

    def _line(self) -> str:
        cells = [
            self._decided(
                column,
                self._html_value(column),
                escaped(f"{_of(column, 'redacted')}"),
                self._html_withheld(column) if column.is_reviewed else "",
            )
            for column in self.columns
        ]
        joined = " || '</td><td>' || ".join(f"coalesce({cell}, '')" for cell in cells)
        return f"'<tr><td>' || {joined} || '</td></tr>'"

    def _html_value(self, column: Column) -> str:
        value = column.sql("t")
        kind = column.field.get_internal_type()
        words = wording.words_of(self.entry, column)
        if column.is_file:
            label = html.escape(_("open the file"))
            member = self._member(column)
            return f"('<a href=\"' || {member} || '\">' || {quote(label)} || '</a>')"
        if words:
            harmless = {code: html.escape(word) for code, word in words.items()}
            known = quote(json.dumps(harmless, ensure_ascii=False))
            return f"coalesce({known}::jsonb ->> {value}, {escaped(value)})"
        if self._names_person(column):
            own, other = html.escape(_("you")), html.escape(_("somebody else"))
            return f"CASE WHEN {self._is_own(column)} THEN {quote(own)} WHEN {value} IS NOT NULL THEN {quote(other)} END"
        if column.field.is_relation:
            return self._html_relation(column)
        if column.key:
            listed = f"array_to_string(ARRAY(SELECT jsonb_array_elements_text({value})), ', ')"
            return escaped(
                f"CASE jsonb_typeof({value}) WHEN 'array' THEN {listed} ELSE {value} #>> '{{}}' END"
            )
        return html_plain(kind, value)

    def _html_withheld(self, column: Column) -> str:
        grounds = {
            ground.value: f"<em>{html.escape(_('withheld: %(ground)s') % {'ground': ground.label})}</em>"
            for ground in Finding.Ground
        }
        known = quote(json.dumps(grounds, ensure_ascii=False))
        return f"{known}::jsonb ->> {_of(column, 'ground')}"

    def _html_relation(self, column: Column) -> str:
        """Return SQL that names the record of another table as far as it may be named."""
        value = column.sql("t")
        target = graph().of(column.field.related_model)  # type: ignore[arg-type]
        word = html.escape(str(target.model._meta.verbose_name))
        name = f"{quote(word + ' ')} || left({value}::text, 8)"
        own = (
            f"{value} IN ({keys_sql(target, self.scope)})"
            if target.subjects(KIND)
            else ""
        )
        if own and any(is_direct(target, s.path) for s in target.subjects(KIND)):
            return (
                f"CASE WHEN {own} THEN {quote(html.escape(_('you')))} ELSE {name} END"
            )
        title = title_of(target)
        if own and title:
            meta = target.model._meta
            titled = f'(SELECT {escaped("o." + title)} FROM "{meta.db_table}" o WHERE o."{meta.pk.column}" = {value})'
            return f"CASE WHEN {own} THEN {titled} ELSE {name} END"
        return name

    # --- both --------------------------------------------------------------------------

    def _decided(
        self, column: Column, value: str, redacted: str, withheld: str = "NULL"
    ) -> str:
        """Return the value, or what the review made of it."""
        if not column.is_reviewed:
            return value
        verdict = _of(column, "verdict")
        return (
            f"CASE WHEN NOT ({column.needs_review('t')}) OR {verdict} = 'give' THEN {value}"
            f" WHEN {verdict} = 'redact' THEN {redacted}"
            f" WHEN {verdict} = 'withhold' THEN {withheld} END"
        )

    def _member(self, column: Column) -> str:
        paths = {
            key: fields[column.name]
            for key, fields in self.members.items()
            if column.name in fields
        }
        return f"({quote(json.dumps(paths))}::jsonb ->> t.{self._key}::text)"

    def _names_person(self, column: Column) -> bool:
        """Whether the value is the number of a person."""
        if column.field.is_relation:
            return column.field.related_model is graph().root(KIND).model
        by_id = {s.by_id for s in self.entry.subjects(KIND) if not s.path}
        return column.field.name in by_id

    def _is_own(self, column: Column) -> str:
        ids = ", ".join(quote(str(each)) for each in self.scope.subject_ids)
        return f"{column.sql('t')} = ANY(ARRAY[{ids}]::uuid[])"


def _of(column: Column, what: str) -> str:
    """Return the name of what the DPO decided about a field, among a row's columns."""
    return f'"{what} of {column.name}"'


def _is_undecided(column: Column) -> str:
    verdict = f"{_of(column, 'verdict')}"
    return (
        f"({column.needs_review('t')} AND {column.is_filled('t')}"
        f" AND coalesce({verdict}, 'waiting') = 'waiting')"
    )


def _json_object(pairs: list[str]) -> str:
    """Return one JSON object, built in parts where a function cannot take them all."""
    if len(pairs) <= _MOST_PAIRS:
        return f"json_build_object({', '.join(pairs)})"
    parts = [
        f"jsonb_build_object({', '.join(pairs[i : i + _MOST_PAIRS])})"
        for i in range(0, len(pairs), _MOST_PAIRS)
    ]
    return f"({' || '.join(parts)})::json"
