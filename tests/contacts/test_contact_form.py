"""Adding and changing contacts on their form."""

from __future__ import annotations

import pytest
from django.urls import reverse

from contacts.models import Affiliation, Contact, ContactPoint
from contacts.selectors import search
from contacts.services.search_words import refresh
from register.models import AuditEntry, Role, RoleRight

ADD = reverse("admin:contacts_contact_add")
SECTIONS = {
    "points": 0,
    "affiliations": 0,
    "addresses": 0,
    "interests": 0,
    "inferred_interests": 0,
    "profile": 0,
}


def change_of(contact) -> str:
    return reverse("admin:contacts_contact_change", args=[contact.pk])


def form_data(rows=None, **person):
    """Return what a browser sends: a person and rows of each table.

    A row with ``id`` is a stored one; stored rows come first.
    """
    data = {
        "first_name": "",
        "last_name": "",
        "language": "",
        "relationship": "prospect",
        "source": "staff",
        "source_detail": "",
        **person,
    }
    rows = rows or {}
    for prefix in SECTIONS:
        given = rows.get(prefix, [])
        data[f"{prefix}-TOTAL_FORMS"] = len(given)
        data[f"{prefix}-INITIAL_FORMS"] = sum("id" in row for row in given)
        for number, row in enumerate(given):
            for name, value in {"source": "staff", **row}.items():
                data[f"{prefix}-{number}-{name}"] = value
    return data


def stored(point, **changes):
    row = {"id": point.pk, "contact": point.contact_id, "kind": point.kind}
    row |= {"value": point.value, "label": point.label, "source": point.source}
    if point.is_primary:
        row["is_primary"] = "on"
    row |= changes
    return {name: value for name, value in row.items() if value is not None}


def stored_points(contact):
    return [stored(point) for point in contact.points.all()]


def points_of(contact):
    return list(contact.points.values_list("kind", "value", "is_primary"))


def errors_of(response):
    """Return all sentences of a refused form."""
    context = response.context
    found = [str(e) for es in context["adminform"].form.errors.values() for e in es]
    for inline in context["inline_admin_formsets"]:
        found += [str(error) for error in inline.formset.non_form_errors()]
        found += [
            str(e) for form in inline.formset.errors for es in form.values() for e in es
        ]
    return found


def test_a_new_contact_is_stored_in_normal_form(agent, company, client_of):
    data = form_data(
        {
            "points": [
                {"kind": "email", "value": " Asa.OHMAN@Ostron.Example "},
                {"kind": "phone", "value": "040 123 4567", "label": "work"},
            ],
            "affiliations": [{"company": company.pk, "job_title": "ostaja"}],
            "addresses": [{"street": "Storgatan 1", "town": "Åbo", "country": "fi"}],
        },
        first_name="Åsa",
        last_name="Öhman",
        source="person",
    )

    response = client_of(agent).post(ADD, data)

    contact = Contact.objects.get()
    page = reverse("admin:contacts_contact_page", args=[contact.pk])
    assert (response.status_code, response["Location"]) == (302, page)
    assert (contact.full_name, contact.source) == ("Åsa Öhman", "person")
    assert points_of(contact) == [
        ("email", "asa.ohman@ostron.example", True),
        ("phone", "+358401234567", True),
    ]
    assert contact.addresses.get().country == "FI"
    assert contact.affiliations.get().job_title == "ostaja"
    for text in ("öhm", "0401234567", "ostron", "esimerkki oy"):
        assert set(search(text)) == {contact}
    entry = AuditEntry.objects.get(action="record.added")
    assert (entry.subject_id, entry.actor_id) == (contact.pk, str(agent.pk))


def test_what_was_saved_is_told_without_the_number_of_the_record(agent, client_of):
    answer = client_of(agent).post(
        ADD, form_data(first_name="Åsa", last_name="Öhman"), follow=True
    )

    page = answer.content.decode()
    assert "Saved." in page
    assert f"Contact {str(Contact.objects.get().pk)[:8]}" not in page


