from __future__ import annotations

import pytest
from django.urls import reverse

from contacts.services import search_words
from register.datamap import Level, Scope
from register.models import AuditEntry, FieldRule, Role, RoleRight
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
NUMBER, MASK = "+358401234567", "+358 •• ••• 45 67"
LIST = "admin:contacts_contact_changelist"


def rule(level: str, kind: str = "phone") -> None:
    FieldRule.objects.update_or_create(
        role=Role.objects.get(code="service"),
        field=f"contacts.contactpoint.value:{kind}",
        defaults={"level": level},
    )


def reveal(contact, kind="phone"):
    point = contact.points.get(kind=kind)
    return reverse("admin:contacts_contact_reveal", args=[contact.pk, point.pk])


@pytest.mark.parametrize("level", [Level.MASKED, Level.HIDDEN])
def test_no_screen_holds_what_is_not_seen(anna, agent, client_of, level):
    rule(level)
    search_words.refresh([anna.pk])
    browser = client_of(agent)
    pages = [
        reverse("admin:contacts_contact_page", args=[anna.pk]),
        reverse("admin:contacts_contact_change", args=[anna.pk]),
        reverse(LIST),
    ]

    for page in pages:
        text = browser.get(page).content.decode()
        assert NUMBER not in text
        assert "1234567" not in text
    shown = browser.get(pages[0]).content.decode()
    assert (MASK in shown) is (level is Level.MASKED)
    for word in ("0401234567", "358401234567"):
        assert not browser.get(reverse(LIST), {"q": word}).context["cl"].result_list
    assert browser.get(reverse(LIST), {"q": "anna"}).context["cl"].result_list


def test_a_masked_number_is_not_lost_when_its_form_is_saved(anna, agent, client_of):
    rule(Level.MASKED)
    page = reverse("admin:contacts_contact_change", args=[anna.pk])
    form = client_of(agent).get(page).context["adminform"].form

    assert "first_name" in form.fields
    assert anna.points.get(kind="phone").value == NUMBER


def test_a_mask_is_revealed_on_the_record(anna, agent, client_of):
    rule(Level.MASKED)
    browser = client_of(agent)

    fragment = browser.post(reveal(anna), headers={"hx-request": "true"})
    page = browser.post(reveal(anna))

    assert NUMBER in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    assert NUMBER in page.content.decode()
    entry = AuditEntry.objects.filter(action="record.revealed").first()
    assert entry is not None
    assert entry.subject_id == anna.pk
    assert entry.purpose
    assert browser.get(reveal(anna)).status_code == 405


def test_what_is_hidden_is_not_revealed(anna, agent, client_of):
    rule(Level.HIDDEN)

    assert client_of(agent).post(reveal(anna)).status_code == 404
    assert not AuditEntry.objects.filter(action="record.revealed").exists()


def test_nobody_reveals_without_end(anna, agent, client_of, monkeypatch):
    from contacts.screens import reveal as screen

    monkeypatch.setattr(screen, "MOST_AN_HOUR", 2)
    rule(Level.MASKED)
    browser = client_of(agent)

    answers = [browser.post(reveal(anna)) for _ in range(3)]

    assert [a.status_code for a in answers] == [200, 200, 429]
    assert NUMBER not in answers[2].content.decode()


def test_who_can_see_a_person_is_listed_with_what_they_do_not_see(
    anna, agent, seller, officer, stranger, client_of
):
    rule(Level.MASKED)
    RoleRight.objects.filter(role__code="sales", category="identity").update(
        scope=Scope.OWN
    )
    page = reverse("admin:contacts_contact_readers", args=[anna.pk])

    names = {
        line["name"]: line for line in client_of(officer).get(page).context["lines"]
    }

    assert set(names) == {"Agent Staff", "Officer Staff"}
    assert names["Agent Staff"]["unseen"] == [("telephone", "masked")]
    anna.responsible = seller
    anna.save()
    lines = client_of(officer).get(page).context["lines"]
    assert "Seller Staff" in {line["name"] for line in lines}
    assert client_of(agent).get(page).status_code == 403


def test_nothing_is_listed_for_an_account_that_is_not_in_use(anna, officer, client_of):
    leaver = make_user("leaver", "service")
    leaver.is_active = False
    leaver.save()
    page = reverse("admin:contacts_contact_readers", args=[anna.pk])

    lines = client_of(officer).get(page).context["lines"]
    assert "Leaver Staff" not in {line["name"] for line in lines}
