"""What stood in a row before it was changed or deleted, and who did it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from contacts.models import Affiliation, Company, Contact, ContactPoint, PostalAddress
from contacts.services import people
from register import actors
from register.database.visibility import as_the_web
from register.history import reading
from register.history.acting import acting
from register.history.versions import histories, history_of
from tests.conftest import make_contact

pytestmark = pytest.mark.django_db


def versions_of(row):
    return history_of(type(row)).versions.objects.filter(row_id=row.pk).order_by("id")


def test_a_change_keeps_what_stood_there_with_actor_and_purpose(anna, agent):
    actor = actors.of_user(agent, purpose="customer_service")

    people.correct(anna, first_name="Annika", actor=actor)

    (version,) = versions_of(anna)
    assert (version.change, version.first_name) == ("changed", "Anna")
    assert version.operation == actor.request_id
    assert (version.actor_kind, version.actor_id) == ("staff", str(agent.pk))
    assert version.purpose == "customer_service"


def test_what_is_added_or_written_as_it_was_has_no_version(anna):
    anna.save()
    Contact.objects.filter(pk=anna.pk).update(first_name="Anna")

    assert not versions_of(anna).exists()


def test_bulk_updates_raw_sql_and_deletion_are_recorded(anna, bruno):
    Contact.objects.update(language="sv")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE contacts_contact SET last_name = 'X' WHERE id = %s", [anna.pk]
        )
    point = anna.points.get(kind="email")
    key = point.pk
    point.delete()

    assert [v.language for v in versions_of(anna)] == ["", "sv"]
    assert [v.last_name for v in versions_of(bruno)] == ["Mäkelä"]
    (gone,) = history_of(ContactPoint).versions.objects.filter(row_id=key)
    assert (gone.change, gone.value) == ("deleted", "anna.virtanen@esimerkki.example")
    assert gone.of_contact_id == anna.pk


def test_changes_without_an_actor_share_the_number_of_their_transaction(anna, bruno):
    Contact.objects.update(language="sv")

    (one,), (other,) = versions_of(anna), versions_of(bruno)
    assert one.operation == other.operation
    assert (one.actor_kind, one.purpose) == ("", "")


def _fail_while_acting(actor, contact):
    with transaction.atomic(), acting(actor):
        Contact.objects.filter(pk=contact.pk).update(language="fi")
        raise RuntimeError


def test_an_actor_acts_only_as_long_as_he_does(anna, agent):
    actor = actors.of_user(agent)
    with acting(actor):
        Contact.objects.filter(pk=anna.pk).update(language="sv")
    with pytest.raises(RuntimeError):
        _fail_while_acting(actor, anna)
    Contact.objects.filter(pk=anna.pk).update(language="en")

    assert [v.actor_id for v in versions_of(anna)] == [str(agent.pk), ""]


def _run_as_the_web(statement):
    with transaction.atomic(), as_the_web(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('seloste.history', 'removing', true)")
        cursor.execute(statement)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE contacts_contactversion SET first_name = ''",
        "DELETE FROM contacts_contactversion",
        "TRUNCATE contacts_contactversion",
        "INSERT INTO contacts_contactversion (changed_at, change, operation, actor_kind, actor_id, purpose, row_id, forgotten)"
        " SELECT now(), 'changed', gen_random_uuid(), '', '', '', gen_random_uuid(), '{}'",
    ],
)
def test_the_role_of_the_web_cannot_touch_versions(anna, attack):
    Contact.objects.update(language="sv")

    with pytest.raises(ProgrammingError):
        _run_as_the_web(attack)

    assert versions_of(anna).get().first_name == "Anna"


def test_the_role_of_the_web_cannot_switch_the_recording_off(anna):
    with as_the_web(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('seloste.history', 'removing', true)")
        cursor.execute("UPDATE contacts_contact SET language = 'sv'")

    assert versions_of(anna).count() == 1


def test_the_owner_deletes_versions_only_to_remove_for_good(anna):
    Contact.objects.update(language="sv")

    with pytest.raises(IntegrityError), transaction.atomic():
        versions_of(anna)._raw_delete("default")

    assert versions_of(anna).count() == 1


def test_an_operation_answers_with_all_its_rows_newest_first(anna, bruno, agent):
    actor = actors.of_user(agent)
    with acting(actor):
        Contact.objects.filter(pk=anna.pk).update(language="sv")
        anna.points.filter(kind="phone").delete()
    Contact.objects.filter(pk=bruno.pk).update(language="sv")

    found = reading.of_operation(actor.request_id)

    assert {(each.model, each.change) for each in found} == {
        (Contact, "changed"),
        (ContactPoint, "deleted"),
    }
    phone = next(each for each in found if each.model is ContactPoint)
    assert phone.values["value"] == "+358401234567"
    assert phone.values["contact"] == anna.pk


def test_the_due_instant_is_two_years_after_the_change(anna):
    Contact.objects.update(language="sv")

    (version,) = versions_of(anna)
    assert version.ends_at.year == version.changed_at.year + 2


def test_versions_follow_a_merge_and_come_back(anna, bruno):
    ContactPoint.objects.filter(contact=anna).update(label="old")
    ContactPoint.objects.filter(contact=bruno).update(label="old")
    Contact.objects.filter(pk=anna.pk).update(language="sv")
    model = history_of(ContactPoint).versions

    with as_the_web():
        reading.follow(Contact, was=anna.pk, now=bruno.pk)
    assert model.objects.filter(of_contact_id=bruno.pk).count() == 4
    assert model.objects.filter(contact=anna.pk).count() == 2
    assert versions_of(anna).get().of_self_id == bruno.pk

    reading.come_back(Contact, to=anna.pk, of=bruno.pk)
    assert model.objects.filter(of_contact_id=anna.pk).count() == 2
    assert versions_of(anna).get().of_self_id == anna.pk


def test_one_old_value_is_emptied_and_said_to_be(anna):
    Contact.objects.filter(pk=anna.pk).update(first_name="Annika", last_name="X")
    (version,) = versions_of(anna)

    with as_the_web():
        assert reading.forget(version, ["first_name"])

    version.refresh_from_db()
    assert (version.first_name, version.last_name) == (None, "Virtanen")
    assert version.forgotten == ["first_name"]
    with pytest.raises(ValueError, match="operation"):
        reading.forget(version, ["operation"])


_FIELDS = ("first_name", "last_name", "source_detail", "language")
_EDITS = st.lists(
    st.tuples(st.sampled_from(_FIELDS), st.sampled_from(["", "fi", "sv", "Ä'|", "é"])),
    max_size=8,
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(edits=_EDITS)
def test_the_history_replays_every_past_state(db, edits):
    contact = make_contact(first_name="A", last_name="B")

    def now():
        return tuple(Contact.objects.values_list(*_FIELDS).get(pk=contact.pk))

    states = [now()]
    for name, value in edits:
        Contact.objects.filter(pk=contact.pk).update(**{name: value})
        if now() != states[-1]:
            states.append(now())

    replayed = [*versions_of(contact).values_list(*_FIELDS), now()]
    assert replayed == states


def test_an_old_address_of_a_protected_person_is_hidden_from_the_web(anna, officer):
    from register.models import AddressProtection

    address = PostalAddress.objects.create(
        contact=anna, street="Salatie 1", source="staff"
    )
    PostalAddress.objects.filter(pk=address.pk).update(street="Uusitie 2")
    AddressProtection.objects.create(
        subject_id=anna.pk, ground="own_request", set_by=officer
    )

    with as_the_web():
        assert not history_of(PostalAddress).versions.objects.exists()
    assert history_of(PostalAddress).versions.objects.count() == 1


def test_every_history_is_in_the_data_map_as_its_model_is():
    from register.datamap.graph import graph

    for history in histories():
        parent, own = graph().of(history.model).map, graph().of(history.versions).map
        assert own.category == parent.category
        assert {s.role for s in own.subjects} == {s.role for s in parent.subjects}
        for name in history.fields:
            assert own.fields[name] == parent.fields[name]
            assert not getattr(own.fields[name], "mentions_others", False)
    assert {Contact, ContactPoint, PostalAddress, Affiliation, Company} <= {
        history.model for history in histories()
    }
