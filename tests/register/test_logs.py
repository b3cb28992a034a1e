from __future__ import annotations

import io
import logging

import pytest
from django.db import IntegrityError

from contacts.models import Company
from register.logs import WithoutPersonalValues, formatter, scrub


@pytest.fixture
def log():
    """A logger as the settings make it, and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(WithoutPersonalValues())
    handler.setFormatter(formatter())
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.propagate = False
    yield logger, stream
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        ("mail to anna.virtanen@esimerkki.fi failed", "mail to [address] failed"),
        ("GET /admin/?q=anna", "GET /admin/?…"),
        ("call from +358 40 123 4567 ended", "call from [number] ended"),
        ("42 rows in 7 batches", "42 rows in 7 batches"),
    ],
)
def test_values_of_people_are_taken_out_of_a_line(text, scrubbed):
    assert scrub(text) == scrubbed


@pytest.mark.django_db
def test_a_database_error_does_not_quote_the_row(log, company):
    logger, stream = log

    try:
        Company.objects.create(
            name="Toiminimi Anna Virtanen", business_id="2327327-1", source="staff"
        )
    except IntegrityError:
        logger.exception("could not save")

    assert "could not save" in stream.getvalue()
    assert "IntegrityError" in stream.getvalue()
    assert "2327327-1" not in stream.getvalue()
    assert "Virtanen" not in stream.getvalue()


def test_arguments_are_scrubbed_too(log):
    logger, stream = log

    logger.warning("no answer from %s", "bruno@esimerkki.example")

    assert "bruno" not in stream.getvalue()
    assert "no answer from …" in stream.getvalue()


def test_what_somebody_searched_for_is_not_logged_with_the_request(log, rf):
    logger, stream = log

    logger.warning(
        "Not Found: %s", "/admin/x", extra={"request": rf.get("/admin/x?q=virtanen")}
    )

    assert "virtanen" not in stream.getvalue()


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_refused_and_not_quoted(client, caplog):
    answer = client.get("/admin/", headers={"host": "anna.virtanen.example"})

    assert answer.status_code == 400
    assert "anna" not in caplog.text
