"""Every table, asked by statements as the web makes them: others' rows are not there."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from register.database.scopes import EVERYTHING, SETTING, tables
from register.datamap.graph import graph
from register.datamap.vocabulary import Scope
from tests.access.matrix.world import limited_reader, undone
from tests.access.test_scopes import in_the_web
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("scope", [Scope.OWN, Scope.TEAM])
def test_no_statement_of_the_web_reaches_a_row_of_others(world, scope):
    with undone():
        world.belongs_to(make_user("somebody.else"))
        reader = limited_reader(scope)
        seen, written, known = {}, {}, 0
        for entry in tables(graph()):
            table, key = entry.model._meta.db_table, entry.model._meta.pk.column
            keys = world.keys[entry.model._meta.label_lower]
            known += bool(keys)
            where = f'WHERE "{key}"::text = ANY(%s)'
            with in_the_web(reader), connection.cursor() as cursor:
                cursor.execute(f'SELECT 1 FROM "{table}" {where}', [keys])
                if found := len(cursor.fetchall()):
                    seen[entry.label] = found
                for statement in (
                    f'UPDATE "{table}" SET "{key}" = "{key}"',
                    f'DELETE FROM "{table}"',
                ):
                    # Without a condition: a policy of reading does not help here.
                    try:
                        with transaction.atomic():
                            cursor.execute(statement)
                            if cursor.rowcount:
                                written[entry.label] = statement
                    except ProgrammingError:
                        continue

    assert known > 30
    assert seen == {}
    assert written == {}


def test_a_session_without_a_reader_is_told_nothing_by_statistics(world):
    names = sorted(entry.model._meta.db_table for entry in tables(graph()))
    with undone():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(names)}")
        with in_the_web(None), connection.cursor() as cursor:
            cursor.execute(
                "SELECT DISTINCT tablename FROM pg_stats WHERE tablename = ANY(%s)",
                [names],
            )
            told = cursor.fetchall()
            cursor.execute("SELECT set_config(%s, %s, false)", [SETTING, EVERYTHING])
            cursor.execute(
                "SELECT count(*) FROM pg_stats WHERE tablename = ANY(%s)", [names]
            )
            told += [row for row in cursor.fetchall() if row[0]]

    assert told == []
