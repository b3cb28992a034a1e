"""What is worked out of the data map is worked out anew for another map."""

from __future__ import annotations

import pytest
from django.db import connection

from dsar.scope import Scope, for_people
from register.datamap.graph import graph, kept_with_map
from tests.other_maps import another_map


def test_nobody_can_change_the_map_in_place():
    label = next(iter(graph().entries))
    with pytest.raises(TypeError):
        del graph().entries[label]
    assert label in graph().entries


def test_what_is_kept_is_worked_out_once_for_each_map():
    asked = []

    def first_tables(count):
        asked.append(count)
        return list(graph().entries)[:count]

    tables = kept_with_map(first_tables)
    assert tables(2) is tables(2)
    own = tables(2)
    with another_map(dict(reversed(graph().entries.items()))):
        assert tables(2) == list(graph().entries)[:2] != own
    assert tables(2) is own
    assert asked == [2, 2]


@pytest.mark.django_db
def test_sql_for_people_is_made_anew_for_a_map_of_another_order(anna):
    scope = Scope((anna.pk,))

    def first(_: Scope) -> str:
        return f"SELECT '{next(iter(graph().entries))}'"

    def label():
        with connection.cursor() as cursor:
            cursor.execute(*for_people("first table", first, scope))
            return cursor.fetchone()[0]

    own = label()
    with another_map(dict(reversed(graph().entries.items()))):
        assert label() == next(iter(graph().entries)) != own
    assert label() == own
