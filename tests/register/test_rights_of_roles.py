"""Whoever widens a role is found in the trail, with what was given."""

from __future__ import annotations

import pytest
from django.urls import reverse

from register.models import AuditEntry, Role

pytestmark = pytest.mark.django_db


def test_each_right_that_a_role_gains_or_loses_is_recorded(administrator, client_of):
    role = Role.objects.get(code="sales")
    rights = list(role.rights.order_by("pk"))
    lost = rights[0]
    count = len(rights)
    data = {
        "name": role.name,
        "code": role.code,
        "default_purpose": role.default_purpose,
        "rights-TOTAL_FORMS": count + 1,
        "rights-INITIAL_FORMS": count,
        f"rights-{count}-role": role.pk,
        f"rights-{count}-category": "chats",
        f"rights-{count}-action": "view",
    }
    for number, right in enumerate(rights):
        data |= {
            f"rights-{number}-id": right.pk,
            f"rights-{number}-role": role.pk,
            f"rights-{number}-category": right.category,
            f"rights-{number}-action": right.action,
        }
    data["rights-0-action"] = "export"

    page = client_of(administrator).post(
        reverse("admin:register_role_change", args=[role.pk]), data
    )

    assert page.status_code == 302
    recorded = AuditEntry.objects.filter(action__startswith="role.")
    assert {(each.action, each.details["kind"]) for each in recorded} == {
        ("role.right_given", "chats.view"),
        ("role.right_given", f"{lost.category}.export"),
        ("role.right_taken", f"{lost.category}.{lost.action}"),
    }
    assert {each.details["role"] for each in recorded} == {"sales"}
    assert {each.actor_id for each in recorded} == {str(administrator.pk)}
