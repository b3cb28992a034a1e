from __future__ import annotations

import pytest

from contacts.models import Contact, ContactPoint
from register.models import RoleRight
from tests.conftest import make_contact, make_user
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, imported, person, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(db):
    """Somebody who may change his own people only."""
    user = make_user("seller", "sales")
    RoleRight.objects.filter(role__code="sales", category="identity").update(
        scope="own"
    )
    return user


def of_address(email, phone):
    return {"Email": email, "Phone Number": phone}


def test_an_import_changes_nobody_beyond_the_reach_of_who_ordered_it(seller):
    mine = make_contact(last_name="Mine", email="mine@x.example", responsible=seller)
    make_contact(last_name="Others", email="others@x.example")
    content = hubspot(
        of_address("mine@x.example", "040 7654321"),
        of_address("others@x.example", "040 7654322"),
        person(1),
    )

    batch, counts = imported(content, user=seller)

    assert counts == {"new": 1, "outside": 1, "updated": 1, "refusals": 0}
    assert mine.points.filter(value="+358407654321").exists()
    assert not ContactPoint.objects.filter(value="+358407654322").exists()
    assert Contact.objects.count() == 3
    row = batch.rows.get(outcome="outside")
    assert row.errors == ["not_taken"]


def test_reach_is_that_of_the_moment_the_import_runs(seller):
    contact = make_contact(last_name="Mine", email="mine@x.example", responsible=seller)
    content = hubspot(of_address("mine@x.example", "040 7654321"))
    batch = upload(content, user=seller)
    import_files.try_out(batch, user=seller)
    Contact.objects.update(responsible=None)

    counts = import_files.run(batch, user=seller)

    assert counts == {"outside": 1, "refusals": 0}
    assert contact.points.count() == 1


def test_whoever_reaches_everybody_updates_everybody(marketer):
    make_contact(last_name="Others", email="others@x.example")
    content = hubspot(of_address("others@x.example", "040 7654322"))

    _batch, counts = imported(content, user=marketer)

    assert counts == {"updated": 1, "refusals": 0}
