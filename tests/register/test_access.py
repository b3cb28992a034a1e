from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from register import access
from register.datamap.vocabulary import Action, Category
from register.models import Role, RoleRight

pytestmark = pytest.mark.django_db

VIEW = Action.VIEW


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("officer", set(Category) - {Category.SYSTEM}),
        (
            "agent",
            {
                Category.IDENTITY,
                Category.COMPANY,
                Category.CLASSIFICATION,
                Category.PROHIBITIONS,
                Category.COMMUNICATION,
                Category.CHATS,
                Category.RECORDINGS,
                Category.NOTES,
                Category.MESSAGES,
                Category.INFORMATION,
                Category.JOBS,
            },
        ),
        (
            "seller",
            {
                Category.IDENTITY,
                Category.COMPANY,
                Category.CLASSIFICATION,
                Category.PROFILE,
                Category.PROHIBITIONS,
                Category.COMMUNICATION,
                Category.NOTES,
                Category.MESSAGES,
                Category.INFORMATION,
                Category.JOBS,
            },
        ),
        (
            "marketer",
            {
                Category.IDENTITY,
                Category.COMPANY,
                Category.CLASSIFICATION,
                Category.PROFILE,
                Category.PROHIBITIONS,
                Category.IMPORTS,
                Category.NOTES,
                Category.INFORMATION,
                Category.JOBS,
            },
        ),
        (
            "auditor",
            {
                Category.AUDIT,
                Category.LOOKUPS,
                Category.RETENTION,
                Category.REQUESTS,
                Category.DATA_MAP,
                Category.STAFF,
                Category.API_KEYS,
                Category.EXPORTS,
                Category.JOBS,
            },
        ),
        (
            "administrator",
            {
                Category.STAFF,
                Category.API_KEYS,
                Category.JOBS,
                Category.AUDIT,
                Category.DATA_MAP,
            },
        ),
        ("stranger", set()),
    ],
)
def test_a_role_sees_its_categories_and_no_other(role, sees, request):
    user = request.getfixturevalue(role)

    assert {c for c in Category if access.may(user, VIEW, c)} == sees


def test_nobody_may_anything_without_an_account():
    assert not any(
        access.may(AnonymousUser(), action, category)
        for action in Action
        for category in Category
    )


def test_an_inactive_account_may_nothing(officer):
    officer.is_active = False

    assert not access.may(officer, VIEW, Category.IDENTITY)


def test_seeing_does_not_include_changing():
    role = Role.objects.create(
        code="reader", name="R", default_purpose="accountability"
    )
    RoleRight.objects.create(role=role, category=Category.IDENTITY, action=VIEW)
    from tests.conftest import make_user

    reader = make_user("reader", "reader")

    assert access.may(reader, VIEW, Category.IDENTITY)
    assert not access.may(reader, Action.CHANGE, Category.IDENTITY)
    assert not reader.has_perm("contacts.change_contact")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("communications.view_chatline", False),
        ("communications.view_recording", False),
        ("contacts.view_contact", True),
        ("contacts.delete_contact", False),
        ("contacts.erase_contact", False),
        ("nowhere.view_contact", False),
        ("contacts.view_nothing", False),
        ("contacts", False),
        ("", False),
    ],
)
def test_djangos_questions_get_the_answer_of_the_roles(marketer, question, answer):
    assert marketer.has_perm(question) is answer


def test_a_menu_shows_only_apps_with_something_to_see(marketer, stranger):
    assert marketer.has_module_perms("contacts")
    assert not marketer.has_module_perms("retention")
    assert not stranger.has_module_perms("contacts")
