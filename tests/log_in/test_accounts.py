"""An account's life: the way in by a link, being unused, leaving, being looked at."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from register import actors
from register.conformance.accounts import (
    rights_are_reviewed,
    second_factors_are_set_up,
)
from register.conformance.registry import Board, Status
from register.errors import Conflict
from register.models import (
    ApiKey,
    RightsReview,
    Role,
    StaffIdentity,
    Team,
    TeamMembership,
    User,
)
from register.services import accounts, api_keys
from tests.conftest import make_user
from tests.log_in.conftest import ACCOUNT, LOG_IN

pytestmark = pytest.mark.django_db


def page(user):
    return f"/admin/register/user/{user.pk}/access/"


def test_the_holder_sets_the_password_by_a_link_that_works_once(
    administrator, agent, client_of, browser, enter
):
    shown = client_of(administrator).post(page(agent), {"do": "link"})
    link = shown.context["link"].partition("testserver")[2]
    assert "It works until" in shown.content.decode()

    form = browser.get(link, follow=True)
    where = form.redirect_chain[-1][0]
    weak = browser.post(where, {"new_password1": "short", "new_password2": "short"})
    assert "too short" in weak.content.decode()
    new = {"new_password1": "tall green bicycle", "new_password2": "tall green bicycle"}
    assert browser.post(where, new)["Location"] == LOG_IN

    assert "used already" in browser.get(link, follow=True).content.decode()
    assert enter(browser, agent, "tall green bicycle")["Location"] == "/admin/"


def test_who_leaves_is_out_at_once(administrator, agent, client_of, browser, enter):
    enter(browser, agent)
    key, secret = api_keys.create(
        name="Web shop", scopes=["contacts:read"], actor=actors.of_user(agent)
    )

    client_of(administrator).post(page(agent), {"do": "disable", "sure": "1"})

    assert browser.get("/admin/").status_code == 302
    assert api_keys.key_for(secret) is None
    assert not Session.objects.filter(session_key=browser.session.session_key or "-")
    assert "/account/inactive/" in enter(browser, agent)["Location"]
    client_of(administrator).post(page(agent), {"do": "enable"})
    assert enter(browser, agent)["Location"] == "/admin/"
    assert ApiKey.objects.get(pk=key.pk).revoked_at is not None


def test_the_last_officer_and_ones_own_account_stay(administrator, officer, agent):
    actor = actors.of_user(administrator)
    for user in (administrator, officer):
        with pytest.raises(Conflict):
            accounts.disable(user, actor=actor)
    make_user("third", "dpo")
    accounts.disable(officer, actor=actor)

    assert not User.objects.get(pk=officer.pk).is_active
    assert User.objects.get(pk=administrator.pk).is_active


def test_unused_accounts_are_disabled_but_never_the_last_of_a_role(
    administrator, officer, agent, seller
):
    long_ago = timezone.now() - timedelta(days=181)
    User.objects.exclude(pk=seller.pk).update(last_login=long_ago, created_at=long_ago)
    User.objects.filter(pk=seller.pk).update(
        last_login=timezone.now() - timedelta(days=179), created_at=long_ago
    )

    assert accounts.disable_unused() == 1

    active = set(User.objects.filter(is_active=True).values_list("pk", flat=True))
    assert active == {administrator.pk, officer.pk, seller.pk}
    accounts.enable(agent, actor=actors.of_user(administrator))
    assert accounts.disable_unused() == 0


def test_lost_factors_are_removed_by_an_administrator(
    administrator, officer, app_of, client_of
):
    app_of(officer)

    client_of(administrator).post(page(officer), {"do": "factors", "sure": "1"})

    assert not Authenticator.objects.exists()


def test_disabling_and_removing_factors_ask_first_and_say_what_follows(
    administrator, officer, client_of, browser, enter, app_of
):
    app_of(officer)
    _key, secret = api_keys.create(
        name="Web shop", scopes=["contacts:read"], actor=actors.of_user(officer)
    )
    admin = client_of(administrator)

    leaving = admin.post(page(officer), {"do": "disable"}).content.decode()
    factors = admin.post(page(officer), {"do": "factors"}).content.decode()

    assert "“Web shop” is revoked for good" in leaving.replace("&quot;", '"')
    assert "the next log-in sets up a new one" in factors
    assert 'name="sure"' in leaving
    assert 'name="sure"' in factors
    assert User.objects.get(pk=officer.pk).is_active
    assert Authenticator.objects.filter(user=officer).exists()
    assert api_keys.key_for(secret) is not None


def test_an_officer_unlocks_and_does_nothing_else(
    officer, agent, client_of, browser, enter
):
    for _attempt in range(6):
        enter(browser, agent, "wrong")
    assert not enter(browser, agent).has_header("Location")

    shown = client_of(officer).get(page(agent)).content.decode()
    assert 'value="unlock"' in shown
    for what in ("link", "mail", "disable", "sessions", "factors", "review:kept"):
        assert f'value="{what}"' not in shown
        assert client_of(officer).post(page(agent), {"do": what}).status_code == 403
    client_of(officer).post(page(agent), {"do": "unlock"})

    assert enter(browser, agent)["Location"] == "/admin/"


def test_a_link_is_mailed_in_the_language_of_its_holder(
    administrator, agent, client_of, mail_server
):
    User.objects.filter(pk=agent.pk).update(language="en")

    client_of(administrator).post(page(agent), {"do": "mail"})

    (letter,) = mail_server.mails
    assert letter["To"] == agent.email
    assert "/admin/account/set-password/" in letter.get_content()


def test_no_link_for_a_disabled_account_and_none_mailed_without_mail(
    administrator, agent, client_of
):
    browser = client_of(administrator)
    told = browser.post(page(agent), {"do": "mail"}, follow=True).content.decode()
    assert "Mail is not set up" in told
    assert "set-password" not in told
    User.objects.filter(pk=agent.pk).update(is_active=False)

    told = browser.post(page(agent), {"do": "link"}, follow=True).content.decode()

    assert "The account is disabled" in told
    assert "set-password" not in told


@pytest.mark.parametrize("what", ["mail", "disable", "link", "factors", "review:kept"])
def test_only_who_may_change_accounts_does(what, agent, seller, auditor, client_of):
    for user in (agent, auditor):
        assert client_of(user).post(page(seller), {"do": what}).status_code == 403

    assert User.objects.get(pk=seller.pk).is_active
    assert not RightsReview.objects.exists()


def test_rights_are_reviewed_one_by_one(administrator, agent, client_of):
    browser = client_of(administrator)
    User.objects.update(created_at=timezone.now() - timedelta(days=400))
    assert "overdue" in browser.get("/admin/register/user/review/").content.decode()

    for user in User.objects.all():
        browser.post(page(user), {"do": "review:kept"})
    browser.post(page(agent), {"do": "review:nonsense"})

    done = browser.post(page(agent), {"do": "review:kept"}, follow=True)
    assert done.redirect_chain[-1][0] == "/admin/register/user/review/"
    assert f"Reviewed: {agent.get_full_name()}." in done.content.decode()
    RightsReview.objects.order_by("-pk")[:1].get().delete()
    assert "overdue" not in browser.get("/admin/register/user/review/").content.decode()
    assert RightsReview.objects.count() == User.objects.count()
    assert browser.get(page(agent)).status_code == 200


def test_the_board_tells_of_reviews_and_factors_that_are_missing(
    administrator, officer, app_of, client_of
):
    now = timezone.now()
    board = Board(now)
    assert rights_are_reviewed(board).status == Status.KEPT
    assert second_factors_are_set_up(board).status == Status.KEPT
    User.objects.filter(pk=officer.pk).update(created_at=now - timedelta(days=400))

    for check in (rights_are_reviewed, second_factors_are_set_up):
        assert check(board).status == Status.BROKEN
        assert check(board).records == (("register.User", officer.pk),)
    browser = client_of(administrator)
    assert "Rights to be reviewed" in browser.get("/admin/").content.decode()
    listed = browser.get("/admin/register/user/review/").content.decode()
    assert "no second factor" in listed

    app_of(officer)
    accounts.review(officer, "kept", actor=actors.of_user(administrator))

    for check in (rights_are_reviewed, second_factors_are_set_up):
        assert check(board).status == Status.KEPT
    assert "Rights to be reviewed" not in browser.get("/admin/").content.decode()


def test_a_role_that_waits_is_seen_on_the_account(administrator, agent, client_of):
    browser = client_of(administrator)
    role = Role.objects.get(code="dpo")
    held = [each.pk for each in agent.roles.all()]
    form = {name: getattr(agent, name) for name in ("email", "first_name", "last_name")}
    browser.post(
        f"/admin/register/user/{agent.pk}/change/",
        {**form, "language": "en", "roles_held": [*held, role.pk]},
    )

    text = browser.get(page(agent)).content.decode()

    assert "The role Data protection officer waits for a second person" in text
    assert not agent.roles.filter(code="dpo").exists()


def test_roles_of_keys_are_offered_to_nobody_who_has_none(administrator, client_of):
    made = Role.objects.create(code="interface-cor", name="API: contacts:read")

    page_of_new = client_of(administrator).get("/admin/register/user/add/")

    offered = page_of_new.context["adminform"].form.fields["roles_held"].queryset
    assert Role.objects.get(code="sales") in offered
    assert made not in offered


def test_who_may_only_look_is_shown_no_empty_row_of_buttons(officer, agent, client_of):
    text = client_of(officer).get(page(agent)).content.decode()

    assert f'action="{page(agent)}"' not in text


def test_the_link_with_single_sign_on_is_ended_by_an_administrator(
    administrator, officer, agent, client_of
):
    StaffIdentity.objects.create(
        user=agent, issuer="https://login.example", subject="1"
    )

    assert "linked with single sign-on" in (
        client_of(administrator).get(page(agent)).content.decode()
    )
    assert client_of(officer).post(page(agent), {"do": "unlink"}).status_code == 403
    assert StaffIdentity.objects.exists()
    client_of(administrator).post(page(agent), {"do": "unlink"})

    assert not StaffIdentity.objects.exists()


def test_who_may_take_a_right_for_a_while_finds_the_way_there(agent, client_of):
    browser, take = client_of(agent), "/admin/register/elevation/take/"
    assert take not in browser.get(ACCOUNT).content.decode()
    role = Role.objects.get(code="service")
    role.elevations.create(category="identity", action="export")

    assert take in browser.get(ACCOUNT).content.decode()
    refused = browser.post(take, {"right": "0", "hours": "4", "reason": "The fair"})

    assert "<option selected>4</option>" in refused.content.decode()


def test_who_reviews_an_account_sees_its_roles_teams_and_sessions(
    administrator, agent, client_of, browser, enter
):
    team = Team.objects.create(name="Etelä")
    TeamMembership.objects.create(team=team, user=agent)
    enter(browser, agent)

    shown = client_of(administrator).get(page(agent))

    role = agent.assignments.get().role
    text = shown.content.decode()
    assert reverse("admin:register_role_rights", args=[role.pk]) in text
    assert "Etelä" in text
    assert [each.user for each in shown.context["sessions"]] == [agent]
    assert "last used" in text
