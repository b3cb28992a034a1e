"""The last line against personal identity codes: the database refuses them in free text.

Every other door is in :mod:`register.identity_codes`. This one binds whatever code
writes, scripts and COPY included, in the columns that the data map marks as text in
which anybody may be named, and asks the same question as the doors. Asking costs three
millionths of a second a text, and a ten-thousandth where numbers stand that could be
one; names and addresses, which an import writes by the hundred thousand, have passed
the doors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import models

from register.datamap.declarations import Personal
from register.datamap.graph import Entry
from register.identifiers.personal_identity_codes import (
    CHECK_CHARACTERS,
    LIKE_A_CODE,
    LONGEST_WORD_BEFORE,
    LOOSE,
    PATTERN,
    WORD_BEFORE,
    replacements,
)

FUNCTION = "seloste_has_identity_code"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _function() -> str:
    """Return the SQL of the question that Python asks in the same words."""
    read, written = replacements()
    return f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(body text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $function$
DECLARE
    -- Most texts have nothing to translate, which costs ten times the rest.
    plain text := CASE WHEN body ~ '[^\\u0001-\\u007fÄÅÖäåö]'
        THEN translate(body, {_quoted(read)}, {_quoted(written)}) ELSE body END;
    place int := regexp_instr(plain, {_quoted(PATTERN)}, 1, 1, 0, 'i');
    code text;
    digits text;
BEGIN
    WHILE place > 0 LOOP
        code := regexp_substr(plain, {_quoted(PATTERN)}, place, 1, 'i');
        digits := regexp_replace(left(code, -1), '[^0-9]', '', 'g');
        IF substr(digits, 1, 2)::int BETWEEN 1 AND
                (ARRAY[31,29,31,30,31,30,31,31,30,31,30,31])[substr(digits, 3, 2)::int]
            AND (left(digits, 4) <> '2902' OR substr(digits, 5, 2)::int % 4 = 0)
            AND right(digits, 3)::int >= 2
            AND substr('{CHECK_CHARACTERS}', digits::int % 31 + 1, 1) = upper(right(code, 1))
            AND (code !~ {_quoted(LOOSE)}
                OR right(left(plain, place - 1), {LONGEST_WORD_BEFORE}) ~* {_quoted(WORD_BEFORE)})
        THEN
            RETURN true;
        END IF;
        place := regexp_instr(plain, {_quoted(PATTERN)}, place + 1, 1, 0, 'i');
    END LOOP;
    RETURN false;
END $function$
"""


def statements(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the SQL of the rule, safe to run again."""
    yield _function()
    for entry in entries:
        table = entry.model._meta.db_table
        for column in guarded_columns(entry):
            name = constraint_on(column)
            yield f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS {name}'
            # Rows from before the rule are not read again: it binds what is written.
            yield (
                f'ALTER TABLE "{table}" ADD CONSTRAINT {name} CHECK ('
                f'"{column}" !~ {_quoted(LIKE_A_CODE)} OR NOT {FUNCTION}("{column}")) NOT VALID'
            )


def constraint_on(column: str) -> str:
    """Return the name of the check on a column."""
    return f"seloste_no_code_{column}"


def guarded_columns(entry: Entry) -> list[str]:
    """Return the columns of free text of one table."""
    columns = []
    for name, declaration in entry.map.fields.items():
        field = entry.model._meta.get_field(name)
        if (
            isinstance(declaration, Personal)
            and declaration.mentions_others
            and isinstance(field, models.CharField | models.TextField)
        ):
            columns.append(str(field.column))
    return columns
