"""A refusal is recognised in every spelling, stored as a hash, and never lifted by itself."""

from __future__ import annotations

import uuid

import pytest

from consent import selectors
from consent.models import Prohibition
from consent.services import prohibitions
from consent.services.prohibitions import Refusal
from register import actors
from register.errors import DomainError
from register.identifiers import InvalidIdentifier
from register.models import AuditEntry

pytestmark = pytest.mark.django_db

EMAIL, PHONE = Prohibition.Channel.EMAIL, Prohibition.Channel.PHONE
MARKETING = Prohibition.Purpose.MARKETING
BRUNO = "bruno.makela@esimerkki.example"


def add(address, agent, **values):
    values = {"channel": EMAIL, "purpose": MARKETING, **values}
    return prohibitions.add(
        address,
        method=Prohibition.Method.STAFF,
        actor=actors.of_user(agent),
        **values,
    )


def is_prohibited(address, channel=EMAIL):
    return selectors.is_prohibited(address, channel=channel, purpose=MARKETING)


def test_adding_twice_changes_nothing(agent):
    first = add(BRUNO, agent)
    second = add(" BRUNO.Makela@Esimerkki.EXAMPLE", agent)

    assert second == first
    assert AuditEntry.objects.filter(action="prohibition.added").count() == 1


def test_the_address_itself_is_not_stored(agent):
    prohibition = add(BRUNO, agent)

    stored = "".join(
        str(value) for value in Prohibition.objects.values().get().values()
    )
    assert "bruno" not in stored
    assert len(prohibition.address_hash) == 64
    entry = AuditEntry.objects.get(action="prohibition.added")
    assert entry.details == {"kind": "email.marketing", "reason": "staff"}


@pytest.mark.parametrize(
    "spelling", [BRUNO, "Bruno.Makela@ESIMERKKI.example ", f"Bruno <{BRUNO}>"]
)
def test_every_spelling_of_the_address_is_prohibited(agent, spelling):
    add(BRUNO, agent)

    assert is_prohibited(spelling)


def test_another_channel_purpose_or_address_is_not_prohibited(agent):
    add(BRUNO, agent)

    assert not is_prohibited(BRUNO, PHONE)
    assert not is_prohibited("anna.virtanen@esimerkki.example")
    assert not selectors.is_prohibited(
        BRUNO, channel=EMAIL, purpose=Prohibition.Purpose.CUSTOMER
    )


def test_a_telephone_number_is_recognised_in_any_form(agent):
    add("040 765 4321", agent, channel=PHONE)

    assert is_prohibited("+358 (0)40 7654321", PHONE)


def test_a_new_key_lifts_no_refusal_and_doubles_none(agent, settings):
    settings.ADDRESS_HASH_KEYS = ["old:a key of yesterday"]
    first = add(BRUNO, agent)

    settings.ADDRESS_HASH_KEYS = ["new:a key of today", "old:a key of yesterday"]

    assert is_prohibited(BRUNO)
    assert add(BRUNO, agent) == first
    assert Prohibition.objects.count() == 1
    add("anna.virtanen@esimerkki.example", agent)
    assert set(Prohibition.objects.values_list("hash_key_id", flat=True)) == {
        "old",
        "new",
    }


def test_what_is_no_address_is_refused_and_nothing_is_written(agent):
    with pytest.raises(DomainError) as refused:
        add("not an address", agent)

    assert refused.value.code == "address_unreadable"
    assert not Prohibition.objects.exists()
    with pytest.raises(InvalidIdentifier):
        is_prohibited("not an address")


def test_many_are_added_with_a_fixed_number_of_queries(
    agent, django_assert_max_num_queries
):
    actor = actors.of_user(agent)
    refusals = [Refusal(f"p{n}@x.example", EMAIL, MARKETING) for n in range(300)]

    with django_assert_max_num_queries(6):
        added = prohibitions.add_many(
            [*refusals, *refusals], method=Prohibition.Method.IMPORT, actor=actor
        )

    assert added == 300
    again = prohibitions.add_many(
        refusals, method=Prohibition.Method.IMPORT, actor=actor
    )
    assert again == 0
    assert AuditEntry.objects.filter(action="prohibition.added").count() == 300


def test_a_person_known_later_is_added_to_the_refusal_and_never_replaced(agent):
    someone, other = uuid.uuid4(), uuid.uuid4()
    add(BRUNO, agent)

    add(BRUNO, agent, subject_id=someone)
    add(BRUNO, agent, subject_id=other)

    assert Prohibition.objects.get().subject_id == someone


def test_a_refusal_is_in_force_for_whoever_has_the_address(agent, bruno, anna):
    add(BRUNO, agent)

    assert selectors.in_force_for(bruno).count() == 1
    assert selectors.in_force_for(anna).count() == 0


def test_a_refusal_stands_for_an_address_the_person_gets_later(agent, bruno):
    add(BRUNO, agent, subject_id=bruno.pk)
    bruno.points.filter(kind="email").update(value="bruno@uusi.example")

    assert selectors.in_force_for(bruno).count() == 1


def test_a_refusal_outlives_the_contact(agent, bruno):
    add(BRUNO, agent, subject_id=bruno.pk)

    bruno.delete()

    assert is_prohibited(BRUNO)
