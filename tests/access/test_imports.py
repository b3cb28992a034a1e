from __future__ import annotations

import pytest

from contacts.models import Contact, ContactPoint, ImportBatch
from contacts.services.imports import batches, rights, undo
from register import actors
from register.datamap.vocabulary import Level
from register.errors import DomainError
from register.models import FieldRule, Job, Role, RoleRight
from register.services import jobs
from tests.conftest import make_contact, make_user
from tests.contacts import import_files
from tests.contacts.import_files import as_csv, hubspot, imported, person, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(db):
    """Somebody who imports, and may change his own people only."""
    user = make_user("seller", "sales")
    sales = Role.objects.get(code="sales")
    for category in rights.CATEGORIES:
        RoleRight.objects.create(role=sales, category=category, action="import")
    sales.rights.filter(category="identity").update(scope="own")
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


def test_no_file_tells_whose_a_number_is_that_its_sender_sees_masked(seller):
    make_contact(last_name="Virtanen", phone="+358401234567")
    FieldRule.objects.create(
        role=Role.objects.get(code="sales"),
        field="contacts.contactpoint.value:phone",
        level=Level.MASKED,
    )
    numbers = as_csv(["Email", "Phone"], [["", f"04012345{n}"] for n in range(60, 70)])
    batch = upload(numbers, user=seller)

    with pytest.raises(DomainError) as refused:
        batches.try_out(batch, targets=["email", "phone"], actor=actors.of_user(seller))

    assert refused.value.code == "column_not_allowed"
    assert not Job.objects.exists()
    assert not batch.rows.exists()


@pytest.mark.parametrize("lost", ["right", "field"])
def test_an_import_stops_where_its_right_is_taken_away_before_it_runs(seller, lost):
    batch = upload(hubspot(person(1)), user=seller)
    import_files.try_out(batch, user=seller)
    batches.start(batch, actor=actors.of_user(seller))
    sales = Role.objects.get(code="sales")
    if lost == "right":
        sales.rights.filter(category="identity", action="import").delete()
    else:
        FieldRule.objects.create(
            role=sales,
            field="contacts.contactpoint.value:email",
            level=Level.READ_ONLY,
        )

    job = batches.job_of(batch)
    assert job is not None
    done = jobs.run(job.pk)

    assert done is not None
    assert (done.state, done.error_code) == (Job.State.FAILED, "PermissionDenied")
    assert not Contact.objects.exists()


def test_nobody_undoes_an_import_of_people_who_are_others_by_now(seller):
    batch, _counts = imported(hubspot(person(1), person(2)), user=seller)
    handed_over = Contact.objects.first()
    assert handed_over is not None
    Contact.objects.filter(pk=handed_over.pk).update(responsible=make_user("other"))

    with pytest.raises(DomainError) as refused:
        undo.order(batch, actor=actors.of_user(seller))

    assert refused.value.code == "beyond_reach"
    assert Contact.objects.count() == 2
    assert ImportBatch.objects.get().state == ImportBatch.State.DONE
    # Nor does one that was ordered before.
    Contact.objects.update(responsible=seller)
    job = undo.order(batch, actor=actors.of_user(seller))
    Contact.objects.filter(pk=handed_over.pk).update(responsible=make_user("another"))
    done = jobs.run(job.pk)
    assert done is not None
    assert done.state == Job.State.FAILED
    assert Contact.objects.count() == 2


def test_a_file_of_another_is_not_opened_for_the_one_person_in_it_who_is_mine(
    seller, marketer, client_of
):
    make_contact(last_name="Mine", email="mine@x.example", responsible=seller)
    batch = upload(hubspot(of_address("mine@x.example", ""), person(1)), user=marketer)
    import_files.try_out(batch, user=marketer)
    sales = Role.objects.get(code="sales")
    RoleRight.objects.update_or_create(
        role=sales, category="imports", action="view", defaults={"scope": "own"}
    )
    address = f"/admin/contacts/importbatch/{batch.pk}/change/"
    browser = client_of(seller)

    pages = [browser.get(address), browser.get(f"{address}?columns=1")]
    listed = browser.get("/admin/contacts/importbatch/")

    assert [page.status_code for page in pages] == [404, 404]
    assert listed.context_data["cl"].result_count == 0
    sales.rights.filter(category="imports", action="view").update(scope="all")
    assert browser.get(address).status_code == 200
    assert (
        browser.get("/admin/contacts/importbatch/").context_data["cl"].result_count == 1
    )
