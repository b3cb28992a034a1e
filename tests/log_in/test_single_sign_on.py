"""Logging in by an identity provider: whom it lets in, and which answers are refused."""

from __future__ import annotations

import dataclasses
import time

import pytest
from django.urls import reverse

from register import actors
from register.log_in.single_sign_on import admission, views
from register.models import AuditEntry, Role, StaffIdentity, User
from register.services import accounts, approvals
from settings.single_sign_on import SingleSignOn
from tests.conftest import make_user
from tests.log_in.conftest import ACCOUNT, CODE, LOG_IN, PASSWORD, code_of
from tests.log_in.identity_provider import CLIENT, SECRET, Running

pytestmark = pytest.mark.django_db
BEGIN = "/admin/login/single-sign-on/"


@pytest.fixture
def running(settings):
    running = Running()
    settings.SINGLE_SIGN_ON = SingleSignOn(
        issuer=running.provider.issuer, client_id=CLIENT, client_secret=SECRET
    )
    settings.OUTBOUND_HOSTS = [running.host]
    yield running
    running.stop()


@pytest.fixture
def provider(running):
    return running.provider


@pytest.fixture
def configure(settings):
    """Return a function that sets single sign-on otherwise."""

    def configure(**changes):
        settings.SINGLE_SIGN_ON = dataclasses.replace(
            settings.SINGLE_SIGN_ON, **changes
        )

    return configure


@pytest.fixture
def come(provider, browser):
    """Return a function that presses the button and comes back from the provider."""

    def come(browser=browser, where=""):
        browser.post("/admin/logout/")
        there = browser.get(BEGIN, {"next": where} if where else {})
        if there["Location"] == LOG_IN:
            return there
        back = provider.log_in(there["Location"])
        return browser.get(back.partition("testserver")[2])

    return come


def is_in(browser):
    return browser.get("/admin/").status_code == 200


def told(browser):
    return browser.get(LOG_IN).content.decode()


def failures():
    found = AuditEntry.objects.filter(action="staff.log_in_failed")
    return [entry.details["kind"] for entry in found.order_by("id")]


# --- whom it lets in ------------------------------------------------------------------


def test_who_has_an_account_comes_in_and_is_linked(come, browser, agent, provider):
    assert "Log in with single sign-on" in told(browser)

    assert come(where="/admin/account/sessions/")["Location"].endswith("/sessions/")

    assert is_in(browser)
    identity = StaffIdentity.objects.get(user=agent)
    assert (identity.issuer, identity.subject) == (provider.issuer, "248289761001")
    actions = AuditEntry.objects.filter(object_id=str(agent.pk))
    assert {"staff.identity_linked", "staff.logged_in"} <= set(
        actions.values_list("action", flat=True)
    )
    assert actions.get(action="staff.logged_in").details["kind"] == "sso"
    assert AuditEntry.objects.filter(action="outbound.asked").count() == 4


def test_the_number_counts_and_not_the_address(come, browser, client, agent, provider):
    """Whoever gets a colleague's address at the provider gets no colleague's account."""
    come()
    provider.person["email"] = "married@seloste.test"
    assert come()["Location"] == "/admin/"
    browser.post("/admin/logout/")

    provider.person |= {"sub": "another", "email": agent.email}
    come(client)

    assert "belongs to another identity" in told(client)
    assert not is_in(client)
    assert StaffIdentity.objects.get().subject == "248289761001"
    admission.unlink(agent, actor=actors.system())
    assert come(client)["Location"] == "/admin/"


def test_nothing_is_offered_until_it_is_set(browser, agent):
    assert "single sign-on" not in told(browser)
    assert browser.get(BEGIN).status_code == 404
    assert browser.get(reverse("single_sign_on_finish")).status_code == 404


def test_a_stranger_gets_no_account(come, browser, provider, agent):
    provider.person["email"] = "stranger@seloste.test"

    come()

    assert "no account in the register" in told(browser)
    assert failures() == ["sso_no_account"]
    assert not User.objects.filter(email="stranger@seloste.test").exists()


