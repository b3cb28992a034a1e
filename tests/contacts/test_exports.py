"""Exports: who may order them, what is in them, and what stays known."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import timedelta

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from consent.models import Prohibition
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    Export,
    ExportDownload,
    ExportFile,
    ExportPerson,
    PostalAddress,
)
from contacts.services import search_words
from contacts.services.exports import endings, making, ordering
from register import actors
from register.datamap.vocabulary import Level
from register.errors import DomainError
from register.models import (
    AddressProtection,
    Approval,
    AuditEntry,
    FieldRule,
    Job,
    Role,
    RoleAssignment,
    RoleRight,
)
from register.services import approvals, jobs
from tests.conftest import make_contact

ORDER = reverse("admin:contacts_contact_export")
LISTED = reverse("admin:contacts_export_changelist")
COLUMNS = ["first_name", "last_name", "email", "phone"]


def ordered(people, user, **kwargs):
    asked = {
        "purpose": "customer_relationship",
        "reason": "Summer letter",
        "columns": COLUMNS,
        "file_format": "csv",
        **kwargs,
    }
    return ordering.order(people, actor=actors.of_user(user), **asked)


def made(export):
    job = Job.objects.get(kind=ordering.KIND, object_id=str(export.pk))
    jobs.run(job.pk)
    export.refresh_from_db()
    return export


def rows_of(export):
    with ExportFile.objects.get(export=export).file.open("rb") as file:
        text = file.read().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


pytestmark = pytest.mark.django_db


def test_a_file_and_its_manifest(anna, bruno, marketer):
    export = made(ordered(Contact.objects.all(), marketer))

    heading, *rows = rows_of(export)
    assert heading[:4] == ["First name", "Last name", "E-mail", "Telephone"]
    assert sorted(row[0] for row in rows) == ["Anna", "Bruno"]
    assert export.state == "ready"
    assert (export.row_count, export.chosen_count) == (2, 2)
    assert len(export.sha256) == 64
    entry = AuditEntry.objects.get(action="export.made")
    assert entry.details["count"] == 2
    assert entry.actor_id == str(marketer.pk)
    assert set(ExportPerson.objects.values_list("contact", flat=True)) == {
        anna.pk,
        bruno.pk,
    }


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_nothing_in_a_file_runs_in_a_spreadsheet(start, marketer, db):
    make_contact(first_name=f"{start}cmd|' /C calc'!A0", last_name='x;"y')

    (_, row) = rows_of(made(ordered(Contact.objects.all(), marketer)))

    assert row[0].startswith("'")
    assert row[1] == 'x;"y'


def test_a_workbook_holds_text_alone(marketer, db):
    make_contact(first_name="=1+1", last_name="\x0bOdd", phone="+358401234567")
    export = made(ordered(Contact.objects.all(), marketer, file_format="xlsx"))

    with ExportFile.objects.get(export=export).file.open("rb") as file:
        sheet = openpyxl.load_workbook(io.BytesIO(file.read())).active
    assert [cell.value for cell in sheet[2]][:2] == ["=1+1", "Odd"]
    assert {cell.data_type for cell in sheet[2]} <= {"s", "n", "inlineStr"}


@pytest.mark.parametrize("name", ["agent", "seller", "auditor", "stranger"])
def test_without_the_right_nothing_is_exported(anna, request, client_of, name):
    user = request.getfixturevalue(name)
    client = client_of(user)

    assert client.get(ORDER).status_code == 403
    assert client.post(ORDER, {"purpose": "x"}).status_code == 403
    with pytest.raises(PermissionDenied):
        ordered(Contact.objects.all(), user)
    assert not Export.objects.exists()


def test_who_lost_the_right_meanwhile_gets_no_file(anna, marketer):
    export = ordered(Contact.objects.all(), marketer)
    RoleAssignment.objects.filter(user=marketer).delete()

    made(export)

    assert (export.state, export.stop_reason) == ("stopped", "no_right")
    assert not ExportFile.objects.exists()
    assert not ExportPerson.objects.exists()


def test_the_right_is_asked_for_again_with_every_batch(
    anna, bruno, marketer, monkeypatch
):
    monkeypatch.setattr(making, "BATCH", 1)
    export = ordered(Contact.objects.all(), marketer)
    read = making._rows

    def rows(*args):
        RoleAssignment.objects.filter(user=marketer).delete()
        return read(*args)

    monkeypatch.setattr(making, "_rows", rows)
    made(export)

    assert export.stop_reason == "no_right"
    assert not ExportFile.objects.exists()


def test_somebody_erased_while_it_is_made_is_not_in_the_file(
    anna, bruno, marketer, monkeypatch
):
    export = ordered(Contact.objects.all(), marketer)
    read = making._rows
    calls = []

    def rows(*args):
        found = read(*args)
        if not calls:
            calls.append(1)
            Contact.objects.filter(pk=anna.pk).delete()
        return found

    monkeypatch.setattr(making, "_rows", rows)
    # What was read is written, then the deletion shows, and it is made anew.
    made(export)

    assert [row[0] for row in rows_of(export)[1:]] == ["Bruno"]
    assert export.row_count == 1


def test_a_file_with_somebody_erased_since_is_not_handed_out(anna, bruno, marketer):
    export = made(ordered(Contact.objects.all(), marketer))
    Contact.objects.filter(pk=anna.pk).delete()

    with pytest.raises(DomainError, match="erased"):
        ordering.take(export.pk, actor=actors.of_user(marketer))
    assert not ExportDownload.objects.exists()


def test_a_killed_worker_leaves_it_to_the_next(anna, marketer, monkeypatch):
    export = ordered(Contact.objects.all(), marketer)
    received = making.files.receive

    def dies(*args, **kwargs):
        received(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(making.files, "receive", dies)
    with pytest.raises(KeyboardInterrupt):
        made(export)
    monkeypatch.setattr(making.files, "receive", received)
    Job.objects.update(heartbeat_at=None, state="queued")

    assert made(export).state == "ready"
    assert ExportFile.objects.count() == 1


def test_where_a_protected_person_lives_and_works_is_left_out(
    anna, bruno, marketer, company
):
    PostalAddress.objects.create(contact=anna, street="Salakatu 1", source="staff")
    AddressProtection.objects.create(subject_id=anna.pk, ground="non_disclosure")

    export = made(
        ordered(
            Contact.objects.all(), marketer, columns=["first_name", "street", "company"]
        )
    )

    rows = {row[0]: row[1:3] for row in rows_of(export)[1:]}
    assert rows == {"Anna": ["", ""], "Bruno": ["", "Esimerkki Oy"]}


def test_a_column_without_the_right_is_not_exported(anna, marketer):
    RoleRight.objects.filter(category="company", role__code="marketing").delete()

    export = ordered(Contact.objects.all(), marketer, columns=[*COLUMNS, "company"])

    assert "company" not in export.columns
    assert all("Esimerkki Oy" not in row for row in rows_of(made(export)))


def test_who_must_not_be_sent_marketing_is_always_marked(anna, bruno, marketer):
    from consent.services import prohibitions

    prohibitions.add(
        "bruno.makela@esimerkki.example",
        channel="email",
        purpose="marketing",
        method="staff",
        actor=actors.of_user(marketer),
    )

    heading, *rows = rows_of(made(ordered(Contact.objects.all(), marketer)))

    assert heading[-1] == "Must not be sent marketing"
    assert {row[0]: row[-1] for row in rows} == {"Anna": "", "Bruno": "e-mail"}


def test_a_large_export_waits_for_a_second_person(
    anna, bruno, marketer, officer, settings
):
    settings.EXPORT_APPROVAL_ROWS = 1
    export = ordered(Contact.objects.all(), marketer)
    approval = Approval.objects.get(kind=ordering.KIND)
    assert export.state == "waiting"
    assert not Job.objects.exists()
    assert approvals.tell([approval], officer)[approval.pk] == f"2: {export.reason}"

    approvals.decide(approval, approve=True, actor=actors.of_user(officer))

    assert made(export).state == "ready"


def test_a_rejected_export_names_nobody(anna, bruno, marketer, officer, settings):
    settings.EXPORT_APPROVAL_ROWS = 1
    export = ordered(Contact.objects.all(), marketer)

    approvals.decide(
        Approval.objects.get(), approve=False, actor=actors.of_user(officer)
    )

    export.refresh_from_db()
    assert export.state == "rejected"
    assert not ExportPerson.objects.exists()
    assert not Job.objects.exists()


def test_a_cancelled_export_is_not_made(anna, marketer):
    export = ordered(Contact.objects.all(), marketer)
    ordering.cancel(export, actor=actors.of_user(marketer))

    assert made(export).stop_reason == "cancelled"
    assert not ExportFile.objects.exists()


def test_every_download_is_recorded_and_there_is_a_limit(
    anna, marketer, officer, client_of, settings
):
    settings.EXPORT_DOWNLOADS = 2
    export = made(ordered(Contact.objects.all(), marketer))
    url = reverse("admin:contacts_export_download", args=[export.pk])
    client = client_of(marketer)

    answers = [client.post(url) for _ in range(3)]

    texts = [b"".join(answer.streaming_content) for answer in answers[:2]]
    assert b"Virtanen" in texts[0]
    assert texts[1] == texts[0]
    assert [answer.status_code for answer in answers] == [200, 200, 302]
    assert ExportDownload.objects.filter(user=marketer).count() == 2
    assert AuditEntry.objects.filter(action="export.downloaded").count() == 2
    assert client.get(url).status_code == 405
    # The officer sees the manifest, not the file.
    page = reverse("admin:contacts_export_change", args=[export.pk])
    assert export.sha256 in client_of(officer).get(page).content.decode()
    assert client_of(officer).post(url).status_code == 403


def test_a_colleague_sees_no_export_of_others(anna, marketer, client_of):
    from tests.conftest import make_user

    export = made(ordered(Contact.objects.all(), marketer))
    colleague = client_of(make_user("colleague", "marketing"))

    assert "Summer letter" not in colleague.get(LISTED).content.decode()
    for name in ("change", "download", "steps"):
        url = reverse(f"admin:contacts_export_{name}", args=[export.pk])
        assert colleague.post(url, {"action": "cancel"}).status_code == 404
    assert not ExportDownload.objects.exists()


def test_the_file_ends_and_copies_are_to_be_deleted(anna, marketer, client_of):
    export = made(ordered(Contact.objects.all(), marketer))
    ExportFile.objects.update(created_at=timezone.now() - timedelta(days=8))
    page = reverse("admin:contacts_export_change", args=[export.pk])

    assert "Delete every copy" in client_of(marketer).get(page).content.decode()
    with pytest.raises(DomainError, match="no longer kept"):
        ordering.take(export.pk, actor=actors.of_user(marketer))


def test_the_file_goes_when_all_copies_are_deleted(anna, marketer, client_of):
    export = made(ordered(Contact.objects.all(), marketer))

    client_of(marketer).post(
        reverse("admin:contacts_export_steps", args=[export.pk]), {"action": "copies"}
    )

    export.refresh_from_db()
    assert export.copies_deleted_at is not None
    assert not ExportFile.objects.exists()


# --- from a list --------------------------------------------------------------------------


def answers(**kwargs):
    return {
        "purpose": "customer_relationship",
        "reason": "Summer letter",
        "columns": COLUMNS,
        "file_format": "csv",
        **kwargs,
    }


def test_a_list_is_exported_as_it_is_filtered(anna, bruno, marketer, client_of):
    Contact.objects.filter(pk=bruno.pk).update(language="sv")
    client = client_of(marketer)
    address = f"{ORDER}?language__exact=sv&p=2"
    assert "About 1 person" in client.get(address).content.decode()

    client.post(address, answers())

    export = Export.objects.get()
    assert export.filters == ["language__exact=sv"]
    assert [each.contact_id for each in export.people.all()] == [bruno.pk]
    page = client.get(reverse("admin:contacts_export_change", args=[export.pk]))
    assert "Language:" in page.content.decode()


def test_what_was_searched_is_not_kept(anna, bruno, marketer, client_of):
    search_words.refresh([anna.pk, bruno.pk])

    client_of(marketer).post(f"{ORDER}?q=virtanen", answers())

    export = Export.objects.get()
    assert [each.contact_id for each in export.people.all()] == [anna.pk]
    assert export.was_searched
    assert "virtanen" not in str(Export.objects.values()).lower()


def test_chosen_rows_alone_are_exported(anna, bruno, marketer, client_of):
    client_of(marketer).post(ORDER, answers(chosen=[str(anna.pk)]))

    export = Export.objects.get()
    assert [each.contact_id for each in export.people.all()] == [anna.pk]


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "fun"},
        {"reason": ""},
        {"reason": "for 131052-308T"},
        {"columns": []},
        {"columns": ["password"]},
        {"file_format": "exe"},
        {"chosen": [str(uuid.uuid4())]},
        {"chosen": ["x"]},
        {"reason": "\0"},
    ],
)
def test_bad_orders_are_refused(anna, marketer, client_of, wrong):
    answer = client_of(marketer).post(ORDER, answers(**wrong))

    assert answer.status_code in (200, 400)
    assert not Export.objects.exists()
    assert not ExportPerson.objects.exists()


@pytest.mark.parametrize("query", ["p=x", "o=99", "first_name__regex=(", "q=%00"])
def test_odd_addresses_are_no_error_of_ours(anna, marketer, client_of, query):
    assert client_of(marketer).get(f"{ORDER}?{query}").status_code < 500


# --- whose people -------------------------------------------------------------------------


def limit(user, action, scope):
    RoleRight.objects.filter(
        role__users=user, category="identity", action=action
    ).update(scope=scope)


@pytest.mark.parametrize("action", ["view", "export"])
def test_nobody_exports_whom_his_rights_do_not_reach(
    anna, bruno, marketer, client_of, action
):
    limit(marketer, action, "own")
    Contact.objects.filter(pk=bruno.pk).update(responsible=marketer)

    client_of(marketer).post(ORDER, answers())

    export = made(Export.objects.get())
    assert [row[0] for row in rows_of(export)[1:]] == ["Bruno"]


@pytest.mark.parametrize("action", ["view", "export"])
def test_rights_that_were_narrowed_meanwhile_narrow_the_file(
    anna, bruno, marketer, action
):
    export = ordered(Contact.objects.all(), marketer)
    limit(marketer, action, "own")
    Contact.objects.filter(pk=bruno.pk).update(responsible=marketer)

    made(export)

    assert [row[0] for row in rows_of(export)[1:]] == ["Bruno"]
    assert [each.contact_id for each in export.people.all()] == [bruno.pk]


def test_a_masked_field_leaves_masked_and_a_hidden_one_not_at_all(anna, marketer):
    from register.models import FieldRule, Role

    role = Role.objects.get(code="marketing")
    for kind, level in (("phone", "masked"), ("email", "hidden")):
        FieldRule.objects.create(
            role=role, field=f"contacts.contactpoint.value:{kind}", level=level
        )

    export = made(ordered(Contact.objects.all(), marketer))

    text = str(rows_of(export))
    assert "email" not in export.columns
    assert "anna.virtanen@esimerkki.example" not in text
    assert "+358401234567" not in text
    assert "•" in text


# --- companies ------------------------------------------------------------------------


COMPANY_COLUMNS = ["company_name", "company_business_id", "company_status"]


@pytest.fixture
def customers(company, anna):
    """A company with an employee, and a sole trader."""
    trader = Company.objects.create(
        name="Tmi Anna", kind="sole_trader", status="customer", source="staff"
    )
    Affiliation.objects.create(contact=anna, company=trader, source="staff")
    colleague = make_contact(first_name="Cecilia", company=company)
    return company, trader, anna, colleague


def test_companies_are_exported_and_who_of_them_are_people_is_known(
    customers, marketer, officer
):
    company, _trader, anna, _colleague = customers
    Prohibition.objects.create(
        subject_id=anna.pk, channel="email", purpose="marketing", address_hash="x"
    )

    export = made(
        ordered(Company.objects.order_by("name"), marketer, columns=COMPANY_COLUMNS)
    )

    heading, *rows = rows_of(export)
    assert heading == [
        *("Name of the company", "Business id", "Status of the company"),
        "Must not be sent marketing",
    ]
    found = {row[0]: row[1:] for row in rows}
    assert found.keys() == {company.name, "Tmi Anna"}
    assert found["Tmi Anna"][1:] == ["customer", "e-mail"]
    assert found[company.name][2] == ""
    assert (export.content, export.row_count, export.person_count) == (
        "companies",
        2,
        1,
    )
    assert set(export.people.values_list("contact", flat=True)) == {anna.pk}


def test_the_file_with_a_sole_trader_who_is_gone_is_not_handed_out(customers, marketer):
    _company, _trader, anna, _colleague = customers
    export = made(ordered(Company.objects.all(), marketer, columns=COMPANY_COLUMNS))
    Contact.objects.filter(pk=anna.pk).delete()

    with pytest.raises(DomainError, match="erased"):
        ordering.take(export.pk, actor=actors.of_user(marketer))

    assert endings.follow() >= 1
    assert not ExportFile.objects.exists()
    export.refresh_from_db()
    assert export.file_removed_at is not None
    assert AuditEntry.objects.filter(action="export.file_removed").count() == 1
    assert endings.follow() == 0


def test_companies_are_exported_from_their_list_and_ids_alone_if_chosen(
    customers, marketer, client_of
):
    company, trader, *_people = customers
    client = client_of(marketer)
    listed = client.get(reverse("admin:contacts_company_changelist"))
    address = reverse("admin:contacts_company_export")
    assert address in listed.content.decode()
    page = client.get(f"{address}?kind__exact=sole_trader").content.decode()
    assert "About 1 company" in page
    assert "Kind of company: sole trader" in page or "Kind: sole trader" in page

    answer = client.post(
        address,
        {
            "purpose": "customer_relationship",
            "reason": "Invoices",
            "columns": COMPANY_COLUMNS,
            "file_format": "csv",
            "chosen": [str(company.pk)],
        },
    )

    assert answer.status_code == 302, answer.context["form"].errors
    export = made(Export.objects.get())
    assert [row[0] for row in rows_of(export)[1:]] == [company.name]
    assert export.was_chosen
    assert trader.pk not in export.companies.values_list("company", flat=True)
    manifest = client.get(answer["Location"]).content.decode()
    assert "People among them" in manifest


@pytest.mark.parametrize("name", ["agent", "seller"])
def test_without_the_right_no_company_is_exported(customers, request, client_of, name):
    user = request.getfixturevalue(name)

    assert (
        client_of(user).get(reverse("admin:contacts_company_export")).status_code == 403
    )
    with pytest.raises(PermissionDenied):
        ordered(Company.objects.all(), user, columns=COMPANY_COLUMNS)
    assert not Export.objects.exists()


def test_ids_that_are_not_reached_are_left_out(anna, bruno, marketer):
    export = ordered(
        Contact.objects.filter(pk=anna.pk), marketer, ids=[anna.pk, bruno.pk]
    )

    assert export.chosen_count == 1
    assert export.was_chosen


# --- the end of a file ----------------------------------------------------------------


def test_whose_file_ends_soon_is_reminded_once_and_sees_it(
    anna, marketer, officer, client_of, settings, mailoutbox
):
    export = made(ordered(Contact.objects.all(), marketer))
    settings.MAIL_IS_SET_UP, settings.MAIL_FROM = True, "office@seloste.test"
    assert endings.follow() == 0
    ExportFile.objects.update(created_at=timezone.now() - timedelta(days=6))

    assert endings.follow() == 1
    assert endings.follow() == 0

    (mail,) = mailoutbox
    assert mail.to == [marketer.email]
    assert "Summer letter" not in mail.body
    export.refresh_from_db()
    assert export.reminded_at is not None
    for user in (marketer, officer):
        page = client_of(user).get(reverse("admin:index")).content.decode()
        assert "Export files that end soon" in page


def test_when_the_file_was_gone_stays_known(anna, marketer, officer, client_of):
    export = made(ordered(Contact.objects.all(), marketer))
    ordering.take(export.pk, actor=actors.of_user(marketer))
    ExportFile.objects.all().delete()

    endings.follow()

    export.refresh_from_db()
    assert export.file_removed_at is not None
    page = reverse("admin:contacts_export_change", args=[export.pk])
    assert "File deleted here" in client_of(officer).get(page).content.decode()
    assert list(endings.unconfirmed()) == [export]
    assert "copies not confirmed" in client_of(officer).get(LISTED).content.decode()


# --- who looked -----------------------------------------------------------------------


def test_a_download_stands_among_the_looks_at_each_person_by_one_entry(
    anna, bruno, marketer, officer, client_of
):
    other = make_contact(first_name="Cecilia")
    export = made(ordered(Contact.objects.filter(pk__in=[anna.pk, bruno.pk]), marketer))
    page = reverse("admin:contacts_contact_looks", args=[anna.pk])
    assert "Summer letter" not in client_of(officer).get(page).content.decode()
    before = AuditEntry.objects.count()

    ordering.take(export.pk, actor=actors.of_user(marketer))

    assert AuditEntry.objects.count() == before + 1
    manifest = reverse("admin:contacts_export_change", args=[export.pk])
    for person, is_in in ((anna, True), (bruno, True), (other, False)):
        page = reverse("admin:contacts_contact_looks", args=[person.pk])
        for query in ("", "?kind=exported"):
            shown = client_of(officer).get(page + query).content.decode()
            assert (
                "taken out of the register" in shown.partition("<table")[2]
            ) is is_in
            assert (manifest in shown) is is_in
            assert ("Summer letter" in shown) is is_in
    shown = client_of(officer).get(f"{page}?kind=opened").content.decode()
    assert manifest not in shown


@pytest.mark.parametrize("lowered", ["scope", "field", "category"])
def test_a_file_with_more_than_its_maker_may_see_by_now_is_not_handed_out(
    anna, bruno, company, marketer, client_of, lowered
):
    Contact.objects.filter(pk=anna.pk).update(responsible=marketer)
    Company.objects.update(responsible=marketer)
    columns = [*COLUMNS, "company"]
    export = made(ordered(Contact.objects.all(), marketer, columns=columns))
    role = Role.objects.get(code="marketing")
    if lowered == "scope":
        role.rights.filter(category="identity").update(scope="own")
    elif lowered == "category":
        role.rights.filter(category="company", action="view").delete()
    else:
        field = "contacts.contactpoint.value:phone"
        FieldRule.objects.create(role=role, field=field, level=Level.MASKED)
    address = reverse("admin:contacts_export_download", args=[export.pk])

    refused = client_of(marketer).post(address, follow=True)

    assert "more than you may see" in refused.content.decode()
    assert "Content-Disposition" not in refused.headers
    assert not ExportDownload.objects.exists()
    assert not AuditEntry.objects.filter(action="export.downloaded").exists()
    again = made(ordered(Contact.objects.all(), marketer, columns=columns))
    taken = client_of(marketer).post(
        reverse("admin:contacts_export_download", args=[again.pk])
    )
    assert b"".join(taken.streaming_content)
    assert ExportDownload.objects.get().export == again