def test_the_question_about_duplicates_stands_beside_its_box(anna, agent, client_of):
    refresh([anna.pk])
    email = anna.points.get(kind="email").value
    data = form_data(
        {"points": [{"kind": "email", "value": email}]},
        first_name="Anna",
        last_name="Virtanen",
    )

    asked = client_of(agent).post(ADD, data)

    (sentence,) = asked.context["adminform"].form.non_field_errors()
    assert "tick the box" in sentence
    page = asked.content.decode()
    assert page.index("is_new_all_the_same") < page.index("tick the box")
    assert "Please correct" not in page  # it is a question, and the only one
    assert Contact.objects.count() == 1
    client_of(agent).post(ADD, data | {"is_new_all_the_same": "1"})
    assert Contact.objects.count() == 2


def test_a_namesake_is_pointed_out_without_a_box_to_tick(anna, agent, client_of):
    refresh([anna.pk])
    typed = form_data(first_name="Anna", last_name="Virtanen")

    page = client_of(agent).post(reverse("admin:contacts_contact_alike"), typed)

    assert [each["name"] for each in page.context["alike"]] == ["Anna Virtanen"]
    assert "is_new_all_the_same" not in page.content.decode()


def test_the_tab_of_a_form_bears_the_name_as_its_reader_sees_it(
    anna, company, seller, client_of
):
    client = client_of(seller)
    of_company = reverse("admin:contacts_company_change", args=[company.pk])

    pages = [
        client.get(address).content.decode()
        for address in (change_of(anna), of_company)
    ]
    rule = Role.objects.get(code="sales").field_rules
    rule.create(field="contacts.contact.last_name", level="hidden")
    hidden = client_of(seller).get(change_of(anna)).content.decode()

    titles = [
        " ".join(page.split("<title>")[1].split("</title>")[0].split())
        for page in (*pages, hidden)
    ]
    assert titles[0].startswith("Anna Virtanen | ")
    assert titles[1].startswith("Esimerkki Oy | ")
    assert "Virtanen" not in titles[2]


def test_a_new_contact_has_no_empty_tables_that_nothing_can_be_added_to(
    seller, client_of
):
    page = client_of(seller).get(ADD)

    shown = [each.formset.prefix for each in page.context["inline_admin_formsets"]]
    assert shown == ["points", "affiliations", "addresses", "interests"]


def test_rows_that_were_offered_and_left_empty_are_no_addresses(agent, client_of):
    rows = {"points": [{"kind": "email", "value": ""}, {"kind": "phone", "value": ""}]}

    client_of(agent).post(ADD, form_data(rows, last_name="Laine"))

    assert points_of(Contact.objects.get()) == []


def test_a_change_names_its_fields_and_renews_the_words(anna, agent, client_of):
    rows = {"points": stored_points(anna)}
    rows["points"][1]["value"] = "050 999 8888"

    response = client_of(agent).post(
        change_of(anna), form_data(rows, first_name="Anna", last_name="Virta")
    )

    assert response.status_code == 302
    assert set(search("virta")) == {anna}
    assert set(search("0509998888")) == {anna}
    assert not search("virtanen").exists() or set(search("virtanen")) == {anna}
    assert not search("0401234567").exists()
    entry = AuditEntry.objects.get(action="record.changed")
    assert entry.details == {"fields": ["contactpoint.value", "last_name"]}
    assert entry.subject_id == anna.pk


