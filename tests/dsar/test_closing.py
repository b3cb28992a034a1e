"""Closing a request ends what it kept."""

from __future__ import annotations

from typing import Any

import pytest

from dsar.models import Request
from dsar.services import closing, review
from dsar.services.review import Decision
from register import actors
from tests.dsar.access_factory import collected
from tests.dsar.erasure_factory import make_chat

pytestmark = pytest.mark.django_db


def test_a_copy_of_what_was_said_does_not_outlive_the_request(
    officer: Any, anna: Any, bruno: Any
) -> None:
    make_chat(anna, bruno, agent_says="Kysykää Brunolta lisää.")
    request = collected(officer, anna)
    actor = actors.of_user(officer)
    said = Decision("redact", redacted="Kysykää […] lisää.")
    review.decide(
        request,
        decisions={finding.pk: said for finding in request.findings.all()},
        actor=actor,
    )
    request.refresh_from_db()
    decided = request.findings.count()
    assert request.findings.exclude(redacted="").count() == decided

    closing.close(
        request, outcome=Request.Outcome.REFUSED, reason="Repeated.", actor=actor
    )

    assert not request.findings.exclude(redacted="").exists()
    assert request.findings.filter(verdict="redact").count() == decided
