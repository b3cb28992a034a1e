"""Password, second factor, recovery codes: who gets in, and who does not."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError

from register.models import AuditEntry, Role
from tests.conftest import make_user, session_of
from tests.log_in.conftest import ACCOUNT, CODE, LOG_IN, PASSWORD, code_of

pytestmark = pytest.mark.django_db


def entries(action):
    return AuditEntry.objects.filter(action=action)


def test_a_password_is_enough_where_no_role_asks_for_more(browser, agent, enter):
    response = enter(browser, agent)

    assert response["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200
    assert entries("staff.logged_in").get().details["kind"] == "password"


def test_the_page_before_the_log_in_is_reached_after_it(browser, agent, enter):
    asked = browser.get("/admin/contacts/contact/")
    assert asked["Location"] == "/admin/login/?next=/admin/contacts/contact/"

    response = enter(browser, agent, next="/admin/contacts/contact/")

    assert response["Location"] == "/admin/contacts/contact/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example"])
def test_the_log_in_leads_nowhere_else(browser, agent, enter, elsewhere):
    assert enter(browser, agent, next=elsewhere)["Location"] == "/admin/"


@pytest.mark.parametrize("role", ["dpo", "admin"])
def test_officers_and_administrators_get_nowhere_without_a_second_factor(
    browser, enter, role
):
    user = make_user("new", role)

    enter(browser, user)

    for path in ("/admin/", "/admin/register/user/", "/admin/account/sessions/"):
        assert browser.get(path)["Location"] == ACCOUNT, path
    assert browser.post("/admin/register/user/add/", {})["Location"] == ACCOUNT
    page = browser.get(ACCOUNT).content.decode()
    assert "Set up a second factor" in page
    assert "/admin/register/user/" not in page


def test_setting_up_an_app_lets_its_holder_in(browser, officer, enter):
    enter(browser, officer)
    page = browser.get(f"{ACCOUNT}app/add/")
    secret = page.context["form"].secret

    wrong = browser.post(f"{ACCOUNT}app/add/", {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    assert not Authenticator.objects.exists()
    right = browser.post(f"{ACCOUNT}app/add/", {"code": code_of(secret)})

    assert right["Location"] == f"{ACCOUNT}codes/"
    assert browser.get("/admin/").status_code == 200
    assert entries("staff.second_factor_added").get().object_id == str(officer.pk)


def test_a_secret_that_waits_for_its_first_code_is_sealed_too(
    browser, officer, enter, settings
):
    enter(browser, officer)
    secret = browser.get(f"{ACCOUNT}app/add/").context["form"].secret

    for session in Session.objects.all():
        assert secret not in str(session.get_decoded())
    settings.SECOND_FACTOR_KEYS = ["a-newer-key-of-this-test"]
    again = browser.post(f"{ACCOUNT}app/add/", {"code": code_of(secret)})

    assert again.context["form"].secret != secret
    assert not Authenticator.objects.exists()


def test_a_passkey_is_renamed_and_removed_on_pages_of_its_own(agent):
    key = Authenticator.objects.create(
        user=agent, type="webauthn", data={"name": "Laptop", "credential": {}}
    )
    other = Authenticator.objects.create(
        user=make_user("other"), type="webauthn", data={"name": "Theirs"}
    )
    browser = session_of(agent)
    page = f"{ACCOUNT}passkeys/{key.pk}"

    assert browser.get(f"{page}/edit/").status_code == 200
    assert browser.get(f"{page}/remove/").status_code == 200
    assert browser.get(f"{ACCOUNT}passkeys/{other.pk}/edit/").status_code == 404
    for name in ("x" * 81, "a\0b", ""):
        assert browser.post(f"{page}/edit/", {"name": name}).status_code == 200
    browser.post(f"{page}/edit/", {"name": "Blue key"})

    key.refresh_from_db()
    assert key.data["name"] == "Blue key"


def test_secrets_are_sealed_in_the_database(officer, app_of, settings):
    secret = app_of(officer)
    RecoveryCodes.activate(officer)

    for stored in Authenticator.objects.all():
        assert secret not in str(stored.data)
        assert str(stored.data).count("gAAAA") == 1

    app = Authenticator.objects.get(type="totp").wrap()
    settings.SECOND_FACTOR_KEYS = [
        "a-newer-key-of-this-test",
        *settings.SECOND_FACTOR_KEYS,
    ]
    assert app.validate_code(code_of(secret))
    settings.SECOND_FACTOR_KEYS = ["a-newer-key-of-this-test"]
    with pytest.raises(ValidationError, match="key is missing"):
        app.validate_code(code_of(secret))


def test_the_code_is_asked_for_after_the_password(browser, officer, enter, app_of):
    secret = app_of(officer)

    assert enter(browser, officer)["Location"] == CODE
    assert "/admin/login/" in browser.get("/admin/")["Location"]
    page = browser.get(CODE).content.decode()
    assert "recovery codes" in page
    assert "Use a passkey" not in page  # there is none
    wrong = browser.post(CODE, {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    assert entries("staff.log_in_failed").get().object_id == str(officer.pk)
    assert browser.post(CODE, {"code": code_of(secret)})["Location"] == "/admin/"

    assert browser.get("/admin/").status_code == 200
    assert entries("staff.logged_in").get().details["kind"] == "password+totp"


def test_a_code_works_once(browser, client, officer, enter, app_of):
    secret = app_of(officer)
    enter(browser, officer)
    browser.post(CODE, {"code": code_of(secret)})

    enter(client, officer)
    client.post(CODE, {"code": code_of(secret)})

    assert "/admin/login/" in client.get("/admin/")["Location"]


def test_a_recovery_code_stands_in_once(browser, officer, enter, app_of):
    app_of(officer)
    codes = RecoveryCodes.activate(officer).get_unused_codes()
    assert len(set(codes)) == 10

    enter(browser, officer)
    assert browser.post(CODE, {"code": codes[3]})["Location"] == "/admin/"
    assert "9 codes are left" in browser.get(ACCOUNT).content.decode()
    browser.post("/admin/logout/")
    enter(browser, officer)

    assert "Incorrect code" in browser.post(CODE, {"code": codes[3]}).content.decode()


def test_recovery_codes_are_shown_once_and_replaced_as_a_whole(officer, app_of):
    app_of(officer)
    browser = session_of(officer)
    old = RecoveryCodes.activate(officer).get_unused_codes()

    first = browser.get(f"{ACCOUNT}codes/").content.decode()
    assert all(code in first for code in old)
    assert old[0] not in browser.get(f"{ACCOUNT}codes/").content.decode()
    browser.post(f"{ACCOUNT}codes/new/")
    second = browser.get(f"{ACCOUNT}codes/").content.decode()

    assert not any(code in second for code in old)
    assert second.count("<li>") >= 10


def test_enrolment_alone_opens_nothing_the_session_is_asked(officer, app_of):
    """Somebody sits before a browser whose session never showed the factor."""
    app_of(officer)
    browser = session_of(officer, factor="")

    response = browser.get("/admin/")

    assert response["Location"] == "/admin/account/confirm/code/"
    assert browser.get(f"{ACCOUNT}app/remove/").status_code == 302
    assert Authenticator.objects.count() == 1


def test_a_role_given_in_mid_session_asks_at_the_next_page(browser, agent, enter):
    enter(browser, agent)
    assert browser.get("/admin/").status_code == 200

    agent.assignments.create(role=Role.objects.get(code="dpo"))

    assert browser.get("/admin/")["Location"] == ACCOUNT


def test_the_last_factor_stays_where_a_role_requires_one(officer, agent, app_of):
    for user, left in ((officer, 1), (agent, 0)):
        app_of(user)
        browser = session_of(user)
        browser.post(f"{ACCOUNT}app/remove/")
        assert Authenticator.objects.filter(user=user).count() == left


def test_administrators_are_asked_whatever_their_role_says(
    browser, administrator, enter
):
    Role.objects.filter(code="admin").update(requires_second_factor=False)

    enter(browser, administrator)

    assert browser.get("/admin/")["Location"] == ACCOUNT
    role = Role.objects.get(code="admin")
    role.full_clean()
    assert role.requires_second_factor


def test_any_role_may_require_it(browser, agent, enter):
    Role.objects.filter(code="service").update(requires_second_factor=True)

    enter(browser, agent)

    assert browser.get("/admin/")["Location"] == ACCOUNT


def test_sessions_hold_no_address_and_no_password(browser, officer, enter, app_of):
    app_of(officer)
    enter(browser, officer)

    for session in Session.objects.all():
        told = str(session.get_decoded())
        assert officer.email not in told
        assert PASSWORD not in told


def test_nobody_signs_up(browser):
    for path in (
        "/admin/account/signup/",
        "/accounts/signup/",
        "/admin/account/email/",
    ):
        assert browser.get(path).status_code in (302, 404)
    for path in ("/admin/mfa/authenticator/", "/admin/account/emailaddress/"):
        assert browser.get(path).status_code in (302, 404)


def test_the_tables_of_the_log_in_are_no_screens(administrator, client_of):
    for path in (
        "/admin/mfa/authenticator/",
        "/admin/account/emailaddress/",
        "/admin/usersessions/usersession/",
    ):
        assert client_of(administrator).get(path).status_code == 404


def test_an_unusable_request_is_refused_with_a_sentence(browser, enter):
    for address in ("a\0b@seloste.test", "x" * 5000, "", "@"):
        response = enter(browser, address)
        assert response.status_code == 200, address
        assert (
            "errorlist" in response.content.decode()
            or 'role="alert"' in response.content.decode()
        )
    assert browser.get(LOG_IN).status_code == 200
