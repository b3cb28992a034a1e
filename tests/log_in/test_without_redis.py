"""Redis counts failed attempts. While it is away nobody guesses, and who is in works on."""

from __future__ import annotations

import copy
import socket

import pytest
from django.core.cache import caches
from django.test import Client

from register.models import User
from tests.conftest import session_of
from tests.log_in.conftest import CODE, LOG_IN, PASSWORD, code_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(settings):
    """Point the cache at a port that nothing listens on."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        changed = copy.deepcopy(settings.CACHES)
        port = closed.getsockname()[1]
        changed["default"]["LOCATION"] = f"redis://127.0.0.1:{port}/0"
        settings.CACHES = changed
        for name in ("default",):
            if hasattr(caches._connections, name):
                delattr(caches._connections, name)
        yield
    if hasattr(caches._connections, "default"):
        del caches._connections.default


@pytest.fixture
def visitor():
    """A browser that is shown the page for what went wrong."""
    return Client(raise_request_exception=False, headers={"accept-language": "en"})


def test_nobody_logs_in_by_password_and_is_told_why(away, visitor, agent, enter):
    assert visitor.get(LOG_IN).status_code == 200

    for password in (PASSWORD, "wrong"):
        answer = enter(visitor, agent, password)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]
        assert PASSWORD not in answer.content.decode()

    assert visitor.get("/admin/").status_code == 302
    assert User.objects.get(pk=agent.pk).last_login is None


def test_no_code_is_tried_while_nothing_counts_the_wrong_ones(
    visitor, officer, enter, app_of, request
):
    secret = app_of(officer)
    enter(visitor, officer)
    request.getfixturevalue("away")

    for code in (code_of(secret), "000000"):
        assert visitor.post(CODE, {"code": code}).status_code == 503

    assert visitor.get("/admin/").status_code == 302


def test_who_is_in_works_on_and_lets_leavers_out(away, administrator, agent):
    browser = session_of(administrator)
    page = f"/admin/register/user/{agent.pk}/access/"

    for path in ("/admin/", "/admin/register/user/review/", page):
        assert browser.get(path).status_code == 200, path
    assert browser.post(page, {"do": "disable", "sure": "1"})["Location"] == page

    assert not User.objects.get(pk=agent.pk).is_active