def test_an_unchanged_form_records_no_change(anna, agent, client_of):
    data = form_data(
        {"points": stored_points(anna)}, first_name="Anna", last_name="Virtanen"
    )

    client_of(agent).post(change_of(anna), data)

    assert not AuditEntry.objects.filter(action="record.changed").exists()


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"kind": "email", "value": "nobody"}, "it has no @"),
        ({"kind": "email", "value": "a b@x.example"}, "before the @"),
        ({"kind": "email", "value": "a@x"}, "after the @"),
        ({"kind": "phone", "value": "12"}, "too few or too many digits"),
        ({"kind": "phone", "value": "anna@x.example"}, "too few or too many digits"),
        ({"kind": "", "value": "040 1234567"}, "This field is required."),
        ({"kind": "fax", "value": "040 1234567"}, "Select a valid choice"),
        ({"kind": "email", "value": "a\0@x.example"}, "Null characters"),
        (
            {"kind": "email", "value": "a@x.example", "label": "131052-308T"},
            "personal identity code",
        ),
    ],
)
def test_what_is_no_address_is_refused(agent, client_of, row, sentence):
    response = client_of(agent).post(
        ADD, form_data({"points": [row]}, last_name="Laine")
    )

    assert response.status_code == 200
    assert sentence in " ".join(errors_of(response))
    assert not Contact.objects.exists()
    assert not AuditEntry.objects.filter(action="record.added").exists()


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [("email", "a@x.example", False), ("email", "A@X.example", False)],
            "The contact has this address already.",
        ),
        (
            [("email", "a@x.example", True), ("email", "b@x.example", True)],
            "Only one address of a kind can be primary.",
        ),
    ],
)
def test_a_set_that_contradicts_itself_is_refused(agent, client_of, rows, sentence):
    points = [
        {"kind": kind, "value": value} | ({"is_primary": "on"} if primary else {})
        for kind, value, primary in rows
    ]

    response = client_of(agent).post(ADD, form_data({"points": points}, last_name="L"))

    assert sentence in " ".join(errors_of(response))
    assert not Contact.objects.exists()


def test_one_primary_of_each_kind_is_fine(agent, client_of):
    points = [
        {"kind": "email", "value": "a@x.example"},
        {"kind": "email", "value": "b@x.example", "is_primary": "on"},
        {"kind": "phone", "value": "0401234567", "is_primary": "on"},
    ]

    client_of(agent).post(ADD, form_data({"points": points}, last_name="Laine"))

    assert set(points_of(Contact.objects.get())) == {
        ("email", "a@x.example", False),
        ("email", "b@x.example", True),
        ("phone", "+358401234567", True),
    }


def test_another_address_can_become_primary_in_one_step(anna, agent, client_of):
    second = ContactPoint.objects.create(
        contact=anna, kind="email", value="toinen@x.example", source="staff"
    )
    email, phone = (
        anna.points.get(kind="email", is_primary=True),
        anna.points.get(kind="phone"),
    )
    rows = [
        stored(second, is_primary="on"),
        stored(email, is_primary=None),
        stored(phone),
    ]

    response = client_of(agent).post(
        change_of(anna), form_data({"points": rows}, last_name="Virtanen")
    )

    assert response.status_code == 302
    assert points_of(anna) == [
        ("email", "toinen@x.example", True),
        ("email", "anna.virtanen@esimerkki.example", False),
        ("phone", "+358401234567", True),
    ]


def test_the_next_address_follows_a_removed_primary_one(anna, agent, client_of):
    second = ContactPoint.objects.create(
        contact=anna, kind="email", value="toinen@x.example", source="staff"
    )
    email = anna.points.get(kind="email", is_primary=True)
    rows = [stored(email, DELETE="on"), stored(second)]

    client_of(agent).post(
        change_of(anna), form_data({"points": rows}, last_name="Virtanen")
    )

    assert ("email", "toinen@x.example", True) in points_of(anna)
    assert not anna.points.filter(pk=email.pk).exists()
    assert not search("anna.virtanen@esimerkki.example").exists()


def test_an_address_added_meanwhile_is_not_added_twice(anna, agent, client_of):
    rows = [*stored_points(anna), {"kind": "email", "value": "uusi@x.example"}]
    ContactPoint.objects.create(
        contact=anna, kind="email", value="uusi@x.example", source="api"
    )

    response = client_of(agent).post(
        change_of(anna), form_data({"points": rows}, last_name="Virtanen")
    )

    assert "The contact has this address already." in errors_of(response)
    assert anna.points.filter(value="uusi@x.example").count() == 1


def test_a_contact_needs_a_name_or_an_address(agent, client_of):
    response = client_of(agent).post(ADD, form_data())

    assert "Give a name, an e-mail address or a telephone number." in errors_of(
        response
    )
    assert not Contact.objects.exists()


def test_removing_everything_is_refused(anna, agent, client_of):
    rows = [row | {"DELETE": "on"} for row in stored_points(anna)]

    response = client_of(agent).post(change_of(anna), form_data({"points": rows}))

    assert "Give a name, an e-mail address or a telephone number." in errors_of(
        response
    )
    assert anna.points.count() == 2


