from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.urls import reverse

from register import actors
from register.models import AuditEntry, Controller
from register.services import controller

pytestmark = pytest.mark.django_db

ANSWERS = {
    "name": "Esimerkki Oy",
    "business_id": "23273271",
    "street_address": "Katu 1",
    "postcode": "02600",
    "town": "Espoo",
    "dpo_email": "tietosuoja@esimerkki.example",
    "dpo_address": "Esimerkki Oy, PL 1, 02600 Espoo",
}


@pytest.fixture(autouse=True)
def _silent_environment(settings):
    settings.CONTROLLER = {}


def test_until_it_is_saved_the_settings_answer(settings):
    settings.CONTROLLER = {"name": "From the environment Oy"}

    assert controller.current().name == "From the environment Oy"
    assert controller.current().town == ""
    assert not controller.is_saved()


def test_what_is_saved_goes_before_the_settings_and_is_on_record(settings):
    settings.CONTROLLER = {"name": "From the environment Oy"}

    changed = controller.save(ANSWERS, actor=actors.system("access_control"))

    assert controller.current().name == "Esimerkki Oy"
    assert controller.current().business_id == "2327327-1"
    assert controller.current().address == "Katu 1, 02600 Espoo"
    assert set(changed) == set(ANSWERS)
    entry = AuditEntry.objects.get(action="controller.changed")
    assert set(entry.details["fields"]) == set(ANSWERS)


def test_saving_the_same_again_changes_and_records_nothing():
    controller.save(ANSWERS, actor=actors.system())

    assert controller.save(ANSWERS, actor=actors.system()) == []
    assert controller.save({"town": "Vantaa"}, actor=actors.system()) == ["town"]
    assert AuditEntry.objects.filter(action="controller.changed").count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("business_id", "2327327-2"),
        ("business_id", "12345"),
        ("dpo_email", "nobody"),
        ("postcode", "2600"),
        ("name", "   "),
        ("dpo_address", ""),
    ],
)
def test_a_wrong_answer_is_refused_and_nothing_is_saved(field, value):
    with pytest.raises(ValidationError) as refused:
        controller.save({**ANSWERS, field: value}, actor=actors.system())

    assert set(refused.value.message_dict) == {field}
    assert not controller.is_saved()


def test_the_database_holds_one_controller():
    controller.save(ANSWERS, actor=actors.system())

    with pytest.raises(IntegrityError, match="controller_one"):
        Controller.objects.create(**{**ANSWERS, "id": 2})


def test_the_officer_edits_it_and_an_administrator_only_looks(
    officer, administrator, agent, client_of
):
    add = reverse("admin:register_controller_add")
    change = reverse("admin:register_controller_change", args=[1])
    listed = reverse("admin:register_controller_changelist")

    assert client_of(officer).get(listed).url == add
    refused = client_of(officer).post(add, {**ANSWERS, "business_id": "2327327-2"})
    assert "check digit" in refused.content.decode()
    assert not controller.is_saved()
    client_of(officer).post(add, ANSWERS)
    assert controller.current().name == "Esimerkki Oy"
    assert client_of(officer).get(listed).url == change

    client_of(officer).post(change, {**ANSWERS, "town": "Vantaa"})
    assert controller.current().town == "Vantaa"
    assert client_of(administrator).get(change).status_code == 200
    client_of(administrator).post(change, {**ANSWERS, "town": "Oulu"})
    assert client_of(agent).get(change).status_code == 403
    assert client_of(agent).get(add).status_code == 403
    # There is no second one to add.
    assert client_of(officer).get(add).url == change
    assert client_of(officer).post(add, {**ANSWERS, "town": "Turku"}).url == change
    assert controller.current().town == "Vantaa"
