"""Logging in as a browser does it that has a passkey, and as one that has none yet."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator

from settings.single_sign_on import SingleSignOn
from tests.browser.faults import serious_faults
from tests.log_in.conftest import ACCOUNT, LOG_IN, PASSWORD, code_of
from tests.log_in.identity_provider import CLIENT, SECRET, Running

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def visitor(chromium, live_server):
    """A page of nobody. Passkeys belong to a name, so not to the address 127.0.0.1."""
    context = chromium.new_context(
        base_url=live_server.url.replace("127.0.0.1", "localhost"), locale="en"
    )
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    yield page
    context.close()


def enter(page, user):
    page.goto(LOG_IN)
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def test_an_officer_sets_up_a_factor_and_a_passkey_and_logs_in_with_it(
    visitor, officer
):
    found = {}

    def look(name):
        if faults := serious_faults(visitor):
            found[name] = faults

    visitor.goto(LOG_IN)
    look("log-in")
    enter(visitor, officer)
    visitor.wait_for_url(f"**{ACCOUNT}")
    look("forced")
    visitor.get_by_role("link", name="Set up an authenticator app").click()
    look("app")
    secret = visitor.locator("#authenticator_secret").input_value()
    visitor.locator("[name=code]").fill(code_of(secret))
    visitor.keyboard.press("Enter")
    visitor.wait_for_url(f"**{ACCOUNT}codes/")
    look("codes")
    assert visitor.locator("#recovery_codes li").count() == 10

    visitor.goto(f"{ACCOUNT}passkeys/add/")
    look("passkey")
    visitor.get_by_label("Name").fill("Laptop")
    visitor.get_by_role("button", name="Add", exact=True).click()
    visitor.wait_for_url(f"**{ACCOUNT}")
    assert Authenticator.objects.filter(user=officer, type="webauthn").count() == 1
    for name in ("passkeys/", "../sessions/"):
        visitor.goto(f"{ACCOUNT}{name}")
        look(name)
    visitor.context.clear_cookies()
    visitor.goto(LOG_IN)
    visitor.get_by_role("button", name="Log in with a passkey").click()
    visitor.wait_for_url("**/admin/")
    # The same key after the password, in place of a code.
    visitor.context.clear_cookies()
    enter(visitor, officer)
    visitor.wait_for_url("**/account/login/code/")
    look("second factor")
    visitor.get_by_role("button", name="Use a passkey").click()
    visitor.wait_for_url("**/admin/")

    assert visitor.errors == []
    assert found == {}


def test_a_passkey_that_cannot_be_used_says_why(visitor, live_server):
    address = live_server.url.replace("localhost", "127.0.0.1")
    visitor.goto(f"{address}{LOG_IN}")
    told = visitor.get_by_role("alert")
    assert told.count() == 0

    visitor.get_by_role("button", name="Log in with a passkey").click()

    told.wait_for()
    assert "do not work at a number" in told.inner_text()
    assert visitor.errors == []
    assert serious_faults(visitor) == {}


@pytest.fixture
def provider(settings):
    running = Running()
    settings.SINGLE_SIGN_ON = SingleSignOn(
        issuer=running.provider.issuer,
        client_id=CLIENT,
        client_secret=SECRET,
        name="Esimerkki",
    )
    settings.OUTBOUND_HOSTS = [running.host]
    yield running.provider
    running.stop()


def test_an_officer_comes_by_single_sign_on_and_leaves_again(
    visitor, provider, officer
):
    provider.person["email"] = officer.email
    visitor.goto(f"{LOG_IN}?next=/admin/account/sessions/")
    visitor.get_by_role("link", name="Log in with Esimerkki").click()
    # The provider said nothing of a second factor, and there is none yet.
    visitor.wait_for_url(f"**{ACCOUNT}")
    assert visitor.get_by_role("heading", name="Set up a second factor").count() == 1

    visitor.get_by_role("button", name="Log out").click()
    visitor.wait_for_url("**/admin/logout/")

    assert serious_faults(visitor) == {}
    leave = visitor.get_by_role("link", name="Log out of single sign-on too")
    assert leave.get_attribute("href").startswith(f"{provider.issuer}/leave?")
    assert visitor.errors == []


def test_log_in_pages_are_for_everybody_in_the_dark_too(visitor):
    visitor.emulate_media(color_scheme="dark")
    visitor.goto(LOG_IN)

    assert serious_faults(visitor) == {}