@pytest.mark.parametrize("field", ["first_name", "last_name", "source_detail"])
@pytest.mark.parametrize("text", ["131052-308T", "tunnus 131052-308t."])
def test_personal_identity_codes_are_refused(agent, client_of, field, text):
    response = client_of(agent).post(ADD, form_data(**{field: text}))

    assert any("personal identity code" in error for error in errors_of(response))
    assert not any("308" in error for error in errors_of(response))
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("prefix", "row", "sentence"),
    [
        ("addresses", {"street": "Katu 1", "country": "XX"}, "two letters"),
        ("addresses", {"postcode": "00100", "country": "FI"}, "the street or the town"),
        (
            "affiliations",
            {"valid_from": "2026-02-02", "valid_to": "2026-02-01"},
            "The role ends before it begins.",
        ),
    ],
)
def test_other_parts_are_checked_too(agent, company, client_of, prefix, row, sentence):
    row = row | ({"company": company.pk} if prefix == "affiliations" else {})

    response = client_of(agent).post(ADD, form_data({prefix: [row]}, last_name="Laine"))

    assert sentence in " ".join(errors_of(response))
    assert not Contact.objects.exists()


def test_the_source_is_not_changed_afterwards(anna, agent, client_of):
    data = form_data(
        {"points": stored_points(anna)}, last_name="Virtanen", source="public"
    )

    client_of(agent).post(change_of(anna), data)

    anna.refresh_from_db()
    assert (anna.source, anna.first_name) == ("staff", "")


def test_the_officer_corrects_addresses_without_a_right_to_add_people(
    anna, officer, client_of
):
    rows = [
        *[row | {"DELETE": "on"} for row in stored_points(anna)],
        {"kind": "email", "value": "oikea@x.example"},
    ]

    response = client_of(officer).post(
        change_of(anna), form_data({"points": rows}, last_name="Virtanen")
    )

    assert response.status_code == 302
    assert points_of(anna) == [("email", "oikea@x.example", True)]


def test_roles_need_the_right_to_companies(anna, company, agent, client_of):
    RoleRight.objects.filter(category="company").delete()
    rows = {
        "points": stored_points(anna),
        "affiliations": [{"company": company.pk, "job_title": "varas"}],
    }

    shown = client_of(agent).get(change_of(anna)).content.decode()
    client_of(agent).post(change_of(anna), form_data(rows, last_name="Virtanen"))

    assert "Esimerkki Oy" not in shown
    assert not Affiliation.objects.filter(job_title="varas").exists()


@pytest.mark.parametrize("name", ["auditor", "administrator", "stranger"])
def test_others_neither_see_nor_change(anna, request, client_of, name):
    client = client_of(request.getfixturevalue(name))
    data = form_data({"points": stored_points(anna)}, last_name="Muu")

    codes = {
        client.get(change_of(anna)).status_code,
        client.post(change_of(anna), data).status_code,
        client.get(ADD).status_code,
        client.post(ADD, form_data(last_name="Muu")).status_code,
        client.get(
            reverse("admin:contacts_contact_history", args=[anna.pk])
        ).status_code,
    }

    assert codes == {403}
    assert not Contact.objects.filter(last_name="Muu").exists()


def test_the_form_shows_names_of_companies_and_says_who_looked(anna, agent, client_of):
    text = client_of(agent).get(change_of(anna)).content.decode()

    assert "Esimerkki Oy" in text
    heading = text.split("<h1")[1].split("</h1>")[0]
    assert "This person" in heading
    assert str(anna.pk)[:8] not in heading.replace(str(anna.pk), "")
    entry = AuditEntry.objects.get(action="record.viewed")
    assert (entry.subject_id, entry.actor_id) == (anna.pk, str(agent.pk))


def test_the_form_takes_a_bounded_number_of_queries(
    anna, agent, client_of, django_assert_max_num_queries
):
    client = client_of(agent)

    with django_assert_max_num_queries(34):
        client.get(change_of(anna))
