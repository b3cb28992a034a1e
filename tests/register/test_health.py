from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

pytestmark = pytest.mark.django_db


def test_a_living_process_says_so():
    answer = Client().get("/healthz")

    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


def test_a_register_that_can_serve_says_so():
    answer = Client().get("/readyz")

    assert answer.json() == {"status": "ok", "problems": []}
    assert answer.status_code == 200


def test_a_schema_that_differs_from_the_data_map_is_not_ready():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE contacts_contact ADD COLUMN nickname text")

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["problems"] == [
        "column contacts_contact.nickname is in the database but in no model"
    ]


def test_a_missing_redis_is_named(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }

    answer = Client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["problems"] == ["Redis does not answer"]
