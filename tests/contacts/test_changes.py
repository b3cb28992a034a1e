"""What changed about a person or company: seen, put back, removed."""

from __future__ import annotations

import uuid

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    Duty,
    Interest,
    PostalAddress,
    Topic,
)
from contacts.services import earlier_values, interests, people
from contacts.services.merging import orders
from register import actors
from register.audit import seal, verify
from register.database.visibility import as_the_web
from register.errors import Conflict, DomainError
from register.history import changes
from register.history.acting import acting
from register.history.versions import history_of
from register.models import AuditEntry, FieldRule, Role, RoleRight
from register.services import jobs, protections
from tests.conftest import make_contact

pytestmark = pytest.mark.django_db


def url(owner, name="changes", **kwargs):
    model = owner._meta.model_name
    return reverse(
        f"admin:contacts_{model}_{name}", args=[owner.pk], kwargs=kwargs or None
    )


def undo_url(owner, version, field, name="restore"):
    table = history_of(type(version)).model._meta.model_name
    model = owner._meta.model_name
    return reverse(
        f"admin:contacts_{model}_{name}", args=[owner.pk, table, version.pk, field]
    )


def text_of(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def latest(model):
    return history_of(model).versions.objects.order_by("-id").first()


def step_of(version):
    return changes.step_of(history_of(type(version)), version.pk)


def seen_of(version):
    return earlier_values.fingerprint(earlier_values.current(step_of(version)))


@pytest.fixture
def renamed(anna, agent):
    people.correct(
        anna,
        first_name="Annika",
        language="sv",
        actor=actors.of_user(agent, purpose="customer_service"),
    )
    return latest(Contact)


@pytest.fixture
def gone(anna, agent):
    """The telephone number of Anna, deleted by the agent."""
    with acting(actors.of_user(agent)):
        anna.points.filter(kind="phone").delete()
    return latest(ContactPoint)


# --- the page ------------------------------------------------------------------------


def test_what_one_action_changed_stands_together_in_words(
    anna, agent, officer, client_of
):
    actor = actors.of_user(agent, purpose="customer_support")
    with acting(actor):
        Contact.objects.filter(pk=anna.pk).update(first_name="Annika", language="sv")
        anna.points.filter(kind="phone").delete()

    response = client_of(officer).get(url(anna))

    page, first = text_of(response), response.context["groups"][0]
    assert (first["who"], len(first["parts"])) == ("Agent Staff", 2)
    assert str(first["purpose"]) in page
    assert "Annika" in page
    assert dict(settings.LANGUAGES)["sv"] in page
    assert "+358401234567" in page
    assert "removed" in page


def test_added_parts_are_shown_with_who_added_them(agent, officer, client_of):
    contact, _ = people.find_or_create(
        first_name="Nea",
        emails=["nea@a.example"],
        source="staff",
        actor=actors.of_user(agent),
    )
    point = contact.points.get()
    ContactPoint.objects.filter(pk=point.pk).update(value="nea@b.example")

    response = client_of(officer).get(url(contact))

    added = response.context["groups"][-1]
    assert added["who"] == "Agent Staff"
    lines = [each["line"] for part in added["parts"] for each in part["lines"]]
    assert "nea@a.example" in [line.now for line in lines]
    assert "nea@b.example" not in [line.now for line in lines]


def test_an_interest_is_shown_with_who_recorded_it(anna, agent, officer, client_of):
    topic = Topic.objects.order_by("pk").first()
    interests.give(anna, topic, source="staff", actor=actors.of_user(agent))

    given = client_of(officer).get(url(anna)).context["groups"][0]

    assert given["who"] == "Agent Staff"
    assert str(given["parts"][0]["title"]) == "Interest"


def test_a_merge_stands_among_the_changes_and_says_who_added_the_other(
    anna, company, agent, officer, client_of
):
    actor = actors.of_user(agent)
    other, _ = people.find_or_create(
        first_name="Ansku", emails=["ansku@a.example"], source="staff", actor=actor
    )
    Affiliation.objects.create(
        contact=other, company=company, duties=["invoicing"], source="staff"
    )
    merge, job = orders.order(kept=anna, gone=other, actor=actor)
    jobs.run(job.pk)

    response = client_of(officer).get(url(anna))

    page = text_of(response)
    shown = reverse("admin:contacts_contactmerge_show", args=[merge.pk])
    assert f'href="{shown}"' in page
    assert "Other record" in page
    added = next(
        group
        for group in response.context["groups"]
        if any(
            part["step"].is_added and part["table"] == "contactpoint"
            for part in group["parts"]
        )
    )
    assert added["who"] == "Agent Staff"
    assert str(Duty.objects.get(code="invoicing")) in page
    assert "invoicing" not in page


def test_names_of_colleagues_need_the_right_to_the_audit_trail(
    anna, renamed, seller, client_of
):
    response = client_of(seller).get(url(anna))

    assert "Annika" in text_of(response)
    assert "Agent Staff" not in text_of(response)
    assert response.context["groups"][0]["who"] == "member of staff"


def hide(role, field, level):
    FieldRule.objects.create(role=Role.objects.get(code=role), field=field, level=level)


@pytest.mark.parametrize("level", ["hidden", "masked"])
def test_who_does_not_see_numbers_sees_no_old_number(
    anna, gone, seller, client_of, level
):
    ContactPoint.objects.create(
        contact=anna, kind="phone", value="+358401112223", source="staff"
    )
    ContactPoint.objects.filter(value="+358401112223").update(value="+358409998887")
    hide("sales", "contacts.contactpoint.value:phone", level)

    page = text_of(client_of(seller).get(url(anna)))

    assert not [n for n in ("1234567", "1112223", "9998887") if n in page]
    assert client_of(seller).get(undo_url(anna, gone, "-")).status_code == 404
    assert client_of(seller).get(undo_url(anna, gone, "value")).status_code == 404


def test_who_does_not_see_companies_sees_no_old_role(anna, seller, client_of):
    Affiliation.objects.filter(contact=anna).update(job_title="Zqjohtaja")
    Affiliation.objects.filter(contact=anna).update(job_title="")
    role = Role.objects.get(code="sales")
    RoleRight.objects.filter(role=role, category="company").delete()

    page = text_of(client_of(seller).get(url(anna)))

    assert "Zqjohtaja" not in page
    assert "Esimerkki Oy" not in page


def test_the_history_of_other_peoples_customers_does_not_exist(
    anna, renamed, seller, client_of
):
    RoleRight.objects.filter(role__code="sales", category="identity").update(
        scope="own"
    )

    responses = [
        client_of(seller).get(url(anna)),
        client_of(seller).get(undo_url(anna, renamed, "first_name")),
        client_of(seller).post(undo_url(anna, renamed, "first_name"), {"seen": "x"}),
    ]

    assert [each.status_code for each in responses] == [404, 404, 404]


def test_old_addresses_of_a_protected_person_are_hidden(anna, agent, officer):
    PostalAddress.objects.create(contact=anna, street="Zqkatu 1", source="staff")
    PostalAddress.objects.filter(contact=anna).update(street="Zqpolku 2")
    Affiliation.objects.filter(contact=anna).update(job_title="Zq")
    protections.protect(anna.pk, ground="non_disclosure", actor=actors.of_user(agent))

    with transaction.atomic(), as_the_web():
        found = changes.page_of(Contact, anna.pk, reader=officer).steps

    assert {each.history.model for each in found} <= {Contact, ContactPoint}


def test_pages_go_on_where_the_last_ended_and_lose_nothing(anna, officer):
    for number in range(7):
        Contact.objects.filter(pk=anna.pk).update(last_name=f"Name {number}")

    seen, before = [], None
    while True:
        page = changes.page_of(Contact, anna.pk, reader=officer, before=before, limit=3)
        seen += [s.was.last_name for s in page.steps if s.was is not None]
        before = page.older_before
        if before is None:
            break

    assert seen == [*(f"Name {n}" for n in range(5, -1, -1)), "Virtanen"]


@pytest.mark.parametrize("before", ["", "x", "\0", "9" * 400, "2026-01-01"])
def test_a_broken_link_shows_the_newest(anna, renamed, officer, client_of, before):
    response = client_of(officer).get(url(anna), {"before": before})

    assert "Annika" in text_of(response)


def test_the_page_of_a_company_shows_its_own_changes(
    company, agent, officer, client_of
):
    with acting(actors.of_user(agent)):
        Company.objects.filter(pk=company.pk).update(name="Uusi Oy", status="customer")

    response = client_of(officer).get(url(company))

    assert "Uusi Oy" in text_of(response)
    assert "Esimerkki Oy" in text_of(response)
    assert response.context["groups"][0]["who"] == "Agent Staff"


def test_looking_at_changes_is_on_the_record(anna, seller, client_of):
    client_of(seller).get(url(anna))

    entry = AuditEntry.objects.filter(action="record.viewed", subject_id=anna.pk).get()
    assert entry.actor_id == str(seller.pk)


@pytest.mark.parametrize("who", ["stranger", "auditor"])
def test_without_the_right_to_people_there_is_no_history(
    anna, renamed, who, request, client_of
):
    client = client_of(request.getfixturevalue(who))

    assert client.get(url(anna)).status_code == 403


# --- putting back --------------------------------------------------------------------


def test_a_field_gets_its_old_value_after_a_preview(anna, renamed, seller, client_of):
    client, address = client_of(seller), undo_url(anna, renamed, "first_name")

    preview = client.get(address)
    client.post(address, {"seen": preview.context["seen"]})

    anna.refresh_from_db()
    assert "Annika" in text_of(preview)
    assert (anna.first_name, anna.language) == ("Anna", "sv")
    entry = AuditEntry.objects.get(action="record.restored")
    assert (entry.subject_id, entry.details) == (anna.pk, {"fields": ["first_name"]})
    assert latest(Contact).first_name == "Annika"
    assert latest(Contact).actor_id == str(seller.pk)


def test_a_deleted_number_comes_back_under_its_old_key(anna, gone, seller, client_of):
    client, address = client_of(seller), undo_url(anna, gone, "-")

    client.post(address, {"seen": client.get(address).context["seen"]})

    point = anna.points.get(kind="phone")
    assert (point.pk, point.value, point.is_primary) == (
        gone.row_id,
        "+358401234567",
        True,
    )


def test_what_comes_back_takes_no_others_place(anna, gone, seller):
    ContactPoint.objects.create(
        contact=anna, kind="phone", value="+358401", is_primary=True, source="staff"
    )

    earlier_values.bring_back(
        step_of(gone), seen=seen_of(gone), actor=actors.of_user(seller)
    )

    assert not anna.points.get(value="+358401234567").is_primary


def test_an_interest_that_comes_back_takes_the_place_of_what_was_concluded(
    anna, agent, seller
):
    topic = Topic.objects.earliest("pk")
    actor = actors.of_user(agent)
    interests.give(anna, topic, actor=actor)
    interests.remove(anna, topic, actor=actor)
    interests.conclude(anna, topic, concluded_from="brochures", actor=actor)
    gone = latest(Interest)

    earlier_values.bring_back(
        step_of(gone), seen=seen_of(gone), actor=actors.of_user(seller)
    )

    assert anna.interests.get().topic == topic
    assert not anna.inferred_interests.exists()


def test_an_address_put_back_is_as_dead_as_it_was_last_known(anna, agent, seller):
    """Also when an older version is put back, of before the mail came back."""
    point = anna.points.get(kind="email")
    dead = timezone.now()
    with acting(actors.of_user(agent)):
        anna.points.filter(pk=point.pk).update(label="work")
        anna.points.filter(pk=point.pk).update(undeliverable_since=dead)
        anna.points.filter(pk=point.pk).update(
            value="uusi@esimerkki.example", undeliverable_since=None
        )
    first = history_of(ContactPoint).versions.objects.earliest("id")
    assert first.undeliverable_since is None

    earlier_values.put_back(
        step_of(first), "value", seen=seen_of(first), actor=actors.of_user(seller)
    )

    point.refresh_from_db()
    assert (point.value, point.undeliverable_since) == (first.value, dead)


def test_coming_back_twice_is_a_conflict(anna, gone, seller):
    actor, seen = actors.of_user(seller), seen_of(gone)
    earlier_values.bring_back(step_of(gone), seen=seen, actor=actor)

    with pytest.raises(Conflict):
        earlier_values.bring_back(step_of(gone), seen=seen, actor=actor)

    assert anna.points.filter(kind="phone").count() == 1


def test_a_change_in_between_is_noticed(anna, renamed, seller):
    seen = seen_of(renamed)
    Contact.objects.filter(pk=anna.pk).update(last_name="Toinen")

    with pytest.raises(Conflict):
        earlier_values.put_back(
            step_of(renamed), "first_name", seen=seen, actor=actors.of_user(seller)
        )

    anna.refresh_from_db()
    assert (anna.first_name, anna.last_name) == ("Annika", "Toinen")


def test_an_old_value_that_somebody_else_has_now_is_refused(company, seller):
    Company.objects.filter(pk=company.pk).update(business_id="")
    version = latest(Company)
    Company.objects.create(name="Muu Oy", business_id="2327327-1", source="staff")

    with pytest.raises(Conflict, match="exists already"):
        earlier_values.put_back(
            step_of(version),
            "business_id",
            seen=seen_of(version),
            actor=actors.of_user(seller),
        )

    company.refresh_from_db()
    assert company.business_id == ""


def test_an_address_that_another_person_has_now_is_told(
    anna, bruno, gone, seller, client_of
):
    bruno.points.filter(kind="phone").update(value="+358401234567")

    page = text_of(client_of(seller).get(undo_url(anna, gone, "-")))

    assert "1 other person has this address" in page


@pytest.mark.parametrize("field", ["source", "responsible", "nonsense", "\0", "id"])
def test_other_fields_are_not_put_back(anna, renamed, seller, client_of, field):
    client = client_of(seller)

    assert client.post(undo_url(anna, renamed, field)).status_code == 404


def test_a_change_of_somebody_else_is_not_found(
    anna, bruno, renamed, seller, client_of
):
    client = client_of(seller)

    assert client.get(undo_url(bruno, renamed, "first_name")).status_code == 404
    assert client.get(undo_url(anna, renamed, "first_name")).status_code == 200
    huge = url(anna) + f"contact/{10**30}/first_name/restore/"
    assert client.get(huge).status_code == 404
    assert client.get(url(anna) + "user/1/email/restore/").status_code == 404
    missing = reverse("admin:contacts_contact_changes", args=[uuid.uuid4()])
    assert client.get(missing).status_code == 404


def test_a_killed_transaction_leaves_neither_change_nor_version(anna, agent):
    def fail():
        with transaction.atomic():
            people.correct(anna, first_name="Annika", actor=actors.of_user(agent))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    anna.refresh_from_db()
    assert anna.first_name == "Anna"
    assert not history_of(Contact).versions.objects.exists()


def test_rows_that_were_copied_in_have_versions_when_they_change(anna):
    row = (anna.pk, "email", "zq@a.example", "", "import", timezone.now())
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY contacts_contactpoint (contact_id, kind, value, label, source, created_at) FROM STDIN"
        ) as copy,
    ):
        copy.write_row(row)
    ContactPoint.objects.filter(value="zq@a.example").update(label="work")

    assert latest(ContactPoint).value == "zq@a.example"


