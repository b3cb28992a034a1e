from __future__ import annotations

import uuid

import pytest
from django.db import connection

from register.database.arrays import array

pytestmark = pytest.mark.django_db

KEYS = [uuid.uuid4(), uuid.uuid4()]


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("bigint", [1, -2, 2**62]),
        ("uuid", KEYS),
        ("text", ["a,b", "{}", 'q"', ""]),
        ("bigint", []),
        ("text", []),
    ],
)
def test_the_database_reads_the_keys_that_were_meant(kind, keys):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT unnest(%s::{kind}[])", [array(keys)])
        assert [row[0] for row in cursor.fetchall()] == keys
