"""The board of data quality: numbers, trends, and the people behind them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts import quality
from contacts.models import (
    Affiliation,
    Contact,
    ContactPair,
    ContactPoint,
    PostalAddress,
    QualityCount,
)
from contacts.screens.quality import PER_PAGE, lines_for
from contacts.services.quality import count_due
from register import actors
from register.models import AuditEntry, FieldRule, Role, RoleRight
from register.services import protections
from tests.conftest import make_contact, make_user

pytestmark = pytest.mark.django_db

BOARD = "admin:contacts_contact_quality"
LIST = "admin:contacts_contact_quality_list"


def found(code: str) -> set[str]:
    measure = quality.measure(code)
    assert measure is not None
    return {person.first_name for person in measure.people()}


def shown(user) -> dict[str, int]:
    return {line.measure.code: line.people for line in lines_for(user)[0]}


def limit_to_own(user, role: str, *categories: str) -> None:
    rights = RoleRight.objects.filter(role__code=role, category__in=categories)
    rights.update(scope="own")


def test_an_empty_register_has_a_board_without_faults(officer, client_of):
    count_due()

    assert set(shown(officer).values()) == {0}
    page = client_of(officer).get(reverse(BOARD))
    assert page.status_code == 200
    assert "0.0 %" in page.content.decode()
    for measure in quality.measures():
        if measure.on_board:
            listed = client_of(officer).get(reverse(LIST, args=[measure.code]))
            assert "Nobody is on this list" in listed.content.decode(), measure.code


def test_people_are_unreachable_without_an_address_that_works_now():
    yesterday = timezone.localdate() - timedelta(days=1)
    make_contact(first_name="Mailed", email="mailed@example.com")
    make_contact(first_name="Nothing")
    past = make_contact(first_name="Past", email="past@example.com")
    back = make_contact(first_name="Back", email="back@example.com")
    posted = make_contact(first_name="Posted")
    ContactPoint.objects.filter(contact=past).update(valid_to=yesterday)
    ContactPoint.objects.filter(contact=back).update(undeliverable_since=timezone.now())
    PostalAddress.objects.create(contact=posted, town="Oulu", source="staff")

    assert found("unreachable") == {"Nothing", "Past", "Back"}
    assert found("undeliverable") == {"Back"}


def test_roles_are_missing_or_over(company, anna):
    yesterday = timezone.localdate() - timedelta(days=1)
    over = make_contact(first_name="Over", company=company)
    again = make_contact(first_name="Again", company=company)
    make_contact(first_name="Never")
    Affiliation.objects.filter(contact__in=[over, again]).update(valid_to=yesterday)
    Affiliation.objects.create(contact=again, company=company, source="staff")

    assert found("without_role") == {"Over", "Never"}
    assert found("roles_ended") == {"Over"}


def test_protected_people_are_left_out_of_what_only_some_may_see(officer, company):
    """Without it the web would call everybody whose role it may not see jobless."""
    hidden = make_contact(first_name="Hidden", company=company)
    PostalAddress.objects.create(contact=hidden, town="Oulu", source="staff")
    protections.protect(hidden.pk, ground="own_request", actor=actors.system())

    assert found("without_role") == found("unreachable") == set()


def test_other_measures_find_whom_they_name():
    now = timezone.now()
    make_contact(first_name="Fine", language="fi", source="person")
    make_contact(first_name="Mute", source="person")
    old = make_contact(
        first_name="Old",
        language="fi",
        source="import",
        created_at=now - timedelta(days=800),
        collected_at=now - timedelta(days=800),
    )
    twin = make_contact(first_name="Twin", language="fi", source="person")
    pair = {"points": 100, "features": ["name"]}
    first, second = sorted([old, twin], key=lambda person: str(person.pk))
    ContactPair.objects.create(first=first, second=second, **pair)

    assert found("without_language") == {"Mute"}
    assert found("duty_overdue") == {"Old"}
    assert found("to_review") == {"Old"}
    assert found("alike") == {"Old", "Twin"}
    ContactPair.objects.update(state="different")
    assert found("alike") == set()


def test_a_day_has_one_row_of_each_number_counted_anew_each_hour(at):
    noon = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    with at(noon):
        every = count_due()
        assert every == len(quality.measures())
        assert count_due() == 0
    make_contact()
    with at(noon + timedelta(minutes=61)):
        assert count_due() == every
    assert QualityCount.objects.get(code="all").people == 1
    with at(noon + timedelta(days=1)):
        assert count_due() == every
    assert QualityCount.objects.filter(code="all").count() == 2
    assert QualityCount.objects.count() == 2 * every


def test_a_run_that_was_killed_is_taken_up_where_it_stopped(monkeypatch):
    """Each number is kept at once: what is counted is not counted again."""
    all_of_them = quality.measures()
    monkeypatch.setattr(quality, "measures", lambda: all_of_them[:3])
    assert count_due() == 3  # and here the worker dies
    monkeypatch.undo()

    assert count_due() == len(all_of_them) - 3
    assert QualityCount.objects.count() == len(all_of_them)


@pytest.mark.usefixtures("anna")
def test_each_list_has_as_many_people_as_its_number_says(officer, client_of, company):
    make_contact(first_name="Nothing")
    count_due()
    browser = client_of(officer)

    for code, number in shown(officer).items():
        page = browser.get(reverse(LIST, args=[code]))
        assert len(page.context["rows"]) == number, code
    assert AuditEntry.objects.filter(action="record.listed").exists()


def test_a_long_list_is_paged_without_losing_or_repeating_anybody(officer, client_of):
    moment = timezone.now()
    Contact.objects.bulk_create(
        Contact(source="person", created_at=moment) for _ in range(PER_PAGE + 3)
    )
    browser = client_of(officer)
    first = browser.get(reverse(LIST, args=["unreachable"]))
    address = f"{reverse(LIST, args=['unreachable'])}?after={first.context['next']}"
    second = browser.get(address)

    keys = [row.pk for page in (first, second) for row in page.context["rows"]]
    assert len(keys) == len(set(keys)) == PER_PAGE + 3
    for bad in ("x", "%00", "9" * 5000):
        page = browser.get(f"{reverse(LIST, args=['unreachable'])}?after={bad}")
        assert len(page.context["rows"]) == PER_PAGE


def test_who_sees_own_people_alone_gets_their_numbers_and_no_trend(seller, client_of):
    limit_to_own(seller, "sales", "identity", "company", "information")
    make_contact(first_name="Mine", responsible=seller)
    make_contact(first_name="Foreign")
    count_due()

    lines, counted_at, is_complete = lines_for(seller)
    assert (counted_at, is_complete) == (None, True)
    assert {line.total for line in lines} == {1}
    assert all(line.points == [] for line in lines)
    assert shown(seller)["unreachable"] == 1
    page = client_of(seller).get(reverse(LIST, args=["unreachable"])).content.decode()
    assert "Mine" in page
    assert "Foreign" not in page


def test_who_reaches_all_people_but_own_roles_alone_is_told_of_own_people(seller):
    """All others would look as if they had no role."""
    limit_to_own(seller, "sales", "company")
    make_contact(first_name="Mine", responsible=seller)
    make_contact(first_name="Foreign")
    count_due()

    assert shown(seller)["without_role"] == 1
    assert shown(seller)["unreachable"] == 2


def test_numbers_follow_the_rights_to_what_they_are_made_of(client_of):
    role = Role.objects.create(code="thin", name="thin", default_purpose="x")
    RoleRight.objects.create(role=role, category="identity", action="view")
    user = make_user("thin", "thin")
    count_due()

    assert {"without_role", "roles_ended", "duty_overdue"}.isdisjoint(shown(user))
    assert client_of(user).get(reverse(LIST, args=["without_role"])).status_code == 404
    assert client_of(user).get(reverse(LIST, args=["all"])).status_code == 404
    assert "without_language" in shown(user)
    FieldRule.objects.create(
        role=role, field="contacts.contact.language", level="hidden"
    )
    assert "without_language" not in shown(make_user("other", "thin"))


def test_without_the_right_to_see_people_there_is_no_board(stranger, client_of):
    count_due()
    browser = client_of(stranger)

    assert browser.get(reverse(BOARD)).status_code == 403
    assert browser.get(reverse(LIST, args=["unreachable"])).status_code == 403
    assert shown(stranger) == {}


def test_the_trend_is_since_the_oldest_day_of_the_month(officer, client_of):
    count_due()
    day = timezone.localdate() - timedelta(days=20)
    QualityCount.objects.create(code="unreachable", day=day, people=7)
    make_contact()

    line = next(
        one for one in lines_for(officer)[0] if one.measure.code == "unreachable"
    )
    assert line.change == -7
    assert "-7" in client_of(officer).get(reverse(BOARD)).content.decode()


def test_what_is_not_counted_yet_is_said(officer, client_of):
    assert (
        "have not been counted yet"
        in client_of(officer).get(reverse(BOARD)).content.decode()
    )
