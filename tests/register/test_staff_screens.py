from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext

from register import actors
from register.models import (
    ApiKey,
    AuditEntry,
    LegalParameter,
    Role,
    Team,
    TeamMembership,
    User,
)
from register.services import api_keys
from tests.conftest import session_of

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def log_in(email: str, password: str) -> Client:
    browser = Client()
    browser.post(reverse("admin:login"), {"username": email, "password": password})
    return browser


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_logging_in_and_out_is_recorded(agent):
    browser = log_in(agent.email.upper(), PASSWORD)
    assert browser.get(reverse("admin:index")).status_code == 200
    browser.post(reverse("admin:logout"))

    assert actions() == ["staff.logged_in", "staff.logged_out"]
    assert browser.get(reverse("admin:index")).status_code == 302


def test_a_wrong_password_is_recorded_without_what_was_typed(agent):
    browser = log_in(agent.email, "wrong")

    entry = AuditEntry.objects.get()
    assert entry.action == "staff.log_in_failed"
    assert entry.details == {"kind": "password"}
    assert browser.get(reverse("admin:index")).status_code == 302


def test_an_inactive_account_cannot_log_in(agent):
    User.objects.filter(pk=agent.pk).update(is_active=False)

    browser = log_in(agent.email, PASSWORD)

    assert browser.get(reverse("admin:index")).status_code == 302


def test_an_administrator_makes_an_account_with_a_role(administrator, client_of):
    browser = client_of(administrator)
    role = Role.objects.get(code="sales")

    answer = browser.post(
        reverse("admin:register_user_add"),
        {
            "email": "New.Person@Seloste.test",
            "first_name": "New",
            "last_name": "Person",
            "language": "sv",
            "roles_held": [role.pk],
        },
    )

    assert "Give its holder the link" in answer.content.decode()
    user = User.objects.get(email="new.person@seloste.test")
    assert list(user.roles.all()) == [role]
    assert not user.has_usable_password()
    assert "staff.role_granted" in actions()
    assert "record.added" in actions()


def test_django_writes_no_log_of_its_own(administrator, agent, client_of):
    browser = client_of(administrator)
    url = reverse("admin:register_user_change", args=[agent.pk])

    answer = browser.post(
        url,
        {
            "email": agent.email,
            "first_name": "Changed",
            "last_name": agent.last_name,
            "language": "fi",
            "is_active": "on",
            "roles_held": [],
        },
    )

    assert answer.status_code == 302
    agent.refresh_from_db()
    assert agent.first_name == "Changed"
    assert list(agent.roles.all()) == []
    assert LogEntry.objects.count() == 0
    changed = AuditEntry.objects.get(action="record.changed")
    assert "first_name" in changed.details["fields"]
    assert "Changed" not in str(changed.details)
    assert "staff.role_removed" in actions()


def test_an_account_is_never_deleted_here(administrator, agent, client_of):
    answer = client_of(administrator).post(
        reverse("admin:register_user_delete", args=[agent.pk]), {"post": "yes"}
    )

    assert answer.status_code == 403
    assert User.objects.filter(pk=agent.pk).exists()


@pytest.mark.parametrize("role", ["agent", "seller", "marketer", "stranger"])
@pytest.mark.parametrize(
    "page", ["user", "role", "apikey", "auditentry", "hold", "legalparameter"]
)
def test_administration_is_closed_to_other_roles(role, page, request, client_of):
    browser = client_of(request.getfixturevalue(role))

    answer = browser.get(reverse(f"admin:register_{page}_changelist"))

    assert answer.status_code == 403


@pytest.mark.parametrize("page", ["user", "role", "apikey", "auditentry", "job"])
def test_an_administrator_sees_administration(page, administrator, client_of):
    browser = client_of(administrator)

    answer = browser.get(reverse(f"admin:register_{page}_changelist"))

    assert answer.status_code == 200


def key_form(name, owner, role="service"):
    end = timezone.now() + timedelta(days=300)
    return {
        "name": name,
        "scopes": ["calls:write"],
        "role": Role.objects.get(code=role).pk,
        "owner": owner.pk,
        "expires_at_0": end.strftime("%Y-%m-%d"),
        "expires_at_1": "12:00:00",
    }


def test_an_api_key_is_shown_once_and_stored_as_a_hash(administrator, client_of):
    browser = client_of(administrator)

    answer = browser.post(
        reverse("admin:register_apikey_add"),
        key_form("Telephone system", administrator),
    )

    secret = re.search(r"sel_[\w-]{40,}", answer.content.decode()).group()
    key = ApiKey.objects.get()
    assert secret not in str(ApiKey.objects.values().get())
    assert api_keys.key_for(secret) == key
    assert key.scopes == ["calls:write"]
    assert (
        secret
        not in browser.get(reverse("admin:register_apikey_changelist")).content.decode()
    )


def test_a_revoked_key_opens_nothing(administrator, client_of):
    browser = client_of(administrator)
    browser.post(
        reverse("admin:register_apikey_add"),
        key_form("Old system", administrator),
    )
    key = ApiKey.objects.get()
    url = f"/admin/register/apikey/{key.pk}/revoke/"

    assert browser.get(url).status_code == 200
    key.refresh_from_db()
    assert key.revoked_at is None

    browser.post(url)

    key.refresh_from_db()
    assert key.revoked_at is not None
    assert "api_key.revoked" in actions()


def test_a_key_past_its_end_opens_nothing(administrator):
    from register import actors

    _, secret = api_keys.create(
        name="x",
        scopes=["calls:write"],
        actor=actors.of_user(administrator),
        expires_at=timezone.now(),
    )

    assert api_keys.key_for(secret) is None


