from __future__ import annotations

import pytest
from django.utils.translation import override

from contacts.models import Contact
from dsar.models import RequestPerson
from register.models import AuditEntry
from register.screens.rows import field_name


@pytest.mark.parametrize(
    ("model", "name", "called"),
    [
        (Contact, "first_name", "first name"),
        (RequestPerson, "request", "request"),
        (AuditEntry, "details.fields", "details"),
        (Contact, "contactpoint.value", "e-mail or telephone: address or number"),
        (Contact, "a_field_that_went", "a_field_that_went"),
        (Contact, "a_table.that_went", "a_table.that_went"),
    ],
)
def test_a_field_is_called_what_people_call_it(model, name, called):
    with override("en"):
        assert field_name(model, name) == called
