"""Where a protected person is, nobody learns on any screen, list, search or interface."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from communications.models import Chat, ChatParticipant
from contacts.models import Affiliation, Company, PostalAddress
from contacts.selectors import search
from contacts.services import search_words
from dsar.services import erasure_planning, identity as identities, intake
from register import actors
from register.database.drift import differences
from register.datamap.vocabulary import Action, Category
from register.errors import Conflict, DomainError
from register.models import (
    AddressProtection,
    ApiKey,
    Approval,
    AuditEntry,
    Role,
    RoleAssignment,
    RoleRight,
    WhereaboutsReader,
)
from register.services import api_keys, approvals, protections
from tests.conftest import make_contact, make_user
from tests.contacts import import_files
from tests.dsar import access_factory
from tests.dsar.access_factory import confirmed

pytestmark = pytest.mark.django_db

# Nothing else in the tests has these words.
STREET, POSTCODE, TOWN = "Zqkatu 71", "99981", "Zqlä"
FIRM, FIRM_ID, FIRM_TOWN, TITLE = "Toiminimi Zqoma", "0737546-2", "Zqmäki", "Zqjohtaja"
MARKERS = (STREET, POSTCODE, TOWN, FIRM, FIRM_ID, FIRM_TOWN, TITLE)


@pytest.fixture
def hidden(company):
    """A sole trader with a home, a firm of her own, and a post at the company of others."""
    firm = Company.objects.create(
        name=FIRM,
        kind="sole_trader",
        business_id=FIRM_ID,
        street=STREET,
        town=FIRM_TOWN,
        source="staff",
    )
    contact = make_contact(
        first_name="Salla", last_name="Suojattu", email="salla@a.example", company=firm
    )
    Affiliation.objects.create(
        contact=contact, company=company, job_title=TITLE, source="staff"
    )
    PostalAddress.objects.create(
        contact=contact, street=STREET, postcode=POSTCODE, town=TOWN, source="staff"
    )
    search_words.refresh_of_companies([firm.pk, company.pk])
    search_words.refresh([contact.pk])
    return contact


@pytest.fixture
def protected(hidden, agent):
    protections.protect(hidden.pk, ground="non_disclosure", actor=actors.of_user(agent))
    return hidden


@pytest.fixture
def reader(second_officer, officer):
    """The second officer, named by herself and approved by the first."""
    protections.name_reader(second_officer, actor=actors.of_user(second_officer))
    approvals.decide(
        Approval.objects.get(), approve=True, actor=actors.of_user(officer)
    )
    return second_officer


def page_of(contact, name="page"):
    return reverse(f"admin:contacts_contact_{name}", args=[contact.pk])


def leaks(response) -> list[str]:
    if response.streaming:
        return []
    content = response.content.decode()
    return [marker for marker in MARKERS if marker in content]


def every_address():
    """Every list and every page of every row that the staff site has."""
    yield reverse("admin:index")
    for model in admin.site._registry:
        label = f"{model._meta.app_label}_{model._meta.model_name}"
        yield from address_of(f"admin:{label}_changelist")
        # What stands in rows of the same table differs where the person is in them.
        is_near = model._meta.app_label in ("contacts", "dsar")
        views = ["change", "page", "show", "find", "review", "erasure", "protection"]
        for row in model._base_manager.all()[: 4 if is_near else 1]:
            for view in [*views, *(["history"] if is_near else [])]:
                yield from address_of(f"admin:{label}_{view}", row.pk)


def posted_by(opened, prefix) -> dict[str, object]:
    """What a browser sends of an inline set that nobody touched."""
    [formset] = [
        each.formset
        for each in opened.context["inline_admin_formsets"]
        if each.formset.prefix == prefix
    ]
    forms = [formset.management_form, *formset.initial_forms]
    return {
        field.html_name: field.value() if field.value() is not None else ""
        for form in forms
        for field in form
        if field.name != "DELETE"
    }


def address_of(name, *args):
    try:
        yield reverse(name, args=args)
    except NoReverseMatch:
        return


def test_no_page_and_no_list_tells_it(protected, client_of, officer, agent):
    """Asked as somebody with every right there is, so that no role sees more."""
    confirmed(officer, protected, other_identifiers="", email="salla@a.example")
    client = client_of(almighty())

    opened = set()
    for address in every_address():
        response = client.get(address)
        assert response.status_code in (200, 302, 403, 404, 405), address
        assert leaks(response) == [], address
        if response.status_code == 200:
            opened.add(address)

    assert page_of(protected) in opened
    assert page_of(protected, "change") in opened
    assert len(opened) > 30


def almighty():
    role = Role.objects.create(code="all", name="All", default_purpose="accountability")
    RoleRight.objects.bulk_create(
        RoleRight(role=role, category=category, action=action)
        for category in Category
        for action in Action
    )
    user = make_user("almighty")
    RoleAssignment.objects.create(user=user, role=role)
    return user


@pytest.mark.parametrize("role", ["marketer", "reader"])
def test_no_search_finds_by_it(protected, role, request, client_of):
    client = client_of(request.getfixturevalue(role))

    for word in ("Zqkatu", "99981", "Zqlä", "Zqoma", "0737546", "Zqmäki", "Zqjohtaja"):
        for table in ("contact", "company"):
            listed = client.get(f"/admin/contacts/{table}/", {"q": word})
            assert len(listed.context["cl"].result_list) == 0, word
            assert "Suojattu" not in listed.content.decode()
        typed = {
            "app_label": "contacts",
            "model_name": "affiliation",
            "field_name": "company",
            "term": word,
        }
        completed = client.get("/admin/autocomplete/", typed)
        if completed.status_code == 200:
            assert completed.json()["results"] == []
    assert [found.pk for found in search("Esimerkki")] == []
    assert [found.pk for found in search("Suojattu")] == [protected.pk]


@pytest.fixture
def colleague(hidden):
    """Somebody at the same firm whose own address is not protected."""
    firm = Company.objects.get(business_id=FIRM_ID)
    contact = make_contact(first_name="Onni", email="onni@a.example", company=firm)
    search_words.refresh([contact.pk])
    return contact


def found_by(*words):
    return [{found.pk for found in search(word)} for word in words]


def test_nobody_is_found_by_the_hidden_firm_of_a_colleague(
    hidden, colleague, agent, officer, client_of
):
    both = {hidden.pk, colleague.pk}
    assert found_by("Zqoma", FIRM_ID) == [both, both]

    address = page_of(hidden, "protection")
    client_of(agent).post(address, {"ground": "non_disclosure"})
    assert found_by("Zqoma", FIRM_ID) == [set(), set()]
    # A worker writes the words anew, and is not bound by row security.
    search_words.refresh([colleague.pk])
    search_words.refresh_of_companies([colleague.affiliations.get().company_id])
    assert found_by("Zqoma", FIRM_ID, "Onni") == [set(), set(), {colleague.pk}]

    client_of(officer).post(address, {"action": "lift"})
    assert found_by("Zqoma", FIRM_ID) == [both, both]


def test_colleagues_are_found_again_after_the_last_day(hidden, colleague, agent):
    today = timezone.localdate()
    protections.protect(
        hidden.pk, ground="own_request", valid_until=today, actor=actors.of_user(agent)
    )
    AddressProtection.objects.update(valid_until=today - timedelta(days=1))
    assert found_by("Zqoma") == [set()]

    search_words.refresh_turned_roles()

    assert found_by("Zqoma") == [{hidden.pk, colleague.pk}]


def test_finding_the_person_of_a_request_tells_of_no_hidden_firm(
    protected, colleague, officer, client_of
):
    request = access_factory.open_access(officer)

    shown = client_of(officer).post(
        reverse("admin:dsar_request_find", args=[request.pk]),
        {"more": "\n".join([FIRM_ID, FIRM, STREET, TITLE])},
    )

    assert shown.status_code == 200
    assert shown.context["candidates"] == []
    assert shown.context["records"] == []


def test_who_works_at_a_company_leaves_the_protected_out(
    protected, anna, company, agent, client_of
):
    client = client_of(agent)

    page = client.get(reverse("admin:contacts_company_change", args=[company.pk]))
    people = client.get(
        "/admin/contacts/contact/", {"affiliations__company__id__exact": company.pk}
    )

    assert "Suojattu" not in page.content.decode()
    assert page.context["people_count"] == 1
    assert [row.pk for row in people.context["cl"].result_list] == [anna.pk]


def test_the_mark_is_shown_to_all_who_see_the_person(protected, seller, client_of):
    shown = client_of(seller).get(page_of(protected)).content.decode()

    assert "where this person lives or works" in shown
    assert "Only those who were named for it see them." in shown
    assert "salla@a.example" in shown


def test_saving_the_form_leaves_what_is_hidden_as_it_is(protected, agent, client_of):
    client = client_of(agent)
    opened = client.get(page_of(protected, "change"))
    prefixes = [each.formset.prefix for each in opened.context["inline_admin_formsets"]]
    [point] = protected.points.all()

    saved = client.post(
        page_of(protected, "change"),
        {
            "first_name": "Sanna", "last_name": "Suojattu", "relationship": "customer",
            "points-TOTAL_FORMS": 1, "points-INITIAL_FORMS": 1,
            "points-0-id": point.pk, "points-0-contact": protected.pk,
            "points-0-kind": "email", "points-0-value": point.value,
            "points-0-source": "staff",
            # Somebody who types the names of inputs that are not there.
            "addresses-TOTAL_FORMS": 1, "addresses-INITIAL_FORMS": 0,
            "addresses-0-town": "Muualla", "addresses-0-country": "FI",
            "addresses-0-source": "staff",
            "interests-TOTAL_FORMS": 0, "interests-INITIAL_FORMS": 0,
        },
    )  # fmt: skip

    protected.refresh_from_db()
    assert prefixes == ["points", "interests"]
    assert "are not on this form" in opened.content.decode()
    assert saved.status_code == 302
    assert protected.first_name == "Sanna"
    [address] = protected.addresses.all()
    assert (address.street, address.town) == (STREET, TOWN)
    assert protected.affiliations.count() == 2


def test_a_colleague_at_the_hidden_firm_can_still_be_corrected(
    protected, agent, client_of
):
    firm = Company.objects.get(business_id=FIRM_ID)
    colleague = make_contact(first_name="Onni", email="onni@a.example", company=firm)
    [point] = colleague.points.all()
    client = client_of(agent)

    opened = client.get(page_of(colleague, "change"))
    saved = client.post(
        page_of(colleague, "change"),
        {
            "first_name": "Otto", "last_name": "", "relationship": "customer",
            "points-TOTAL_FORMS": 1, "points-INITIAL_FORMS": 1,
            "points-0-id": point.pk, "points-0-contact": colleague.pk,
            "points-0-kind": "email", "points-0-value": point.value,
            "points-0-source": "staff",
            "addresses-TOTAL_FORMS": 0, "addresses-INITIAL_FORMS": 0,
            "interests-TOTAL_FORMS": 0, "interests-INITIAL_FORMS": 0,
            **posted_by(opened, "affiliations"),
        },
    )  # fmt: skip

    colleague.refresh_from_db()
    assert str(firm.pk) not in opened.content.decode()
    assert saved.status_code == 302
    assert colleague.first_name == "Otto"
    assert colleague.affiliations.get().company == firm


# --- those who may see --------------------------------------------------------------


def test_a_reader_sees_it_for_a_purpose_on_the_record(protected, reader, client_of):
    shown = client_of(reader).post(
        page_of(protected, "whereabouts"), {"purpose": "customer_support"}
    )

    assert set(leaks(shown)) == set(MARKERS) - {FIRM_ID}
    [entry] = AuditEntry.objects.filter(action="address.revealed")
    assert (entry.subject_id, entry.purpose) == (protected.pk, "customer_support")
    assert entry.actor_id == str(reader.pk)


def test_a_reader_without_a_purpose_sees_nothing(protected, reader, client_of):
    answer = client_of(reader).post(page_of(protected, "whereabouts"), follow=True)

    assert leaks(answer) == []
    assert "Choose what you look at it for." in answer.content.decode()
    assert not AuditEntry.objects.filter(action="address.revealed").exists()


@pytest.mark.parametrize("role", ["agent", "officer", "administrator"])
def test_nobody_else_gets_it_by_asking(protected, role, request, client_of):
    user = request.getfixturevalue(role)

    answer = client_of(user).post(
        page_of(protected, "whereabouts"), {"purpose": "customer_support"}
    )

    assert answer.status_code == 403
    assert not AuditEntry.objects.filter(action="address.revealed").exists()


def test_a_reader_corrects_it_on_the_form(protected, reader, client_of):
    client = client_of(reader)
    opened = client.get(page_of(protected, "change"))
    form = opened.context["adminform"].form
    data = {name: form[name].value() or "" for name in form.fields}
    for each in opened.context["inline_admin_formsets"]:
        formset = each.formset
        for field in formset.management_form:
            data[field.html_name] = field.value()
        for inner in formset.initial_forms:
            for field in inner:
                value = field.value()
                data[field.html_name] = "" if value in (None, False) else value
    data["addresses-0-street"] = "Uusi 2"

    saved = client.post(page_of(protected, "change"), data)

    assert set(leaks(opened)) >= {STREET, POSTCODE, TOWN, TITLE}
    assert saved.status_code == 302, saved.context["errors"]
    assert protected.addresses.get().street == "Uusi 2"
    assert protected.affiliations.count() == 2
    assert AuditEntry.objects.filter(action="address.revealed").count() == 2
    assert leaks(client.get(page_of(protected))) == []


def test_the_firm_opens_for_a_reader_alone(protected, reader, officer, client_of):
    address = reverse(
        "admin:contacts_company_change", args=[Company.objects.get(name=FIRM).pk]
    )

    assert FIRM in client_of(reader).get(address).content.decode()
    assert client_of(officer).get(address).status_code == 302
    assert AuditEntry.objects.filter(action="address.revealed").count() == 1


def test_naming_needs_a_second_person(officer, second_officer, agent, client_of):
    answer = client_of(officer).post(
        "/admin/register/whereaboutsreader/add/", {"user": str(agent.pk)}, follow=True
    )
    assert [str(message) for message in answer.context["messages"]] == [
        "It is in force once a second person has approved."
    ]
    named = WhereaboutsReader.objects.get()
    assert not protections.is_reader(agent)
    with pytest.raises(DomainError, match="Whoever asked cannot decide"):
        decide(officer)
    decide(second_officer)
    assert protections.is_reader(agent)

    client_of(officer).post(
        f"/admin/register/whereaboutsreader/{named.pk}/delete/", {"post": "yes"}
    )
    assert not protections.is_reader(agent)
    assert list(
        AuditEntry.objects.filter(action__startswith="reader.")
        .order_by("pk")
        .values_list("action", flat=True)
    ) == ["reader.named", "reader.approved", "reader.ended"]


def decide(user):
    approvals.decide(Approval.objects.get(), approve=True, actor=actors.of_user(user))


def test_nobody_approves_their_own_naming(officer, second_officer):
    protections.name_reader(second_officer, actor=actors.of_user(officer))

    with pytest.raises(DomainError, match="Nobody approves their own naming"):
        decide(second_officer)

    assert not protections.is_reader(second_officer)


@pytest.mark.parametrize("role", ["agent", "marketer"])
def test_only_the_officers_name_readers(role, request, client_of):
    user = request.getfixturevalue(role)

    answer = client_of(user).post(
        "/admin/register/whereaboutsreader/add/", {"user": str(user.pk)}
    )

    assert answer.status_code == 403
    assert not WhereaboutsReader.objects.exists()


# --- setting, lifting, ending -----------------------------------------------------------


def test_an_agent_protects_at_once_and_only_an_officer_lifts(
    hidden, agent, officer, client_of
):
    address = page_of(hidden, "protection")
    client_of(agent).post(address, {"ground": "own_request", "evidence": "soitto"})
    assert leaks(client_of(agent).get(page_of(hidden))) == []

    refused = client_of(agent).post(address, {"action": "lift"})
    assert refused.status_code == 403
    assert protections.protection_of(hidden.pk) is not None

    client_of(officer).post(address, {"action": "lift"})
    assert STREET in client_of(agent).get(page_of(hidden)).content.decode()
    assert [found.pk for found in search("Zqoma")] == [hidden.pk]
    assert list(
        AuditEntry.objects.filter(action__startswith="address.")
        .order_by("pk")
        .values_list("action", flat=True)
    ) == ["address.protected", "address.protection_lifted"]


def test_marketing_does_not_set_it(hidden, marketer, client_of):
    answer = client_of(marketer).post(
        page_of(hidden, "protection"), {"ground": "own_request"}
    )

    assert answer.status_code == 403
    assert not AddressProtection.objects.exists()


def test_it_ends_after_its_last_day_by_the_clock_of_finland(
    hidden, agent, client_of, at
):
    last = timezone.localdate() + timedelta(days=3)
    protections.protect(
        hidden.pk, ground="own_request", valid_until=last, actor=actors.of_user(agent)
    )
    midnight = timezone.make_aware(
        timezone.datetime.combine(
            last + timedelta(days=1), timezone.datetime.min.time()
        )
    )

    with at(midnight - timedelta(seconds=1)):
        assert leaks(client_of(agent).get(page_of(hidden))) == []
    with at(midnight + timedelta(hours=1)):
        assert STREET in client_of(agent).get(page_of(hidden)).content.decode()
        assert search_words.refresh_turned_roles() == 1
        assert [found.pk for found in search("Zqoma")] == [hidden.pk]
        again = protections.protect(
            hidden.pk, ground="own_request", actor=actors.of_user(agent)
        )
        assert again.is_in_force


def test_what_is_protected_is_not_protected_twice_nor_until_yesterday(protected, agent):
    actor = actors.of_user(agent)
    yesterday = timezone.localdate() - timedelta(days=1)

    with pytest.raises(Conflict):
        protections.protect(protected.pk, ground="own_request", actor=actor)
    with pytest.raises(DomainError, match="The last day is over already"):
        protections.protect(
            protected.pk, ground="own_request", valid_until=yesterday, actor=actor
        )

    assert AddressProtection.objects.count() == 1


# --- other doors ---------------------------------------------------------------------


def test_a_company_with_the_same_business_id_is_refused_and_not_described(
    protected, agent, client_of
):
    answer = client_of(agent).post(
        "/admin/contacts/company/add/",
        {"name": "Uusi", "kind": "company", "business_id": FIRM_ID, "source": "staff"},
    )

    assert "You cannot use this business id." in answer.content.decode()
    assert FIRM not in answer.content.decode()
    assert Company.objects.count() == 2


def test_an_import_neither_adds_nor_tells_it(protected, marketer):
    targets = ["full_name", "email", "street", "town", "company_name", "business_id"]
    targets.append("language")
    known = ["Salla Suojattu", "salla@a.example"]
    same = [*known, STREET, TOWN, FIRM, FIRM_ID, ""]
    other = [*known, "Arvaus 1", "Espoo", "Arvattu Oy", "", ""]
    misspelt = [*known, STREET, "", FIRM, "1234567-0", ""]
    wrong = [*known, STREET, TOWN, FIRM, FIRM_ID, "klingon"]
    content = import_files.as_csv(targets, [same, other, misspelt, wrong])

    batch, _counts = import_files.imported(content, user=marketer, targets=targets)

    rows = list(batch.rows.order_by("row_number"))
    # A right guess and a wrong one look the same.
    assert [(row.outcome, row.errors) for row in rows] == [
        ("unchanged", ["address_protected"]),
        ("unchanged", ["address_protected"]),
        ("unchanged", ["address_protected"]),
        ("invalid", ["language_unknown:6"]),
    ]
    assert rows[3].cells == [*known, "", "", "", "", "klingon"]
    assert protected.addresses.count() == 1
    assert not Company.objects.filter(name="Arvattu Oy").exists()


@pytest.mark.parametrize("is_protected_first", [True, False])
def test_rows_that_an_import_left_out_do_not_tell_it(
    is_protected_first, hidden, marketer, agent, client_of
):
    targets = ["full_name", "email", "town", "", "language"]
    row = ["Salla Suojattu", "Salla@a.example", TOWN, STREET, "klingon"]
    other = ["Onni Muu", "onni@a.example", "Espoo", "Muukuja 1", "klingon"]
    if is_protected_first:
        protections.protect(
            hidden.pk, ground="own_request", actor=actors.of_user(agent)
        )
    content = import_files.as_csv(["A", "B", "C", "D", "E"], [row, other])
    batch, _counts = import_files.imported(content, user=marketer, targets=targets)
    if not is_protected_first:
        protections.protect(
            hidden.pk, ground="own_request", actor=actors.of_user(agent)
        )

    answer = client_of(marketer).get(
        reverse("admin:contacts_importbatch_bad_rows", args=[batch.pk])
    )

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert "Salla@a.example" in lines[1]
    assert TOWN not in lines[1]
    assert STREET not in lines[1]
    assert "Espoo" in lines[2]
    assert "Muukuja 1" in lines[2]


def test_an_erasure_is_planned_and_found_current_by_whoever_works_on_it(
    protected, officer
):
    request = intake.open_request(
        kind="erasure", channel="email", received_at=timezone.now(),
        email="salla@a.example", actor=actors.of_user(officer),
    )  # fmt: skip
    identities.confirm_person(
        request, subject_ids=[protected.pk], records=[], actor=actors.of_user(officer)
    )
    made = erasure_planning.plan(request, actor=actors.of_user(officer))
    request.refresh_from_db()

    with connection.cursor() as cursor:
        cursor.execute("SET ROLE seloste_app")
    try:
        assert not PostalAddress.objects.exists()
        assert erasure_planning.is_current(request)
        assert not PostalAddress.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")

    rows = {
        line["table"]: line["rows"]
        for line in made.lines
        if line["verdict"] == "delete_row"
    }
    assert rows["contacts.PostalAddress"] == 1
    assert rows["register.AddressProtection"] == 1
    assert rows["contacts.Company"] == 1


def test_the_package_holds_it_and_a_reader_alone_takes_it_out(
    protected, officer, reader, client_of
):
    request = access_factory.collected(officer, protected, email="salla@a.example")
    made = access_factory.packed(officer, request)
    [address] = access_factory.rows_of(made, "contacts.PostalAddress")
    [mark] = access_factory.rows_of(made, "register.AddressProtection")
    firms = access_factory.rows_of(made, "contacts.Company")
    download = reverse("admin:dsar_request_download", args=[request.pk, made.pk])

    refused = client_of(officer).get(download, follow=True)
    made.refresh_from_db()
    assert (
        "The package tells where somebody with a protected" in refused.content.decode()
    )
    assert made.downloaded_at is None
    assert not AuditEntry.objects.filter(action="address.revealed").exists()

    taken = client_of(reader).get(download)
    content = b"".join(taken)  # to its end, which closes the file
    made.refresh_from_db()
    assert content.startswith(b"PK")
    assert made.downloaded_at is not None
    assert AuditEntry.objects.filter(action="address.revealed").count() == 1
    assert (address["street"], mark["ground"]) == (STREET, "non_disclosure")
    assert FIRM in [firm["name"] for firm in firms]


def test_the_interface_tells_the_mark_and_no_address(protected, anna):
    _key, secret = api_keys.create(
        name="Telephone system",
        scopes=list(ApiKey.Scope.values),
        actor=actors.system("access_control"),
    )
    client = Client(headers={"authorization": f"Bearer {secret}"})

    one = client.get(f"/api/v1/contacts/{protected.pk}")
    other = client.get(f"/api/v1/contacts/{anna.pk}")
    found = client.post(
        "/api/v1/contacts/search",
        {"email": "salla@a.example"},
        content_type="application/json",
    )

    assert (one.json()["has_protected_address"], leaks(one)) == (True, [])
    assert other.json()["has_protected_address"] is False
    [result] = found.json()["results"]
    assert (result["has_protected_address"], leaks(found)) == (True, [])


def test_a_conversation_with_a_protected_person_is_flagged(protected, agent, client_of):
    chat = Chat.objects.create(started_at=timezone.now())
    ChatParticipant.objects.create(chat=chat, contact=protected)

    shown = client_of(agent).get(
        reverse("admin:communications_chat_change", args=[chat.pk])
    )

    assert "has a protected address. Tell nobody" in shown.content.decode()


def test_a_missing_rule_of_the_database_is_reported():
    with connection.cursor() as cursor:
        cursor.execute("DROP POLICY seloste_whereabouts ON contacts_postaladdress")

    assert differences() == [
        "row security of whereabouts on contacts_postaladdress is missing"
    ]
