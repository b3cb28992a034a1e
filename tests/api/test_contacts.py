"""Adding, finding and reading people over the interface."""

from __future__ import annotations

from contacts.models import Contact, ContactPoint
from register.models import AuditEntry
from tests.conftest import make_contact


def test_a_new_person_is_added(caller):
    response = caller.post(
        "/contacts",
        {
            "first_name": "Anna",
            "last_name": "Virtanen",
            "emails": [" Anna.Virtanen@Esimerkki.example "],
            "phones": ["040 123 4567"],
            "source_detail": "Web shop",
        },
    )

    contact = Contact.objects.get()
    answer = caller.get(f"/contacts/{contact.pk}").json()
    assert response.status_code == 201
    assert response.json() == {"id": str(contact.pk)}
    assert (answer["first_name"], answer["last_name"]) == ("Anna", "Virtanen")
    assert [p["value"] for p in answer["emails"]] == ["anna.virtanen@esimerkki.example"]
    assert [p["value"] for p in answer["phones"]] == ["+358401234567"]
    assert (answer["source"], answer["source_detail"]) == ("api", "Web shop")


def test_a_known_address_finds_the_person(caller, anna):
    response = caller.post(
        "/contacts",
        {"first_name": "Anni", "emails": ["ANNA.virtanen@esimerkki.example"]},
    )

    assert response.status_code == 200
    assert response.json() == {"id": str(anna.pk)}
    assert Contact.objects.get().first_name == "Anna"
    assert Contact.objects.count() == 1


def test_addresses_that_are_missing_are_added(caller, anna):
    response = caller.post(
        "/contacts",
        {"emails": ["anna.virtanen@esimerkki.example", "anna@koti.example"]},
    )

    assert response.status_code == 200
    assert ContactPoint.objects.filter(contact=anna, kind="email").count() == 2


def test_a_person_is_found_by_telephone_in_any_spelling(caller, anna, bruno):
    response = caller.post("/contacts/search", {"phone": "040-123 4567"})

    assert response.status_code == 200
    assert [found["id"] for found in response.json()["results"]] == [str(anna.pk)]
    assert response.json()["more"] is False


def test_nobody_is_found_by_an_unknown_address(caller, anna):
    response = caller.post("/contacts/search", {"email": "nobody@esimerkki.example"})

    assert (response.status_code, response.json()["results"]) == (200, [])


def test_a_number_that_many_share_gives_some_and_says_so(caller, db):
    for number in range(52):
        make_contact(first_name=f"Person {number}", phone="+358401234567")

    response = caller.post("/contacts/search", {"phone": "+358401234567"})

    assert len(response.json()["results"]) == 50
    assert response.json()["more"] is True


def test_there_is_no_search_by_the_address_of_the_request(caller, anna):
    response = caller.get("/contacts?email=anna.virtanen@esimerkki.example")

    assert response.status_code == 405
    assert "Anna" not in response.content.decode()


def test_reading_a_person_names_the_key_and_the_person_in_the_audit_trail(caller, anna):
    response = caller.get(f"/contacts/{anna.pk}")

    entry = AuditEntry.objects.get(action="record.viewed")
    assert response.status_code == 200
    assert (entry.actor_kind, entry.subject_id) == ("api_key", anna.pk)
    assert entry.purpose == "customer_relationship"
    assert str(entry.request_id) == response["X-Request-ID"]


def test_every_person_found_is_in_the_audit_trail_and_no_word_of_the_search(
    caller, anna
):
    caller.post("/contacts/search", {"email": "anna.virtanen@esimerkki.example"})

    entries = AuditEntry.objects.filter(actor_kind="api_key").order_by("id")
    assert [(e.action, e.subject_id) for e in entries] == [
        ("register.searched", None),
        ("record.viewed", anna.pk),
    ]
    assert "virtanen" not in str(list(entries.values()))


def test_adding_a_person_is_in_the_audit_trail(caller):
    response = caller.post("/contacts", {"emails": ["anna@esimerkki.example"]})

    entry = AuditEntry.objects.get(action="record.added")
    assert entry.actor_kind == "api_key"
    assert str(entry.subject_id) == response.json()["id"]


def test_finding_instead_of_adding_is_a_read(caller, anna):
    caller.post("/contacts", {"emails": ["anna.virtanen@esimerkki.example"]})

    assert list(
        AuditEntry.objects.filter(actor_kind="api_key").values_list(
            "action", "subject_id"
        )
    ) == [("record.viewed", anna.pk)]


def test_what_is_no_number_of_a_contact_is_not_quoted(caller, db):
    response = caller.get("/contacts/Virtanen")

    [sentence] = response.json()["error"]["fields"].values()
    assert response.status_code == 422
    assert sentence.startswith("Write the number of a record, such as ")
    assert "Virtanen" not in response.text
