"""The last line against personal identity codes: the database refuses them in free text.

Every other door is in :mod:`register.identity_codes`. This one binds whatever code
writes, scripts and COPY included, in the columns that the data map marks as text in
which anybody may be named. Asking costs about a millionth of a second a text; names and
addresses, which an import writes by the hundred thousand, have passed the doors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import models

from register.datamap.declarations import Personal
from register.datamap.graph import Entry

FUNCTION = "seloste_has_identity_code"
# Date and sign, three digits and the check character: almost no text has this.
_LIKE_ONE = "[0-3][0-9][01][0-9]{3}[^0-9]{1,5}[0-9]{3}[0-9A-Za-z]"
# Never more than what the doors refuse, or a text would pass them and end in an error
# page: the 29th of February is left to them. Without groups, which would cost a
# hundred times as much.
_CODE = (
    "(?<![0-9])[0-3][0-9][01][0-9]{3}\\s{0,2}[-+‐‑‒–—―−]\\s{0,2}[0-9]{3}[0-9A-Za-z](?![0-9])"
    "|\\m[0-3][0-9][01][0-9]{3}\\s?[A-FU-Ya-fu-y]\\s?[0-9]{3}[0-9A-Za-z]\\M"
)
_MAKE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(body text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE code text;
BEGIN
    FOR code IN SELECT (regexp_matches(body, '{_CODE}', 'g'))[1] LOOP
        IF substr(code, 1, 2)::int BETWEEN 1 AND
                (ARRAY[31,28,31,30,31,30,31,31,30,31,30,31])[substr(code, 3, 2)::int]
            AND substr(right(code, 4), 1, 3)::int >= 2
            AND substr('0123456789ABCDEFHJKLMNPRSTUVWXY',
                (left(code, 6) || left(right(code, 4), 3))::int % 31 + 1, 1) = upper(right(code, 1))
        THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$
"""


def statements(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the SQL of the rule, safe to run again."""
    yield _MAKE_FUNCTION
    for entry in entries:
        table = entry.model._meta.db_table
        for column in guarded_columns(entry):
            name = constraint_on(column)
            yield f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS {name}'
            # Rows from before the rule are not read again: it binds what is written.
            yield (
                f'ALTER TABLE "{table}" ADD CONSTRAINT {name} CHECK ('
                f'"{column}" !~ \'{_LIKE_ONE}\' OR NOT {FUNCTION}("{column}")) NOT VALID'
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