def test_an_account_that_is_made_has_no_role(come, browser, provider, agent, configure):
    configure(makes_accounts=True)
    provider.person |= {
        "sub": "new",
        "email": "Stranger@Seloste.test",
        "given_name": "Saara",
        "family_name": "Vieras",
        "locale": "sv-FI",
    }

    assert come()["Location"] == "/admin/"

    user = User.objects.get(email="stranger@seloste.test")
    assert (user.get_full_name(), user.language) == ("Saara Vieras", "sv")
    assert not user.has_usable_password()
    assert not user.roles.exists()
    assert browser.get("/admin/contacts/contact/").status_code == 403
    assert browser.get("/admin/account/password/")["Location"] == ACCOUNT
    assert "its password is changed there" in browser.get(ACCOUNT).content.decode()


@pytest.mark.parametrize("verified", [False, None, "false", "yes"])
def test_an_address_that_is_not_verified_is_nobodys(
    come, browser, provider, agent, verified
):
    provider.person["email_verified"] = verified

    come()

    assert "does not vouch for your e-mail address" in told(browser)
    assert not is_in(browser)
    assert not StaffIdentity.objects.exists()


def test_a_disabled_account_stays_closed_linked_or_not(
    come, browser, client, agent, administrator
):
    come()
    accounts.disable(agent, actor=actors.of_user(administrator))
    assert not is_in(browser)

    come(client)
    assert "Your account is disabled" in told(client)
    StaffIdentity.objects.all().delete()
    come(client)

    assert not is_in(client)
    assert failures() == ["sso_disabled", "sso_disabled"]
    assert not StaffIdentity.objects.exists()


def test_names_out_of_the_userinfo_are_taken_for_the_same_person_only(
    come, browser, client, provider, agent
):
    provider.person = {"sub": "248289761001"}
    provider.userinfo = {
        "sub": "somebody-else",
        "email": agent.email,
        "email_verified": True,
    }
    come()
    assert "cannot be trusted" in told(browser)

    provider.userinfo["sub"] = "248289761001"

    assert come(client)["Location"] == "/admin/"


# --- second factor --------------------------------------------------------------------


def test_our_second_factor_is_asked_for_unless_the_provider_is_trusted_with_it(
    come, browser, client, provider, officer, app_of, configure
):
    secret = app_of(officer)
    provider.person |= {"email": officer.email, "amr": ["pwd", "otp"]}

    assert come()["Location"] == CODE
    assert not is_in(browser)
    browser.post(CODE, {"code": code_of(secret)})
    assert is_in(browser)

    configure(factor_claim="amr", factor_words=("mfa", "otp"))
    assert come(client)["Location"] == "/admin/"
    assert is_in(client)
    kinds = AuditEntry.objects.filter(action="staff.logged_in").order_by("id")
    assert [entry.details["kind"] for entry in kinds] == [
        "sso+totp",
        "sso_with_second_factor",
    ]


@pytest.mark.parametrize("told_factor", [{"amr": ["pwd"]}, {"amr": "otpx"}, {}])
def test_a_role_that_asks_for_a_factor_is_not_content_with_less(
    come, browser, provider, officer, configure, told_factor
):
    configure(factor_claim="amr", factor_words=("otp",))
    provider.person |= {"email": officer.email, **told_factor}

    come()

    assert browser.get("/admin/")["Location"] == "/admin/account/second-factor/"


def test_what_the_provider_vouched_for_helps_no_other_account(
    come, browser, provider, agent, officer, configure, enter, app_of
):
    app_of(officer)
    configure(factor_claim="amr", factor_words=("otp",), is_only_way=True)
    provider.person["amr"] = ["otp"]
    come()

    enter(browser, officer)

    assert "/account/" in browser.get("/admin/register/user/").get(
        "Location", "/account/"
    )
    browser.post("/admin/logout/")
    enter(browser, officer)
    assert not is_in(browser)


# --- passwords ------------------------------------------------------------------------


