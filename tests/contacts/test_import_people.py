"""What an imported file adds to the register, and what it leaves alone."""

from __future__ import annotations

import pytest
from django.core.files.storage import default_storage

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    ImportBatch,
    ImportFile,
    ImportRow,
    PostalAddress,
)
from contacts.selectors import search
from contacts.services import search_words
from contacts.services.imports import bad_rows
from register.models import AuditEntry, FileRemoval
from tests.architecture.canary import dumps
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, imported, person

pytestmark = pytest.mark.django_db

FINNISH = ["Etunimi", "Sukunimi", "Sähköposti", "Yritys", "Y-tunnus"]


def outcomes(batch):
    return list(batch.rows.order_by("row_number").values_list("outcome", flat=True))


def test_people_companies_and_what_ties_them_are_added(marketer):
    content = hubspot(person(1, job="myyjä", city="Espoo"), person(2), person(4))

    _batch, counts = imported(content, user=marketer)

    assert counts == {"new": 3, "refusals": 0}
    contact = Contact.objects.get(last_name="Testi1")
    assert (contact.source, contact.source_detail) == ("import", "Fair in Tampere")
    assert list(contact.points.values_list("kind", "value", "is_primary")) == [
        ("email", "maija.testi1@yritys1.example", True),
        ("phone", "+358401000001", True),
    ]
    role = contact.affiliations.get()
    assert (role.company.name, role.job_title) == ("Yritys1 Oy", "myyjä")
    assert contact.addresses.get().town == "Espoo"
    assert Company.objects.count() == 2


def test_the_people_are_found_by_search(marketer):
    imported(hubspot(person(1)), user=marketer)

    for text in ("testi1", "maija.te", "0401000001", "yritys1"):
        assert search(text).count() == 1


def test_a_dry_run_says_what_would_happen_and_writes_nobody(marketer, anna):
    content = hubspot(
        person(1),
        person(2, email="no address"),
        person(1, phone="040 7777777"),
        {"First Name": "Anna", "Email": "anna.virtanen@esimerkki.example"},
    )
    batch = import_files.upload(content, user=marketer)

    counts = import_files.try_out(batch, user=marketer)

    assert counts == {"new": 1, "updated": 1, "unchanged": 1, "invalid": 1}
    assert batch.state == ImportBatch.State.CHECKED
    assert Contact.objects.count() == 1
    assert Company.objects.count() == 1
    # An import then does exactly that.
    assert import_files.run(batch, user=marketer) == {**counts, "refusals": 0}
    assert Contact.objects.count() == 2


def test_the_same_file_twice_adds_nothing(marketer):
    content = hubspot(*(person(number, city="Espoo") for number in range(10)))
    imported(content, user=marketer)
    before = numbers()

    _batch, counts = imported(content, user=marketer)

    assert counts == {"unchanged": 10, "refusals": 0}
    assert numbers() == before


def numbers():
    models = (Contact, ContactPoint, Affiliation, PostalAddress, Company)
    return [model.objects.count() for model in models]


def test_a_person_who_stands_twice_in_a_file_is_added_once_with_both_numbers(marketer):
    content = hubspot(
        person(1), person(1, email=" MAIJA.Testi1@YRITYS1.example", phone="09 123 4567")
    )

    batch, _counts = imported(content, user=marketer)

    assert outcomes(batch) == ["new", "updated"]
    contact = Contact.objects.get()
    phones = contact.points.filter(kind="phone")
    assert list(phones.values_list("value", "is_primary")) == [
        ("+358401000001", True),
        ("+35891234567", False),
    ]


def test_what_is_stored_is_never_overwritten(marketer, anna, company):
    Affiliation.objects.update(job_title="toimitusjohtaja")
    search_words.refresh_of_companies([company.pk])
    content = hubspot(
        {
            "First Name": "Annika",
            "Last Name": "Korhonen",
            "Email": "Anna.Virtanen@esimerkki.example",
            "Phone Number": "+358 50 1112222",
            "Job Title": "sihteeri",
            "Company Name": "esimerkki oy",
        }
    )

    _batch, counts = imported(content, user=marketer)

    assert counts == {"updated": 1, "refusals": 0}
    anna.refresh_from_db()
    assert (anna.first_name, anna.last_name, anna.source) == (
        "Anna",
        "Virtanen",
        "staff",
    )
    assert anna.affiliations.get().job_title == "toimitusjohtaja"
    assert anna.points.get(value="+358501112222").is_primary is False
    assert Company.objects.get() == company


def test_a_name_is_filled_in_where_there_was_none(marketer, anna):
    Contact.objects.update(first_name="", last_name="")

    imported(hubspot(person(1, email="anna.virtanen@esimerkki.example")), user=marketer)

    anna.refresh_from_db()
    assert anna.full_name == "Maija Testi1"
    assert search("testi1").get() == anna


