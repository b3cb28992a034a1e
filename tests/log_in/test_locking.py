"""Failed attempts lock an account for a while, and tell nobody whether it exists."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from register import actors
from register.log_in import lockout
from register.models import AuditEntry
from tests.log_in.conftest import CODE, LOG_IN, code_of

pytestmark = pytest.mark.django_db
LOCKED = "Too many failed log-ins. Try again in 10 minutes"


def test_the_right_password_is_refused_while_locked(browser, agent, enter):
    for _ in range(5):
        enter(browser, agent, "wrong")

    response = enter(browser, agent)

    assert LOCKED in response.content.decode()
    assert "/admin/login/" in browser.get("/admin/")["Location"]


def test_unlocking_lets_the_holder_in_at_once(browser, agent, administrator, enter):
    request = RequestFactory().post(LOG_IN)
    for _ in range(5):
        enter(browser, agent, "wrong")
    assert lockout.is_locked(request, agent)
    assert not lockout.is_locked(request, administrator)

    lockout.unlock(request, agent, actor=actors.of_user(administrator))

    assert not lockout.is_locked(request, agent)
    assert enter(browser, agent)["Location"] == "/admin/"
    assert AuditEntry.objects.filter(action="staff.unlocked").count() == 1


def test_wrong_codes_lock_too(browser, officer, enter, app_of):
    secret = app_of(officer)
    enter(browser, officer)
    for _ in range(5):
        browser.post(CODE, {"code": "000000"})

    refused = browser.post(CODE, {"code": code_of(secret)})

    assert LOCKED in refused.content.decode()
    assert lockout.is_locked(RequestFactory().post(LOG_IN), officer)


def test_an_account_that_is_none_is_answered_and_locked_in_the_same_words(
    browser, client, agent, enter
):
    client.defaults["REMOTE_ADDR"] = "198.51.100.7"

    def alert(response):
        return response.content.decode().split('role="alert">')[1].split("</p>")[0]

    for _ in range(6):
        known = alert(enter(browser, agent, "wrong"))
        unknown = alert(enter(client, "nobody@seloste.test", "wrong"))
        assert known == unknown
    assert LOCKED in unknown
    named = AuditEntry.objects.filter(action="staff.log_in_failed")
    assert set(named.values_list("object_id", flat=True)) == {str(agent.pk), ""}


def test_one_browser_cannot_try_many_accounts(client, agent, enter):
    for number in range(20):
        enter(client, f"guess{number}@seloste.test", "wrong")

    assert LOCKED in enter(client, agent).content.decode()


@pytest.mark.parametrize(
    ("proxies", "counted"), [(0, "same"), (1, "each"), (2, "refused")]
)
def test_the_browser_behind_the_proxy_is_counted(
    client, settings, enter, proxies, counted
):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    for number in range(21):
        client.defaults["HTTP_X_FORWARDED_FOR"] = f"203.0.113.{number}"
        last = enter(client, f"guess{number}@seloste.test", "wrong")

    text = last.content.decode()
    if counted == "same":
        assert LOCKED in text  # what the browser says of itself is not believed
    elif counted == "each":
        assert "not correct" in text
    else:
        assert LOCKED in text
