from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import (
    HealthCheck,
    given,
    settings as hypothesis_settings,
    strategies as st,
)

from communications.models import Call, Chat, ChatLine, ChatParticipant, Note
from contacts.models import (
    Affiliation,
    Company,
    CompanyPair,
    Contact,
    ContactPair,
    ContactPoint,
    PostalAddress,
    Service,
    ServiceAgreement,
)
from contacts.models.agreements import IN_FORCE
from contacts.services import search_words
from register import access, actors
from register.datamap import Action, Category, Scope
from register.models import (
    AddressProtection,
    Hold,
    Role,
    RoleAssignment,
    RoleRight,
    Team,
    TeamMembership,
)
from register.services import holds
from register.staff_site import estimated_count
from tests.conftest import ensure_seeded, make_contact, make_user

pytestmark = pytest.mark.django_db
VIEW = Action.VIEW


@contextlib.contextmanager
def in_the_web(reader: Any) -> Iterator[None]:
    """Ask as a request of ``reader`` would."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
    try:
        with access.reading_as(reader):
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def make_role(code: str, rights: dict[str, dict[str, str]]) -> Role:
    ensure_seeded()
    role = Role.objects.create(
        code=code, name=code, default_purpose="customer_relationship"
    )
    RoleRight.objects.bulk_create(
        RoleRight(role=role, category=category, action=action, scope=scope)
        for category, actions in rights.items()
        for action, scope in actions.items()
    )
    return role


def limited(name: str, scope: str, *, change: str = "") -> Any:
    actions = {"view": scope, "add": scope, "change": change or scope}
    make_role(
        f"{name}-role",
        dict.fromkeys(("identity", "company", "communication", "chats"), actions),
    )
    return make_user(name, f"{name}-role")


@pytest.fixture
def own(db: None) -> Any:
    return limited("own", "own")


@pytest.fixture
def people(own: Any) -> dict[str, Any]:
    colleague, other = make_user("colleague"), make_user("other")
    team = Team.objects.create(name="North")
    TeamMembership.objects.create(team=team, user=own)
    TeamMembership.objects.create(team=team, user=colleague)
    return {
        "mine": make_contact(last_name="Mine", responsible=own, email="m@x.test"),
        "colleagues": make_contact(
            last_name="Colleagues", responsible=colleague, email="c@x.test"
        ),
        "teams": make_contact(last_name="Teams", team=team, email="t@x.test"),
        "others": make_contact(last_name="Others", responsible=other, email="o@x.test"),
        "nobodys": make_contact(last_name="Nobodys", email="n@x.test"),
    }


def names(rows: Any) -> set[str]:
    return set(rows.values_list("last_name", flat=True))


def set_scope(user: Any, scope: str, action: str = "view") -> None:
    RoleRight.objects.filter(
        role__assignments__user=user, action=action, category="identity"
    ).update(scope=scope)
    access.forget(user)


@pytest.mark.parametrize(
    ("scope", "sees"),
    [
        (Scope.OWN, {"Mine"}),
        (Scope.TEAM, {"Mine", "Colleagues", "Teams"}),
        (Scope.ALL, {"Mine", "Colleagues", "Teams", "Others", "Nobodys"}),
    ],
)
def test_a_scope_reaches_its_people_and_what_hangs_on_them(own, people, scope, sees):
    set_scope(own, scope)

    with in_the_web(own):
        assert names(Contact.objects.all()) == sees
        assert ContactPoint.objects.count() == len(sees)
    assert names(access.visible_to(own, Contact.objects.all())) == sees
    assert access.visible_to(own, ContactPoint.objects.all()).count() == len(sees)


def test_a_session_that_says_nothing_reaches_nothing(own, people):
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
    try:
        assert not Contact.objects.exists()
        assert not ContactPoint.objects.exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")


def test_whoever_has_no_right_reaches_nothing(stranger, people):
    with in_the_web(stranger):
        assert not Contact.objects.exists()
    assert not access.visible_to(stranger, Contact.objects.all()).exists()


def test_what_hangs_on_a_person_follows_its_own_category(own, people):
    for name in ("mine", "others"):
        Call.objects.create(
            contact=people[name],
            direction="in",
            number="+358401234567",
            started_at="2026-11-01T10:00Z",
            ended_at="2026-11-01T10:05Z",
        )
    RoleRight.objects.filter(category="communication").update(scope="all")

    with in_the_web(own):
        assert Call.objects.count() == 2
        assert names(Contact.objects.all()) == {"Mine"}


def test_a_chat_is_reached_by_any_of_its_people(own, people, django_assert_num_queries):
    for name in ("mine", "others"):
        chat = Chat.objects.create(started_at="2026-11-01T10:00Z")
        participant = ChatParticipant.objects.create(chat=chat, contact=people[name])
        ChatLine.objects.create(chat=chat, participant=participant, text="Hei")

    with in_the_web(own):
        assert Chat.objects.count() == 1
        assert ChatLine.objects.count() == 1
    assert access.visible_to(own, Chat.objects.all()).count() == 1


def test_a_company_is_reached_by_itself_or_by_its_people(own, people, company):
    reached = Company.objects.create(name="By role Oy", source="staff")
    mine = Company.objects.create(name="Own Oy", source="staff", responsible=own)
    Affiliation.objects.create(contact=people["mine"], company=reached, source="staff")
    Affiliation.objects.create(
        contact=people["others"], company=company, source="staff"
    )

    with in_the_web(own):
        assert set(Company.objects.all()) == {reached, mine}
    assert set(access.visible_to(own, Company.objects.all())) == {reached, mine}


def test_that_two_are_alike_is_known_to_who_reaches_both(own, people, client_of):
    def pair(*names: str) -> ContactPair:
        one, other = sorted((people[name] for name in names), key=lambda each: each.pk)
        return ContactPair.objects.create(
            first=one, second=other, points=90, features=["phone"]
        )

    for other in ("teams", "colleagues", "others", "nobodys"):
        pair("mine", other)
    people["too"] = make_contact(last_name="Too", responsible=own)
    firms = [
        Company.objects.create(name=f"{n} Oy", source="staff", responsible=responsible)
        for n, responsible in enumerate([own, own, None])
    ]
    for one, other in ((0, 1), (1, 2)):
        first, second = sorted((firms[one], firms[other]), key=lambda each: each.pk)
        CompanyPair.objects.create(first=first, second=second, points=90, features=[])
    browser = client_of(own)

    def seen() -> list[Any]:
        lists = [
            browser.get(f"/admin/contacts/{model}/?duplicate=open").context_data["cl"]
            for model in ("contact", "company")
        ]
        board = browser.get("/admin/contacts/contact/quality/").context_data["lines"]
        alike = next(line for line in board if line.measure.code == "alike")
        return [*(found.result_count for found in lists), alike.people]

    assert seen() == [0, 2, 0]
    mine = pair("mine", "too")
    assert seen() == [2, 2, 2]
    with in_the_web(own):
        assert list(ContactPair.objects.all()) == [mine]
        assert ContactPair.objects.filter(points=90).update(points=80) == 1
        assert CompanyPair.objects.filter(points=90).update(points=80) == 1


def test_nobody_is_changed_outside_the_scope_of_changing(people, own):
    set_scope(own, "all")

    with in_the_web(own):
        assert Contact.objects.filter(last_name="Mine").update(language="sv") == 1
        for change in (
            lambda: Contact.objects.filter(last_name="Others").update(language="sv"),
            lambda: ContactPoint.objects.filter(value="o@x.test").update(label="x"),
            lambda: ContactPoint.objects.filter(value="o@x.test").delete(),
            lambda: ContactPoint.objects.filter(value="m@x.test").update(
                contact=people["others"]
            ),
        ):
            with pytest.raises(ProgrammingError), transaction.atomic():
                change()
        # Services lock whom they do not change.
        assert Contact.objects.select_for_update(no_key=True).count() == 5
    assert Contact.objects.get(last_name="Others").language == ""
    assert ContactPoint.objects.filter(value="o@x.test", label="").count() == 1


def test_nobody_is_added_to_others(people, own):
    with in_the_web(own):
        PostalAddress.objects.create(
            contact=people["mine"], street="Katu 1", source="staff"
        )
        with pytest.raises(ProgrammingError), transaction.atomic():
            PostalAddress.objects.create(
                contact=people["others"], street="Katu 1", source="staff"
            )
        with pytest.raises(ProgrammingError), transaction.atomic():
            Contact.objects.create(last_name="New", source="staff")
        Contact.objects.create(last_name="New", source="staff", responsible=own)


def test_screens_of_others_do_not_exist_and_forms_refuse(own, people, client_of):
    set_scope(own, "all")
    browser = client_of(own)
    other = people["others"]

    assert browser.get(page(people["mine"])).status_code == 200
    assert browser.get(page(other)).status_code == 200
    form = browser.get(reverse("admin:contacts_contact_change", args=[other.pk]))
    posted = browser.post(
        reverse("admin:contacts_contact_change", args=[other.pk]), {"language": "sv"}
    )

    assert b'name="_save"' not in form.content
    assert posted.status_code == 403
    set_scope(own, "own")
    assert browser.get(page(people["mine"])).status_code == 200
    assert browser.get(page(other)).status_code == 404


def test_lists_searches_and_counts_hold_own_people_alone(own, people, client_of):
    search_words.refresh([person.pk for person in people.values()])
    browser, address = client_of(own), reverse("admin:contacts_contact_changelist")

    listed = browser.get(address)
    found = browser.get(address, {"q": "x.test"})

    assert [c.last_name for c in listed.context_data["cl"].result_list] == ["Mine"]
    assert listed.context_data["cl"].result_count == 1
    assert [c.last_name for c in found.context_data["cl"].result_list] == ["Mine"]
    assert not browser.get(address, {"q": "others"}).context_data["cl"].result_list


def test_after_a_request_the_connection_reaches_nothing(own, people, client_of):
    client_of(own).get(reverse("admin:contacts_contact_changelist"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('seloste.scopes', true)")
        assert cursor.fetchone()[0] == ""


def test_to_see_all_costs_one_plan_without_asking_rows(agent, people):
    with in_the_web(agent), connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT TEXT) SELECT id FROM contacts_contact")
        plan = "\n".join(row[0] for row in cursor.fetchall())

    assert "InitPlan" in plan
    assert str(access.visible_to(agent, Contact.objects.all()).query) == str(
        Contact.objects.all().query
    )


def agreement(company: Company) -> ServiceAgreement:
    service, _created = Service.objects.get_or_create(code="support", name="Support")
    found, _created = ServiceAgreement.objects.get_or_create(
        company=company,
        service=service,
        source="staff",
        defaults={"starts_on": "2026-01-01", "ended_at": IN_FORCE},
    )
    return found


@pytest.mark.parametrize("scope", ["own", "team"])
def test_a_company_of_ones_own_is_worked_with_before_it_has_people(
    own, people, client_of, scope
):
    RoleRight.objects.filter(role__assignments__user=own).update(scope=scope)
    role = Role.objects.get(assignments__user=own)
    for action in ("view", "add", "change"):
        RoleRight.objects.create(
            role=role, category="notes", action=action, scope=scope
        )
    colleague = people["colleagues"].responsible
    mine, theirs = (
        Company.objects.create(name=name, source="staff", responsible=responsible)
        for name, responsible in (
            ("Mine Oy", own if scope == "own" else colleague),
            ("Theirs Oy", people["others"].responsible),
        )
    )
    for firm in (mine, theirs):
        agreement(firm)
        Note.objects.create(company=firm, text="Written before")
        Company.objects.filter(pk=firm.pk).update(town="Oulu")
    browser = client_of(own)

    written = [
        browser.post(
            reverse("admin:communications_note_write", args=["company", firm.pk]),
            {"note-text": "Written now"},
        ).status_code
        for firm in (mine, theirs)
    ]

    assert written == [302, 404]
    assert set(Note.objects.filter(text="Written now")) == set(
        mine.notes.filter(text="Written now")
    )
    with in_the_web(own):
        assert {note.company_id for note in Note.objects.all()} == {mine.pk}
        assert [a.company_id for a in ServiceAgreement.objects.all()] == [mine.pk]
        versions = apps.get_model("contacts.CompanyVersion")._default_manager
        assert [version.row_id for version in versions.all()] == [mine.pk]


def page(contact: Any) -> str:
    return reverse("admin:contacts_contact_page", args=[contact.pk])


@given(
    scopes=st.lists(
        st.tuples(
            st.sampled_from(["identity", "company", "communication", "chats", "notes"]),
            st.sampled_from(["view", "change"]),
            st.sampled_from(list(Scope.values)),
        ),
        max_size=5,
    )
)
@hypothesis_settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_queries_and_the_database_follow_one_rule(people, own, company, scopes):
    with transaction.atomic():
        mine, _created = Company.objects.get_or_create(
            name="Mine Oy", source="staff", responsible=own
        )
        for firm in (mine, company):
            Note.objects.get_or_create(company=firm, text="About a company")
            agreement(firm)
        RoleAssignment.objects.filter(user=own).delete()
        for number, (category, action, scope) in enumerate(scopes):
            role = make_role(f"r{number}", {category: {action: scope}})
            RoleAssignment.objects.create(user=own, role=role)
        access.forget(own)
        Affiliation.objects.get_or_create(
            contact=people["teams"], company=company, source="staff"
        )
        one, other = sorted((people["mine"], people["teams"]), key=lambda each: each.pk)
        ContactPair.objects.get_or_create(
            first=one, second=other, points=90, features=["phone"]
        )
        for model in (
            *(Contact, ContactPoint, Company, Affiliation, Chat, ContactPair),
            *(Note, ServiceAgreement),
        ):
            with in_the_web(own):
                by_database = set(model.objects.values_list("pk", flat=True))
            rows = access.visible_to(own, model.objects.all())
            assert set(rows.values_list("pk", flat=True)) == by_database
        transaction.set_rollback(True)


def test_companies_have_a_category_of_their_own(own, people, company):
    assert access.scope_of(own, VIEW, Category.RETENTION) is None
    assert access.is_limited(own, Company)


@pytest.mark.parametrize("hidden", ["beyond reach", "protected"])
def test_a_new_main_contact_takes_the_place_of_one_who_is_hidden(
    own, people, company, client_of, hidden
):
    before = Affiliation.objects.create(
        contact=people["others"], company=company, source="staff", is_main=True
    )
    role = Affiliation.objects.create(
        contact=people["mine"], company=company, source="staff"
    )
    if hidden == "protected":
        for category in ("identity", "company"):
            RoleRight.objects.filter(category=category).update(scope="all")
        AddressProtection.objects.create(
            subject_id=people["others"].pk, ground="own_request"
        )
    form = {"last_name": "Mine", "relationship": "customer"}
    for prefix in ("points", "addresses", "affiliations"):
        count = str(int(prefix == "affiliations"))
        form |= {f"{prefix}-TOTAL_FORMS": count, f"{prefix}-INITIAL_FORMS": count}
    row = {"id": role.pk, "contact": people["mine"].pk, "company": company.pk}
    row |= {"is_main": "on", "source": "staff"}
    form |= {f"affiliations-0-{name}": str(value) for name, value in row.items()}

    saved = client_of(own).post(
        reverse("admin:contacts_contact_change", args=[people["mine"].pk]), form
    )

    assert saved.status_code == 302
    assert Affiliation.objects.filter(company=company, is_main=True).get() == role
    before.refresh_from_db()
    assert before.contact == people["others"]


def test_a_number_of_a_list_kept_for_one_reader_is_told_to_no_other(
    own, people, company, agent, officer, monkeypatch
):
    monkeypatch.setattr("register.staff_site.counting.FEW", 0)
    RoleRight.objects.filter(role__assignments__user=own).update(scope="all")
    RoleRight.objects.filter(role__assignments__user=own, category="company").update(
        scope="own"
    )
    for person in people.values():
        Affiliation.objects.create(contact=person, company=company, source="staff")
    held, kept = (timezone.now() - timedelta(days=days) for days in (100, 1))
    for ended in (held, kept):
        chat = Chat.objects.create(started_at=ended, ended_at=ended)
        ChatParticipant.objects.create(chat=chat, contact=people["mine"])
    holds.place(
        reason=Hold.Reason.LEGAL_CLAIM,
        subject_id=people["mine"].pk,
        actor=actors.system(),
    )
    with_role = Contact.objects.filter(affiliations__company=company)

    def count(reader: Any, rows: Any) -> int:
        with in_the_web(reader):
            return estimated_count(rows)

    assert [count(reader, with_role) for reader in (agent, own)] == [5, 1]
    assert [count(each, Chat.objects.all()) for each in (officer, agent)] == [2, 1]


@pytest.mark.parametrize("scope", ["", "own", "all"])
def test_nobody_is_found_by_a_workplace_that_the_finder_does_not_see(
    people, company, client_of, scope
):
    rights = {"identity": {"view": "all"}}
    make_role("finder", rights | ({"company": {"view": scope}} if scope else {}))
    Affiliation.objects.create(
        contact=people["others"], company=company, source="staff"
    )
    search_words.refresh([people["others"].pk])
    browser = client_of(make_user("finder", "finder"))
    page = reverse("admin:contacts_contact_page", args=[people["others"].pk])

    for words in (company.name, company.business_id):
        listed = browser.get(reverse("admin:contacts_contact_changelist"), {"q": words})
        found = browser.post("/admin/find/", {"words": words}).content.decode()
        assert listed.context_data["cl"].result_count == int(scope == "all")
        assert (page in found) is (scope == "all")
    by_name = browser.post("/admin/find/", {"words": "others"}).content.decode()
    assert page in by_name