def test_a_period_that_cannot_be_computed_is_refused(officer, client_of):
    answer = client_of(officer).post(
        reverse("admin:register_legalparameter_add"),
        {
            "code": "response",
            "period": "a month",
            "valid_from": "2030-01-01",
            "source": "x",
        },
    )

    assert answer.status_code == 200
    assert "ISO 8601" in answer.content.decode()
    assert LegalParameter.objects.count() == 3


def test_the_overview_of_an_account_without_a_role_says_why_it_is_empty(
    stranger, client_of
):
    page = client_of(stranger).get(reverse("admin:index"))

    assert page.status_code == 200
    assert "no role" in page.content.decode()


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_overview_opens_in_every_language(officer, language):
    browser = session_of(officer, language=language)

    assert browser.get(reverse("admin:index")).status_code == 200


def test_staff_pages_stay_out_of_caches(officer, client_of):
    page = client_of(officer).get(reverse("admin:index"))

    assert "no-store" in page["Cache-Control"]


def test_the_history_of_a_record_is_its_audit_trail(administrator, agent, client_of):
    browser = client_of(administrator)
    browser.get(reverse("admin:register_user_change", args=[agent.pk]))

    page = browser.get(reverse("admin:register_user_history", args=[agent.pk]))

    assert "looked at a record" in page.content.decode()


def test_a_page_that_is_not_there_says_so_in_the_readers_language(client):
    page = client.get("/nowhere", headers={"accept-language": "en"})

    assert page.status_code == 404
    assert "There is nothing at this address" in page.content.decode()


def test_a_page_that_is_not_allowed_names_whom_to_ask(seller, client_of):
    page = client_of(seller).get(reverse("admin:register_user_changelist"))

    assert page.status_code == 403
    assert "ask an administrator" in page.content.decode()


def test_a_search_with_odd_characters_is_no_error(officer, client_of):
    browser = client_of(officer)

    for odd in ("%00", "%", "'", "\\", "😀" * 300, "a" * 5000):
        page = browser.get(reverse("admin:register_auditentry_changelist"), {"q": odd})
        assert page.status_code == 200


# --- texts that come with the product ---------------------------------------------------


def test_a_standard_name_is_edited_in_the_language_of_the_reader_and_stays_standard(
    administrator, client_of
):
    role = Role.objects.get(code="service")
    browser = client_of(administrator)
    url = reverse("admin:register_role_change", args=[role.pk])
    finnish = {"accept-language": "fi"}

    page = browser.get(url, headers=finnish)
    with translation.override("fi"):
        translated = gettext(role.name)
        assert translated != role.name
        assert page.context["adminform"].form["name"].value() == translated
    form = {
        "name": translated,
        "code": role.code,
        "default_purpose": role.default_purpose,
        "rights-TOTAL_FORMS": 0,
        "rights-INITIAL_FORMS": 0,
    }
    browser.post(url, form, headers=finnish)

    role.refresh_from_db()
    assert role.name == "Customer service"
    assert not AuditEntry.objects.filter(
        action="record.changed", details__fields__contains=["name"]
    ).exists()

    browser.post(url, {**form, "name": "Neuvonta"}, headers=finnish)

    role.refresh_from_db()
    assert role.name == "Neuvonta"


def test_a_standard_source_of_the_law_is_edited_translated_and_stays_standard(
    officer, client_of
):
    parameter = LegalParameter.objects.get(code="response")
    browser = client_of(officer)
    url = reverse("admin:register_legalparameter_change", args=[parameter.pk])

    page = browser.get(url, headers={"accept-language": "fi"})
    with translation.override("fi"):
        shown = page.context["adminform"].form["source"].value()
        assert shown == gettext(parameter.source) != parameter.source
    browser.post(url, {"source": shown}, headers={"accept-language": "fi"})

    before = parameter.source
    parameter.refresh_from_db()
    assert parameter.source == before


def test_a_list_that_leaves_nothing_out_offers_no_way_to_see_the_rest(
    agent, anna, client_of
):
    client = client_of(agent)

    whole = client.get("/admin/contacts/contact/").content.decode()
    searched = client.get("/admin/contacts/contact/", {"q": "Anna"}).content.decode()

    assert "Show all" not in whole
    assert "Show all" in searched


def test_an_empty_list_does_not_blame_the_search(marketer, client_of):
    client = client_of(marketer)

    empty = client.get("/admin/contacts/importbatch/").content.decode()
    filtered = client.get("/admin/contacts/importbatch/", {"state__exact": "done"})

    assert "There is nothing here" in empty
    assert "Nothing was found" not in empty
    assert "Add import" in empty
    assert "Nothing was found" in filtered.content.decode()


def test_no_link_leads_to_a_site_that_does_not_exist(agent, client_of):
    assert "Return to site" not in Client().get(reverse("admin:login")).content.decode()
    assert "View site" not in client_of(agent).get("/admin/").content.decode()


def test_colleagues_are_called_by_their_names(administrator, auditor, agent, client_of):
    """The number of an account tells nobody whom to choose."""
    team = Team.objects.create(name="South")
    TeamMembership.objects.create(team=team, user=agent)
    key, _secret = api_keys.create(
        name="Web shop",
        scopes=["contacts:read"],
        owner=agent,
        actor=actors.system("access_control"),
    )
    admin = client_of(administrator)
    pages = [
        admin.get(reverse("admin:register_apikey_add")),
        admin.get(reverse("admin:register_apikey_changelist")),
        admin.get(reverse("admin:register_apikey_change", args=[key.pk])),
        admin.get(reverse("admin:register_user_change", args=[agent.pk])),
        client_of(auditor).get(reverse("admin:register_team_change", args=[team.pk])),
    ]

    for page in pages:
        assert page.status_code == 200
        assert agent.get_full_name() in page.content.decode()
        assert f"Staff account {agent.pk}" not in page.content.decode()
