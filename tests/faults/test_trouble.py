"""Each fault of the surroundings is answered with a sentence, and not blamed on anybody."""

from __future__ import annotations

import errno

import pytest
import redis
from django.db import OperationalError, connection
from django.urls import reverse
from psycopg import errors as pg

from register import dashboard
from register.trouble import trouble_of

pytestmark = pytest.mark.django_db


def of_database(kind: type[Exception]) -> OperationalError:
    error = OperationalError()
    error.__cause__ = kind()
    return error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (of_database(pg.OperationalError), "database_away"),
        (of_database(pg.AdminShutdown), "database_away"),
        (of_database(pg.CannotConnectNow), "database_away"),
        (of_database(pg.TooManyConnections), "database_away"),
        (of_database(pg.ReadOnlySqlTransaction), "database_away"),
        (of_database(pg.DiskFull), "disk_full"),
        (of_database(pg.DeadlockDetected), "in_the_way"),
        (of_database(pg.SerializationFailure), "in_the_way"),
        (of_database(pg.LockNotAvailable), "in_the_way"),
        (of_database(pg.QueryCanceled), "too_slow"),
        (OSError(errno.ENOSPC, "full"), "disk_full"),
        (OSError(errno.EDQUOT, "full"), "disk_full"),
        (redis.exceptions.ConnectionError(), "broker_away"),
        (redis.exceptions.ResponseError("MISCONF Errors writing"), "broker_away"),
        # What is wrong with the work itself is no fault of the surroundings.
        (of_database(pg.ProgramLimitExceeded), None),
        (of_database(pg.UniqueViolation), None),
        (redis.exceptions.ResponseError("WRONGTYPE"), None),
        (FileNotFoundError(errno.ENOENT, "gone"), None),
        (ValueError(), None),
    ],
)
def test_a_fault_is_known_by_what_the_error_was_raised_for(error, code):
    trouble = trouble_of(error)

    assert (trouble.code if trouble else None) == code


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "The database does not answer"), ("fi", "<html"), ("sv", "<html")],
)
def test_a_page_without_its_database_says_so_in_the_readers_language(
    client_of, agent, language, words
):
    client = client_of(agent)

    def away(*args, **kwargs):
        raise OperationalError from pg.OperationalError()

    # From here on no statement reaches the database.
    client.raise_request_exception = False
    with connection.execute_wrapper(away):
        response = client.get(
            reverse("admin:index"), headers={"accept-language": language}
        )

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert f'<html lang="{language}">' in response.content.decode()
    assert words in response.content.decode()


def test_any_other_error_of_a_page_stays_one(client_of, agent):
    client = client_of(agent)
    client.raise_request_exception = False

    def broken(*args, **kwargs):
        raise LookupError

    with connection.execute_wrapper(broken):
        assert client.get(reverse("admin:index")).status_code == 500


def test_the_page_for_an_error_tells_the_number_to_report(
    client_of, agent, monkeypatch
):
    client = client_of(agent)
    client.raise_request_exception = False

    def broken(*args, **kwargs):
        raise LookupError

    monkeypatch.setattr(dashboard, "for_user", broken)
    page = client.get(reverse("admin:index"))

    assert page.status_code == 500
    assert page["X-Request-ID"] in page.content.decode()