def test_who_came_by_it_once_has_no_other_way_in_but_the_one_for_emergencies(
    come, client, agent, administrator, enter, configure, provider
):
    configure(is_only_way=True, break_glass=("agent@seloste.test",))
    assert enter(client, agent)["Location"] == "/admin/"
    client.post("/admin/logout/")
    come()
    assert enter(client, agent)["Location"] == "/admin/"
    client.post("/admin/logout/")

    configure(break_glass=("administrator@seloste.test",))
    refused = enter(client, agent)

    assert refused["Location"] == LOG_IN
    assert "by single sign-on only" in told(client)
    assert not is_in(client)
    # Only whoever knows the password is told.
    assert "not correct" in enter(client, agent, "wrong").content.decode()
    assert failures()[0] == "sso_only"


def test_logging_out_offers_to_log_out_of_the_provider_too(
    come, browser, client, agent, enter, provider
):
    come()
    page = browser.post("/admin/logout/").content.decode()
    assert f"{provider.issuer}/leave?client_id=seloste" in page
    assert not is_in(browser)

    enter(client, agent)

    assert "/leave" not in client.post("/admin/logout/").content.decode()


# --- roles by groups ------------------------------------------------------------------


def codes(user):
    return set(user.roles.values_list("code", flat=True))


def test_groups_give_roles_and_take_back_only_what_they_gave(
    come, provider, agent, configure
):
    configure(group_roles=(("crm-sales", "sales"), ("CN=m,DC=x", "marketing")))
    provider.person["groups"] = ["crm-sales", "CN=m,DC=x", "others"]

    come()
    assert codes(agent) == {"service", "sales", "marketing"}
    provider.person["groups"] = "crm-sales"
    come()
    assert codes(agent) == {"service", "sales"}
    del provider.person["groups"]
    come()

    assert codes(agent) == {"service"}
    granted = AuditEntry.objects.filter(action="staff.role_granted")
    assert granted.filter(object_id=str(agent.pk)).count() == 2


@pytest.mark.parametrize("role", ["admin", "dpo"])
def test_a_group_alone_makes_nobody_officer_or_administrator(
    come, provider, agent, officer, administrator, configure, role
):
    configure(group_roles=(("bosses", role),))
    provider.person["groups"] = ["bosses"]

    come()
    come()

    assert codes(agent) == {"service"}
    (waiting,) = approvals.Approval.objects.filter(state="waiting")
    approvals.decide(waiting, approve=False, actor=actors.of_user(officer))
    come()
    assert not approvals.Approval.objects.filter(state="waiting").exists()
    approvals.Approval.objects.all().delete()
    come()
    (waiting,) = approvals.Approval.objects.filter(state="waiting")
    approvals.decide(waiting, approve=True, actor=actors.of_user(officer))
    assert codes(agent) == {"service", role}


def test_the_last_officer_keeps_the_role_whatever_the_groups_say(
    come, provider, officer, configure
):
    provider.person["email"] = officer.email
    come()
    StaffIdentity.objects.update(group_roles=["dpo"])
    configure(group_roles=(("officers", "dpo"),))

    come()
    assert codes(officer) == {"dpo"}
    make_user("second", "dpo")
    come()

    assert codes(officer) == set()


# --- answers that are refused ---------------------------------------------------------


def _minutes(count):
    return int(time.time()) + 60 * count


def _set(provider, **values):
    for name, value in values.items():
        setattr(provider, name, value)


BAD_ANSWERS = {
    "nonce": lambda p: p.token.update(nonce="of another log-in"),
    "no nonce": lambda p: p.token.update(nonce=None),
    "audience": lambda p: p.token.update(aud="another-client"),
    "audiences": lambda p: p.token.update(aud=[CLIENT, "another-client"]),
    "party": lambda p: p.token.update(azp="another-client"),
    "issuer": lambda p: p.token.update(iss="https://evil.example"),
    "expired": lambda p: p.token.update(iat=_minutes(-70), exp=_minutes(-10)),
    "no end": lambda p: p.token.update(exp=None),
    "future": lambda p: p.token.update(iat=_minutes(30), exp=_minutes(60)),
    "no subject": lambda p: p.person.update(sub=None),
    "empty subject": lambda p: p.person.update(sub=""),
    "unsigned": lambda p: _set(p, algorithm="none"),
    "by the shared secret": lambda p: _set(
        p, algorithm="HS256", signs_with=SECRET.ljust(32, "x")
    ),
    "by a stranger": lambda p: p.sign_as_a_stranger(),
    "by no known key": lambda p: _set(p, key_number="third"),
    "keys are none": lambda p: _set(p, keys=["nonsense"]),
    "another issuer answers": lambda p: p.description.update(
        issuer="https://evil.example"
    ),
    "keys elsewhere": lambda p: p.description.update(
        jwks_uri="https://evil.example/keys"
    ),
    "keys without TLS": lambda p: p.description.update(
        jwks_uri="http://evil.example/k"
    ),
    "the code is refused": lambda p: _set(p, token_status=400),
}