# --- removing ------------------------------------------------------------------------


def test_a_wrong_old_value_goes_from_every_version(anna, officer, client_of):
    Contact.objects.filter(pk=anna.pk).update(first_name="Zqvirhe")
    Contact.objects.filter(pk=anna.pk).update(language="sv")
    Contact.objects.filter(pk=anna.pk).update(first_name="Anna")
    version, client = latest(Contact), client_of(officer)

    asked = client.get(undo_url(anna, version, "first_name", "remove_earlier"))
    client.post(undo_url(anna, version, "first_name", "remove_earlier"))

    assert "Zqvirhe" in text_of(asked)
    versions = history_of(Contact).versions.objects.order_by("id")
    assert [v.first_name for v in versions] == ["Anna", None, None]
    page = text_of(client.get(url(anna)))
    assert "Zqvirhe" not in page
    assert "removed for good" in page
    entry = AuditEntry.objects.get(action="history.removed")
    assert (entry.subject_id, entry.details["count"]) == (anna.pk, 2)


def test_only_those_who_decide_about_requests_remove(anna, renamed, seller, client_of):
    address = undo_url(anna, renamed, "first_name", "remove_earlier")

    response = client_of(seller).post(address)

    renamed.refresh_from_db()
    assert (response.status_code, renamed.first_name) == (404, "Anna")


def test_what_the_record_still_holds_is_corrected_first(anna, renamed, officer):
    Contact.objects.filter(pk=anna.pk).update(first_name="Anna")

    with pytest.raises(DomainError, match="correct it first"):
        earlier_values.remove(
            step_of(renamed), "first_name", actor=actors.of_user(officer)
        )


def test_a_removed_value_is_not_put_back(anna, renamed, officer, client_of):
    earlier_values.remove(step_of(renamed), "first_name", actor=actors.of_user(officer))

    response = client_of(officer).get(undo_url(anna, renamed, "first_name"))

    assert response.status_code == 404


def test_the_chain_of_entries_stands_after_removing(anna, renamed, officer):
    seal()
    earlier_values.remove(step_of(renamed), "first_name", actor=actors.of_user(officer))
    seal()

    assert not list(verify())


def test_field_rules_are_about_records_and_not_about_their_versions(anna):
    from register import access

    assert not [code for code in access.all_fields() if "version" in code]
    assert make_contact(first_name="X").pk
