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
# asked one by one whether they have the others. Where those are neither all of them nor
# enough, more are asked if the first promise enough before that is as dear as comparing
# whole sets: 0.15 µs a word beside 4 µs an owner.
SAMPLE = 200
SET_BESIDE_ASKING = 0.15 / 4
# A word of which there are no more than this is rare.
FEW = 1_500
# So many owners are sooner asked for their words than words for their owners.
FEW_OWNERS = 5_000


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
    also = [*is_among, *has_others, _no_earlier(words, rarest)]
    if not is_among and not has_others:
        return _distinct(_starting(words, rarest), also, most=most)
    found = _distinct(_starting(words, rarest, limit=SAMPLE), also, most=most)
    if len(found) >= most or counts[0] <= SAMPLE:
        return found
    if is_among and _expected(among) <= FEW_OWNERS:
        return _distinct(_of_few(words, rarest, among), has_others, most=most)
    if not others:
        return _distinct(_starting(words, rarest), also, most=most)
    # Of a set, everybody in it is asked for; and the few whom a limited reader may see
    # are easily missed by the first ones.
    as_dear = max(FEW, int(SET_BESIDE_ASKING * sum(expected[:2]))) * (
        1 + 2 * len(is_among)
    )
    promised = len(found) or len(is_among) / 6
    if counts[0] <= FEW or promised * as_dear >= most * SAMPLE:
        found = _distinct(_starting(words, rarest, limit=as_dear), also, most=most)
        if len(found) >= most or counts[0] <= FEW:
            return found
    rest = [*is_among, *has_others[1:]]
    return _distinct(_in_both(words, ordered[:2]), rest, most=most)


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


def _no_earlier(words: Words, prefix: str) -> _Sql:
    """Count an owner once: of short beginnings a person has several words."""
    return _Sql(
        f"(SELECT false FROM {words.table} o WHERE o.{words.column} = w.owner"  # noqa: S608
        " AND left(o.word, %s) = %s AND o.word < w.word LIMIT 1) IS NULL",
        (len(prefix), prefix),
    )


def _of_few(words: Words, prefix: str, among: QuerySet[Any]) -> _Sql:
    """Ask each of some owners for the first word that begins so."""
    sql, params = _keys(among)
    return _Sql(
        f"SELECT a.key AS owner, f.word FROM ({sql} OFFSET 0) a (key), LATERAL"  # noqa: S608
        f" (SELECT min(o.word) AS word FROM {words.table} o"
        f" WHERE o.{words.column} = a.key AND left(o.word, %s) = %s) f"
        " WHERE f.word IS NOT NULL OFFSET 0",
        (*params, len(prefix), prefix),
    )


def _in_both(words: Words, prefixes: list[str]) -> _Sql:
    """Return the owners of both prefixes, by comparing sets."""
    first = _starting(words, prefixes[0])
    return _Sql(
        f"SELECT owner, min(word) AS word FROM ({first.text}) f WHERE owner IN"  # noqa: S608
        f" (SELECT {words.column} FROM {words.table} WHERE word LIKE %s) GROUP BY owner"
        # Keeps what is asked one by one above, where few are left.
        " OFFSET 0",
        (*first.params, _pattern(prefixes[1])),
    )


def _keys(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    sql, params = rows.order_by().values_list("pk").query.sql_with_params()
    return sql, tuple(params)


def _expected(rows: QuerySet[Any]) -> int:
    """Return how many rows the planner expects."""
    sql, params = _keys(rows)
    ((plan,),) = _rows(f"EXPLAIN (FORMAT JSON) {sql}", list(params))
    return int(plan[0]["Plan"]["Plan Rows"])


def _is_among(rows: QuerySet[Any]) -> list[_Sql]:
    if not rows.query.where:
        return []
    sql, params = _keys(rows)
    return [
        _Sql(
            f"(SELECT true FROM ({sql}) a (key) WHERE a.key = w.owner LIMIT 1)",  # noqa: S608
            params,
        )
    ]


def _in_turn(conditions: list[_Sql]) -> _Sql:
    """Ask each only where those before it hold: in a CASE the planner keeps the order."""
    *before, last = conditions
    text = last.text
    for each in reversed(before):
        text = f"CASE WHEN {each.text} THEN {text} END"
    return _Sql(f"({text})", tuple(p for each in conditions for p in each.params))


def _distinct(candidates: _Sql, conditions: list[_Sql], *, most: int) -> list[Any]:
    """Return the first owners for whom all conditions hold, each once."""
    counts = _in_turn(conditions or [_Sql("true")])
    sql = f"SELECT owner FROM ({candidates.text}) w WHERE {counts.text} ORDER BY word, owner LIMIT %s"  # noqa: S608
    params = [*candidates.params, *counts.params]
    limit = most
    while True:
        rows = _rows(sql, [*params, limit])
        owners = list(dict.fromkeys(row[0] for row in rows))
        if len(owners) >= most or len(rows) < limit:
            return owners[:most]
        limit *= 2  # one of them has the same word twice


def _pattern(prefix: str) -> str:
    return f"{connection.ops.prep_for_like_query(prefix)}%"


def _rows(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
