from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, transaction

from register.database.prepared import prepared

PLUS_ONE = "SELECT $1 + 1, '100%'"


def run(sql, number):
    name = prepared(sql, "int")
    with connection.cursor() as cursor:
        cursor.execute(f"EXECUTE {name}(%s)", [number])
        return cursor.fetchone()


def names():
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE from_sql")
        return {name for (name,) in cursor.fetchall()}


@pytest.mark.django_db
def test_a_statement_is_prepared_once_and_runs_as_it_stands():
    assert run(PLUS_ONE, 1) == (2, "100%")
    before = names()
    assert run(PLUS_ONE, 2) == (3, "100%")
    assert names() == before


@pytest.mark.django_db
def test_statements_have_names_of_their_own():
    assert run(PLUS_ONE, 1) == (2, "100%")
    assert run("SELECT $1 - 1", 1) == (0,)


@pytest.mark.django_db(transaction=True)
def test_what_a_rolled_back_transaction_prepared_still_runs():
    with transaction.atomic():
        run("SELECT $1 * 2", 1)
        transaction.set_rollback(True)
    assert run("SELECT $1 * 2", 4) == (8,)


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_could_not_be_prepared_is_not_taken_for_prepared():
    with pytest.raises(ProgrammingError, match="nowhere"), transaction.atomic():
        run("SELECT $1 FROM nowhere", 1)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE nowhere (id int)")
    try:
        assert run("SELECT $1 FROM nowhere", 1) is None
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE nowhere")


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_anew():
    run(PLUS_ONE, 1)
    connection.close()
    assert run(PLUS_ONE, 1) == (2, "100%")