def test_the_same_name_and_number_is_the_same_person(marketer, anna):
    content = hubspot(
        {
            "First Name": "ANNA",
            "Last Name": "Virtanen",
            "Email": "anna@koti.example",
            "Phone Number": "040 123 4567",
        }
    )

    imported(content, user=marketer)

    assert Contact.objects.get() == anna
    assert anna.points.filter(kind="email").count() == 2


def test_colleagues_who_share_a_number_stay_two_people(marketer, anna):
    content = hubspot(
        {"First Name": "Bo", "Last Name": "Ek", "Phone Number": "040 123 4567"}
    )
    imported(content, user=marketer)

    _batch, counts = imported(content, user=marketer)

    assert Contact.objects.count() == 2
    assert counts == {"unchanged": 1, "refusals": 0}


def test_a_formula_is_stored_as_the_text_it_is(marketer):
    imported(hubspot(person(1, last="=2+5", company="=1+1 Oy")), user=marketer)

    contact = Contact.objects.get()
    assert contact.last_name == "=2+5"
    assert contact.affiliations.get().company.name == "=1+1 Oy"


def test_a_company_is_recognised_by_its_business_id_under_another_name(
    marketer, company
):
    content = import_files.as_csv(
        FINNISH, [["Eeva", "Ek", "eeva@x.example", "Esimerkki Group", "23273271"]]
    )

    imported(content, user=marketer)

    assert Contact.objects.get().affiliations.get().company == company
    assert Company.objects.get().name == "Esimerkki Oy"


def test_companies_of_one_name_and_different_business_ids_stay_two(marketer, company):
    content = import_files.as_csv(
        FINNISH, [["Eeva", "Ek", "eeva@x.example", "Esimerkki Oy", "0100002-9"]]
    )

    imported(content, user=marketer)

    assert sorted(Company.objects.values_list("business_id", flat=True)) == [
        "0100002-9",
        "2327327-1",
    ]


def test_a_company_without_business_id_gets_the_one_of_the_file(marketer, company):
    Company.objects.update(business_id="")
    search_words.refresh_of_companies([company.pk])
    content = import_files.as_csv(
        FINNISH, [["Eeva", "Ek", "eeva@x.example", "Esimerkki OY", "2327327-1"]]
    )

    imported(content, user=marketer)

    assert Company.objects.get().business_id == "2327327-1"
    assert search("2327327-1").count() == 1


def test_the_legal_form_is_read_from_the_name(marketer):
    imported(
        hubspot(
            person(1, company="Testaaja Tmi"),
            person(2, company="Kerho ry"),
            person(3, company="Oy Firma Ab"),
        ),
        user=marketer,
    )

    assert dict(Company.objects.values_list("name", "kind")) == {
        "Testaaja Tmi": "sole_trader",
        "Kerho ry": "association",
        "Oy Firma Ab": "company",
    }


def test_a_row_with_an_error_is_not_imported_and_keeps_its_cells(marketer):
    content = import_files.as_csv(
        FINNISH,
        [
            ["Eeva", "Ek", "eeva@x.example", "Firma Oy", "2327327-2"],
            ["Olli", "Oja", "olli@", "Firma Oy", ""],
            ["Aino", "Aho", "", "", ""],
            ["Ida", "Ikonen", "ida@x.example", "", "0100002-9"],
            ["Ulla", "Uusi", "ulla@x.example", "", "", "one too many"],
            ["131052-308T", "Ylä", "yla@x.example", "", ""],
        ],
    )

    batch, counts = imported(content, user=marketer)

    assert counts == {"invalid": 6, "refusals": 0}
    rows = batch.rows.order_by("row_number").values_list("row_number", "errors")
    assert list(rows) == [
        (2, ["business_id_check_digit:4"]),
        (3, ["email_domain:2"]),
        (4, ["no_way_to_reach"]),
        (5, ["company_name_missing"]),
        (6, ["column_count"]),
        (7, ["personal_identity_code:0"]),
    ]
    assert batch.rows.first().cells[0] == "Eeva"
    assert not Contact.objects.exists()
    assert not Company.objects.exists()


def test_the_cells_of_written_rows_are_emptied_and_the_file_is_gone(marketer):
    batch = import_files.upload(hubspot(person(1)), user=marketer)
    assert not FileRemoval.objects.exists()

    import_files.try_out(batch, user=marketer)
    assert ImportRow.objects.get().cells != []
    import_files.run(batch, user=marketer)

    row = ImportRow.objects.get()
    assert row.cells == []
    assert row.contact == Contact.objects.get()
    assert row.is_written is True
    assert FileRemoval.objects.count() == 1


