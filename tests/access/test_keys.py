from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from register import access, actors
from register.datamap import Action, Category, Level, Scope
from register.errors import DomainError
from register.models import ApiKey, Approval, FieldRule, Role
from register.services import api_keys, approvals
from tests.access.test_scopes import make_role
from tests.conftest import make_user

pytestmark = pytest.mark.django_db
READ = [str(ApiKey.Scope.CONTACTS_READ)]


def make(maker: Any, role: Role | None, **more: Any) -> ApiKey:
    key, _secret = api_keys.create(
        name="Web shop",
        scopes=READ,
        role=role,
        actor=actors.of_user(maker) if maker else actors.system("access_control"),
        **more,
    )
    return key


def sees(key: ApiKey) -> Scope | None:
    access.forget(key)
    return access.scope_of(key, Action.VIEW, Category.IDENTITY)


def test_a_key_without_a_role_opens_nothing(administrator):
    key = make(administrator, None)

    assert access.rights_of(key) == frozenset()


def test_a_key_sees_what_its_role_sees_within_its_scopes(seller):
    role = make_role("shop", {"identity": {"view": "all"}, "chats": {"view": "all"}})

    key = make(seller, role)

    assert access.rights_of(key) == {("identity", "view")}


def test_set_up_gives_a_key_a_role_of_just_its_scopes(db):
    key = make(None, None)

    assert key.role is not None
    assert access.rights_of(key) == {("identity", "view")}
    assert make(None, None).role == key.role


@pytest.mark.parametrize(
    ("mine", "wanted", "waits"),
    [
        ("all", "all", False),
        ("all", "own", False),
        ("own", "all", True),
        ("", "own", True),
    ],
)
def test_a_key_that_may_more_than_its_maker_waits_for_a_second_person(
    officer, mine, wanted, waits
):
    make_role("mine", {"identity": {"view": mine}} if mine else {})
    maker = make_user("maker", "mine")
    role = make_role("shop", {"identity": {"view": wanted}})

    key = make(maker, role)

    assert (key.role is None) is waits
    assert sees(key) == (None if waits else Scope(wanted))
    assert Approval.objects.exists() is waits


def test_a_key_that_sees_a_number_its_maker_sees_masked_waits(db):
    own = make_role("mine", {"identity": {"view": "all"}})
    FieldRule.objects.create(
        role=own, field="contacts.contactpoint.value:phone", level=Level.MASKED
    )
    role = make_role("shop", {"identity": {"view": "all"}})

    assert make(make_user("maker", "mine"), role).role is None


def test_the_second_person_gives_the_key_its_role_and_nobody_else(
    administrator, officer, client_of
):
    role = make_role("shop", {"identity": {"view": "all"}})
    key = make(administrator, role)
    approval = Approval.objects.get()
    with pytest.raises(DomainError):
        approvals.decide(approval, approve=True, actor=actors.of_user(administrator))
    assert sees(ApiKey.objects.get()) is None
    shown = client_of(officer).get(
        reverse("admin:register_role_proposal", args=[approval.object_id])
    )
    assert "Web shop" in shown.content.decode()

    approvals.decide(approval, approve=True, actor=actors.of_user(officer))

    assert sees(ApiKey.objects.get(pk=key.pk)) == Scope.ALL


def test_two_keys_that_wait_for_one_role_wait_each_for_itself(administrator):
    role = make_role("shop", {"identity": {"view": "all"}})

    make(administrator, role)
    make(administrator, role)

    assert Approval.objects.filter(state="waiting").count() == 2


def test_a_key_works_for_a_year_at_most(administrator):
    soon = timezone.now() + timedelta(days=370)

    with pytest.raises(DomainError):
        make(administrator, None, expires_at=soon)

    assert not ApiKey.objects.exists()
    end = make(administrator, None).expires_at
    assert end is not None
    assert end < soon


@pytest.mark.parametrize("days", [-1, 400])
def test_the_form_asks_for_an_end_a_role_and_an_owner(administrator, client_of, days):
    end = timezone.now() + timedelta(days=days)
    form = {"name": "Shop", "scopes": READ}
    ends = {"expires_at_0": f"{end:%Y-%m-%d}", "expires_at_1": "12:00"}

    for data in (form, form | ends):
        answer = client_of(administrator).post(
            reverse("admin:register_apikey_add"), data
        )
        errors = answer.context["adminform"].form.errors
        assert set(errors) == {"role", "owner", "expires_at"}
    assert not ApiKey.objects.exists()