def test_an_answer_that_cannot_be_trusted_lets_nobody_in(
    running, browser, agent, settings
):
    """One browser after the other, so that the database is set up once."""
    for name, spoil in BAD_ANSWERS.items():
        provider = type(running.provider)()
        provider.issuer = running.provider.issuer
        running._server.provider = provider
        there = browser.get(BEGIN)["Location"]
        spoil(provider)
        back = provider.log_in(there)

        answer = browser.get(back.partition("testserver")[2])

        assert answer["Location"] == LOG_IN, name
        assert "cannot be trusted" in told(browser), name
        assert not is_in(browser), name
    assert not StaffIdentity.objects.exists()
    assert failures() == ["sso_answer"] * len(BAD_ANSWERS)


def test_other_kinds_of_keys_are_good_too(come, provider, agent):
    provider.sign_by_curve()

    assert come()["Location"] == "/admin/"


def test_an_answer_counts_once_and_in_the_browser_that_asked(
    provider, browser, client, agent
):
    back = provider.log_in(browser.get(BEGIN)["Location"]).partition("testserver")[2]

    client.get(back)
    assert "another browser" in told(client)
    assert not is_in(client)
    assert browser.get(back)["Location"] == "/admin/"
    browser.post("/admin/logout/")
    browser.get(back)

    assert not is_in(browser)
    assert failures() == ["sso_state", "sso_state"]


def test_what_was_begun_too_long_ago_is_begun_again(provider, browser, agent):
    back = provider.log_in(browser.get(BEGIN)["Location"]).partition("testserver")[2]
    session = browser.session
    for attempt in session["single_sign_on_attempts"].values():
        attempt["at"] -= 601
    session.save()

    browser.get(back)

    assert "took too long" in told(browser)
    assert not is_in(browser)


def test_who_turns_back_at_the_provider_is_told_so(provider, browser, agent):
    for error, sentence in (
        ("access_denied", "was broken off"),
        ("server_error", "did not let you in"),
    ):
        state = browser.get(BEGIN)["Location"].partition("state=")[2].partition("&")[0]
        browser.get(reverse("single_sign_on_finish"), {"state": state, "error": error})
        assert sentence in told(browser)
    assert provider.asked.count("/token") == 0


def test_without_the_provider_a_password_still_does(
    running, come, browser, agent, enter, provider
):
    back = provider.log_in(browser.get(BEGIN)["Location"]).partition("testserver")[2]
    running.stop()

    browser.get(back)
    assert "cannot be reached now" in told(browser)
    browser.get(BEGIN)
    assert "cannot be reached now" in told(browser)

    assert enter(browser, agent, PASSWORD)["Location"] == "/admin/"


def test_the_way_there_leads_back_to_the_register_only(provider, browser, come, agent):
    assert come(where="https://evil.example/")["Location"] == "/admin/"


def test_neither_the_button_nor_the_way_back_is_used_without_end(
    provider, browser, agent, monkeypatch
):
    monkeypatch.setitem(views.RATES, "begin", "3/m/ip")

    answers = [browser.get(BEGIN).status_code for _each in range(4)]
    strays = [
        browser.get(reverse("single_sign_on_finish")).status_code for _each in range(21)
    ]

    assert answers == [302] * 3 + [429]
    assert len(provider.asked) == 3
    assert strays == [302] * 20 + [429]
    assert len(failures()) == 20


def test_nothing_of_the_person_stands_in_the_session(come, browser, agent, provider):
    come()

    kept = str(dict(browser.session))
    assert agent.email not in kept
    assert provider.person["sub"] not in kept
    assert Role.objects.exists()
