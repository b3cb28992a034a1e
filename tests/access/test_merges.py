"""Merging shows, writes and undoes no more than the rights of who does it reach."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.models import Contact, ContactMerge, ContactPair, Merge
from contacts.screens.merging import two_url
from contacts.services import earlier_values
from contacts.services.merging import fields, orders
from register import actors
from register.datamap.vocabulary import Level
from register.models import FieldRule, Job, Role
from register.services import jobs
from tests.conftest import make_contact, make_user

pytestmark = pytest.mark.django_db
PHONE = "contacts.contactpoint.value:phone"


@pytest.fixture
def pair(seller: Any) -> tuple[Contact, Contact]:
    anna = make_contact(last_name="Anna", language="fi", responsible=seller)
    twin = make_contact(last_name="Twin", language="sv", responsible=seller)
    first, second = sorted((anna, twin), key=lambda each: each.pk)
    ContactPair.objects.create(
        first=first, second=second, points=60, features=["phone", "same_name"]
    )
    return anna, twin


def rule(field: str, level: Level) -> None:
    sales = Role.objects.get(code="sales")
    FieldRule.objects.create(role=sales, field=field, level=level)


def ordered(kept: Any, gone: Any, user: Any) -> ContactMerge:
    merge, _job = orders.order(kept=kept, gone=gone, actor=actors.of_user(user))
    assert isinstance(merge, ContactMerge)
    return merge


def work_off() -> None:
    jobs.run(Job.objects.latest("created_at").pk)


def test_records_chosen_by_hand_do_not_tell_what_masks_hide(pair, seller, client_of):
    address = two_url(Contact, *(each.pk for each in pair))
    assert "same telephone" in client_of(seller).get(address).content.decode().lower()
    rule(PHONE, Level.MASKED)

    page = client_of(seller).get(address).content.decode()

    assert "telephone" not in page.split("Added")[0].lower()


@pytest.mark.parametrize("level", [Level.HIDDEN, Level.MASKED, Level.READ_ONLY])
def test_a_field_that_is_not_written_is_not_chosen_in_a_merge(
    pair, seller, client_of, level
):
    kept, gone = pair
    rule("contacts.contact.language", level)
    client, address = client_of(seller), two_url(Contact, kept.pk, gone.pk)

    page = client.get(address).content.decode()
    answer = client.post(
        address, {"kept": kept.pk, "sure": "1", "field-language": gone.pk}
    )

    assert "field-last_name" in page
    assert "field-language" not in page
    assert answer.status_code == 403
    assert not ContactMerge.objects.exists()
    assert not Job.objects.exists()


@pytest.mark.parametrize("lowered", ["right", "reach"])
def test_a_merge_is_not_carried_out_once_its_right_is_gone(pair, seller, lowered):
    merge = ordered(*pair, seller)
    lower(pair, lowered)

    work_off()

    merge.refresh_from_db()
    assert (merge.state, merge.refusal) == (Merge.State.REFUSED, "no_right")
    assert Contact.objects.count() == 2
    assert orders.why_not(merge)


@pytest.mark.parametrize("lowered", ["right", "reach"])
def test_a_merge_is_not_undone_once_the_right_to_is_gone(pair, seller, lowered):
    merge = ordered(*pair, seller)
    work_off()
    merge.refresh_from_db()
    orders.order_undo(merge, actor=actors.of_user(seller))
    lower(pair, lowered)

    work_off()

    merge.refresh_from_db()
    assert (merge.state, merge.refusal) == (Merge.State.DONE, "no_right")
    assert Contact.objects.count() == 1


def lower(pair: tuple[Contact, Contact], what: str) -> None:
    rights = Role.objects.get(code="sales").rights
    if what == "right":
        rights.filter(category="company", action="change").delete()
    else:
        rights.filter(category="identity").update(scope="own")
        Contact.objects.filter(pk=pair[0].pk).update(responsible=make_user("other"))


def test_what_a_page_remembers_of_a_record_is_not_found_by_trying(pair, settings):
    seen = [fields.fingerprint(pair), earlier_values.fingerprint(pair[0])]

    settings.SECRET_KEY = "another key, as whoever tries has"

    tried = [fields.fingerprint(pair), earlier_values.fingerprint(pair[0])]
    assert seen[0] != tried[0]
    assert seen[1] != tried[1]
