"""Finding the first owners of words by the beginnings of those words.

They come in the order of the word that was found: who is called just what was typed
before who has a longer word. That order is the one of the index, so the first few cost
the same whether ten or a million match; sorting all who match would not.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db import connection, models
from django.db.models import QuerySet

# A text of several words is answered from its rarest. So many owners of that one are
# asked one by one (about 4 µs each) whether they have the others. Where that is
# neither all of them nor enough, whole sets are compared (about 0.3 µs a word). Where
# only some owners count, as many more are asked before that as cost no more.
CANDIDATES = (200, 1_500)
ASKED_PER_WORD = 0.3 / 4
# A word of which there are no more than this is rare.
FEW = CANDIDATES[-1]


@dataclasses.dataclass(frozen=True, slots=True)
class Words:
    """A table of words, each belonging to an owner."""

    model: type[models.Model]
    owner: str

    @property
    def table(self) -> str:
        """Return the name of the table, quoted."""
        return connection.ops.quote_name(self.model._meta.db_table)

    @property
    def column(self) -> str:
        """Return the column that names the owner, quoted."""
        field = self.model._meta.get_field(self.owner)
        return connection.ops.quote_name(str(field.column))  # type: ignore[union-attr]


@dataclasses.dataclass(frozen=True, slots=True)
class _Sql:
    text: str
    params: tuple[Any, ...] = ()


def first_owners(
    words: Words, prefixes: list[str], *, among: QuerySet[Any], most: int
) -> list[Any]:
    """Return keys of at most ``most`` owners of whom every prefix begins a word.

    Only owners in ``among`` count; its order does not.
    """
    ordered, counts, expected = _by_rarity(words, _not_implied(prefixes))
    if not counts or min(counts) == 0 or most < 1:
        return []
    rarest, others = ordered[0], ordered[1:]
    is_among = _is_among(among)
    has_others = [_has_word(words, other) for other in others]
    # Most readers and filters leave fewer owners than a word does: they are asked first.
    also = [_first(is_among[0], has_others)] if is_among else has_others
    if not also:
        return _distinct(_starting(words, rarest), also, most=most)
    as_dear = int(ASKED_PER_WORD * sum(expected[:2])) if is_among else 0
    limits = [*CANDIDATES, *([as_dear] if as_dear > CANDIDATES[-1] else [])]
    for limit in limits:
        found = _distinct(_starting(words, rarest, limit=limit), also, most=most)
        if len(found) >= most or counts[0] <= limit:
            return found
        if limits[-1] == CANDIDATES[-1] and len(found) * limits[-1] < most * limit:
            break  # more of them would not be enough either
    has_rest = [_has_word(words, other) for other in others[1:]]
    return _distinct(_in_both(words, ordered[:2]), is_among + has_rest, most=most)


def _not_implied(prefixes: list[str]) -> list[str]:
    """Leave out what begins another prefix: who has the longer has the shorter."""
    return [
        prefix
        for prefix in prefixes
        if not any(o != prefix and o.startswith(prefix) for o in prefixes)
    ]


def _by_rarity(
    words: Words, prefixes: list[str]
) -> tuple[list[str], list[int], list[int]]:
    """Return the prefixes, rarest first, and how often each occurs, up to a limit.

    The planner is asked about those that reach the limit: the third list, 0 if it was not.
    """
    if len(prefixes) == 1:
        return prefixes, [FEW + 1], [0]
    counted = " UNION ALL ".join(
        f"SELECT {place}, count(*) FROM (SELECT 1 FROM {words.table}"  # noqa: S608 - names come from model metadata, here and below
        f" WHERE word LIKE %s LIMIT {FEW + 1}) w"
        for place in range(len(prefixes))
    )
    patterns = [_pattern(prefix) for prefix in prefixes]
    counts = dict(_rows(counted, patterns))
    expected = [0] * len(prefixes)
    if sum(count > FEW for count in counts.values()) > 1:
        ((plan,),) = _rows(f"EXPLAIN (FORMAT JSON) {counted}", patterns)
        expected = [_rows_read(part) for part in plan[0]["Plan"]["Plans"]]
    ordered = sorted((counts[n], expected[n], prefixes[n]) for n in counts)
    return (
        [prefix for *_, prefix in ordered],
        [count for count, *_ in ordered],
        [rows for _, rows, _ in ordered],
    )


def _rows_read(plan: dict[str, Any]) -> int:
    """Return how many rows the planner expects of the scan that a plan begins with."""
    while plan["Node Type"] in ("Aggregate", "Limit", "Subquery Scan"):
        (plan,) = plan["Plans"]
    return int(plan["Plan Rows"])


def _starting(words: Words, prefix: str, limit: int | None = None) -> _Sql:
    return _Sql(
        f"SELECT {words.column} AS owner, word FROM {words.table} WHERE word LIKE %s"  # noqa: S608
        f" ORDER BY word, {words.column}" + (f" LIMIT {limit}" if limit else ""),
        (_pattern(prefix),),
    )


def _has_word(words: Words, prefix: str) -> _Sql:
    """Ask for one owner after the other.

    The planner takes it neither for a join, which would read all owners of the prefix,
    nor for a range of words: the index over owners is left.
    """
    return _Sql(
        f"(SELECT true FROM {words.table} o WHERE o.{words.column} = w.owner"  # noqa: S608
        " AND left(o.word, %s) = %s LIMIT 1)",
        (len(prefix), prefix),
    )


def _in_both(words: Words, prefixes: list[str]) -> _Sql:
    """Return the owners of the first prefix who have the second, by comparing sets."""
    first = _starting(words, prefixes[0])
    if len(prefixes) == 1:
        return first
    return _Sql(
        f"SELECT owner, word FROM ({first.text}) f WHERE owner IN"  # noqa: S608
        f" (SELECT {words.column} FROM {words.table} WHERE word LIKE %s)"
        # Keeps what is asked one by one above, where few are left.
        " OFFSET 0",
        (*first.params, _pattern(prefixes[1])),
    )


def _is_among(rows: QuerySet[Any]) -> list[_Sql]:
    if not rows.query.where:
        return []
    sql, params = rows.order_by().values_list("pk").query.sql_with_params()
    return [
        _Sql(
            f"(SELECT true FROM ({sql}) a (key) WHERE a.key = w.owner LIMIT 1)",  # noqa: S608
            params,
        )
    ]


def _first(condition: _Sql, others: list[_Sql]) -> _Sql:
    """Ask the others only where the first holds: in a CASE the planner keeps the order."""
    rest = " AND ".join(each.text for each in others) or "true"
    return _Sql(
        f"(CASE WHEN {condition.text} THEN {rest} END)",
        (*condition.params, *(p for each in others for p in each.params)),
    )


def _distinct(candidates: _Sql, conditions: list[_Sql], *, most: int) -> list[Any]:
    """Return the first owners, each once: several words of one may begin alike."""
    where = " AND ".join(each.text for each in conditions) or "true"
    sql = f"SELECT owner FROM ({candidates.text}) w WHERE {where} ORDER BY word, owner LIMIT %s"  # noqa: S608
    params = [*candidates.params, *(p for each in conditions for p in each.params)]
    # Of short beginnings a person has several; asking again costs as much as the first time.
    limit = 4 * most
    while True:
        rows = _rows(sql, [*params, limit])
        owners = list(dict.fromkeys(row[0] for row in rows))
        if len(owners) >= most or len(rows) < limit:
            return owners[:most]
        limit *= 4


def _pattern(prefix: str) -> str:
    return f"{connection.ops.prep_for_like_query(prefix)}%"


def _rows(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