def test_the_file_is_kept_until_the_import_is_run_and_then_removed(
    marketer, django_capture_on_commit_callbacks
):
    before = stored_files()
    batch = import_files.upload(hubspot(person(1)), user=marketer)
    import_files.try_out(batch, user=marketer)
    assert len(stored_files() - before) == 1

    with django_capture_on_commit_callbacks(execute=True):
        import_files.run(batch, user=marketer)

    assert stored_files() == before
    assert not ImportFile.objects.exists()


def stored_files():
    try:
        return set(default_storage.listdir("imports")[1])
    except FileNotFoundError:
        return set()


def test_a_file_that_breaks_further_down_fails_with_its_reason_and_leaves_nothing(
    marketer, django_capture_on_commit_callbacks
):
    rows = hubspot(*(person(number) for number in range(300)))
    batch = import_files.upload(rows + b'1,"never closed\n', user=marketer)

    with django_capture_on_commit_callbacks(execute=True):
        import_files.try_out(batch, user=marketer)

    assert (batch.state, batch.error_code) == (ImportBatch.State.FAILED, "quotes")
    assert not ImportRow.objects.exists()
    assert not ImportFile.objects.exists()
    assert stored_files() == set()


def test_a_chosen_column_decides_not_its_name(marketer):
    content = import_files.as_csv(
        ["A", "B", "C"], [["Virtanen, Anna Maria", "anna@x.example", "matti@x.example"]]
    )

    imported(content, user=marketer, targets=["full_name", "email", ""])

    contact = Contact.objects.get()
    assert (contact.first_name, contact.last_name) == ("Anna Maria", "Virtanen")
    assert contact.points.get().value == "anna@x.example"


def test_each_persons_log_shows_the_import(marketer, anna):
    content = hubspot(
        person(1), person(2, email="anna.virtanen@esimerkki.example", phone="")
    )

    batch, _counts = imported(content, user=marketer)

    new = Contact.objects.get(last_name="Testi1")
    entry = AuditEntry.objects.get(subject_id=new.pk)
    assert (entry.action, entry.request_id) == ("contact.imported", batch.pk)
    assert entry.actor_id == str(marketer.pk)
    assert AuditEntry.objects.get(subject_id=anna.pk).action == "contact.import_added"
    run = AuditEntry.objects.get(action="import.run")
    assert run.details == {"counts": {"new": 1, "updated": 1}}


def test_a_language_is_taken_over_and_an_unknown_one_is_an_error(marketer):
    content = import_files.as_csv(
        ["Email", "Kieli"], [["a@x.example", "ruotsi"], ["b@x.example", "klingon"]]
    )

    _batch, counts = imported(content, user=marketer)

    assert counts == {"new": 1, "invalid": 1, "refusals": 0}
    assert Contact.objects.get().language == "sv"


def test_a_job_title_without_a_company_is_said_to_be_left_out(marketer):
    batch, counts = imported(hubspot(person(1, company="", job="x")), user=marketer)

    assert counts == {"new": 1, "refusals": 0}
    assert batch.rows.get().errors == ["job_title_alone"]


def test_another_name_at_the_same_address_is_said_and_the_stored_one_kept(
    marketer, anna
):
    content = hubspot(
        person(1, email="anna.virtanen@esimerkki.example"),
        person(2),
        person(2, last="Toinen"),
    )
    batch = import_files.upload(content, user=marketer)

    for step in (import_files.try_out, import_files.run):
        step(batch, user=marketer)
        errors = batch.rows.order_by("row_number").values_list("errors", flat=True)
        assert list(errors) == [["other_name_kept"], [], ["other_name_kept"]]
    assert Contact.objects.count() == 2


def test_codes_in_a_file_are_never_stored_and_their_rows_stay_out(marketer):
    header = ["Etunimi", "Sukunimi", "Sähköposti", "hetu 131052-308T"]
    rows = [
        ["Eeva", "Tunnus", "eeva@a.example", "131052-308T"],
        ["Mäki 131052–308T", "Toinen", "mäki@a.example", ""],
        ["Aino", "Kolmas", "131052-308t@a.example", ""],
    ]

    batch = import_files.upload(import_files.as_csv(header, rows), user=marketer)
    batch.refresh_from_db()
    targets = ["first_name", "last_name", "email", ""]
    batch, _counts = import_files.imported(
        import_files.as_csv(header, rows), user=marketer, targets=targets
    )

    # A column that is left out keeps nobody from being imported.
    assert [c.last_name for c in Contact.objects.all()] == ["Tunnus"]
    errors = batch.rows.order_by("row_number").values_list("errors", flat=True)
    assert list(errors) == [
        [],
        ["personal_identity_code:0"],
        ["personal_identity_code:2"],
    ]
    assert dumps.places_in(dumps.copied(), {"308T", "308t"}) == {}
    assert "308" not in b"".join(bad_rows.csv_file(batch)).decode()
