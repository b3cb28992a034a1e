"""The overview: what each role sees of it, and how each user arranges it."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import ContactPoint, Export
from contacts.services.quality import count_due
from register import access, dashboard
from register.datamap.vocabulary import Action
from register.models import OverviewArrangement, RoleRight
from register.services import overview
from tests.conftest import make_contact

pytestmark = pytest.mark.django_db

ARRANGE = "overview_arrange"


def titles(user) -> list[str]:
    figures, plots = dashboard.for_user(user)
    return [str(one.title) for one in figures] + [str(one.title) for one in plots]


def codes(user) -> list[str]:
    return [tile.code for tile in dashboard.tiles_of(user)]


def part(user, title: str):
    figures, plots = dashboard.for_user(user)
    parts: list[Any] = [*figures, *plots]
    return next(one for one in parts if str(one.title) == title)


def test_every_role_sees_the_parts_of_its_rights_alone(
    officer, agent, seller, marketer, auditor, administrator, stranger
):
    make_contact(email="anna@example.com")
    count_due()

    for user in (officer, agent, seller, marketer, auditor, administrator, stranger):
        seen = set(titles(user))
        for title, category in (
            ("Unreachable", "identity"),
            ("Contacts by source", "identity"),
            ("Information duty overdue", "information"),
            ("E-mail marketing reaches", "prohibitions"),
            ("Calls by week", "communication"),
            ("Chats by week", "chats"),
            ("Open requests", "requests"),
            ("Unusual look-ups", "lookups"),
        ):
            may = access.may(user, Action.VIEW, category)
            if category == "prohibitions":
                may = may and access.may(user, Action.VIEW, "identity")
            assert (title in seen) == may, (user.email, title)
    assert titles(stranger) == []


def test_an_empty_register_has_an_overview(officer, client_of):
    page = client_of(officer).get(reverse("admin:index"))

    assert page.status_code == 200
    assert "Contacts by source" not in titles(officer)


def test_marketing_sees_whom_e_mail_reaches(marketer):
    make_contact(email="works@example.com")
    fails = make_contact(email="fails@example.com")
    make_contact(phone="+358401234567")
    ContactPoint.objects.filter(contact=fails).update(
        undeliverable_since=timezone.now()
    )
    count_due()

    plot = part(marketer, "E-mail marketing reaches")
    assert list(plot.values) == [1, 1, 0, 1]


def test_plots_of_own_people_count_own_people(seller):
    RoleRight.objects.filter(role__code="sales", category="identity").update(
        scope="own"
    )
    make_contact(source="import", responsible=seller)
    make_contact(source="import")
    count_due()

    assert sum(part(seller, "Contacts by source").values) == 1
    assert "Customers and prospects by month" not in titles(seller)


def test_customers_and_prospects_stand_side_by_side(seller, client_of):
    make_contact(relationship="customer")
    make_contact(relationship="prospect")
    count_due()

    plot = part(seller, "Customers and prospects by month")
    assert (list(plot.values), list(plot.more[0][1])) == ([1], [1])
    page = client_of(seller).get(reverse("admin:index")).content.decode()
    assert "End of the month" in page


def test_files_taken_and_not_confirmed_deleted_are_shown_to_who_took_them(
    marketer, officer
):
    export = Export.objects.create(state="ready", purpose="x", columns=["name"])
    assert "Exports to delete" not in titles(marketer)
    export.downloads.create(user=marketer)

    assert part(marketer, "Exports to delete").value == 1
    assert "Exports to delete" not in titles(officer)
    Export.objects.update(copies_deleted_at=timezone.now())
    assert "Exports to delete" not in titles(marketer)


def test_a_user_hides_and_moves_parts_for_himself_alone(agent, seller, client_of):
    before, of_seller = codes(agent), codes(seller)
    browser = client_of(agent)
    shown = [code for code in before if code != "contacts"]

    page = browser.get(reverse(ARRANGE)).content.decode()
    assert "Move up" in page
    browser.post(reverse(ARRANGE), {"shown": shown, "do": f"down:{before[0]}"})

    assert codes(agent)[:2] == [before[1], before[0]]
    assert "Contacts" not in titles(agent)
    assert codes(seller) == of_seller
    assert "Contacts" in titles(seller)
    browser.post(reverse(ARRANGE), {"do": "reset"})
    assert codes(agent) == before
    assert not OverviewArrangement.objects.exists()


def test_a_number_never_moves_among_the_plots(agent):
    tiles = dashboard.tiles_of(agent)
    last = [tile.code for tile in tiles if not tile.is_plot][-1]
    before = codes(agent)

    overview.arrange(agent, set(before), moved=last)

    assert codes(agent) == before


def test_arranging_gives_no_right_and_keeps_no_rubbish(agent, client_of):
    client_of(agent).post(
        reverse(ARRANGE),
        {"shown": ["requests", "lookup alerts", "\x00", "x" * 9999], "do": "up:late"},
    )

    stored = OverviewArrangement.objects.get()
    assert set(stored.placed) == set(codes(agent))
    assert "requests" not in stored.placed
    assert "Open requests" not in titles(agent)


def test_a_new_part_comes_where_it_belongs(agent):
    before = codes(agent)
    overview.arrange(agent, set(before))
    own = OverviewArrangement.objects.get()
    own.placed = [code for code in before if code != before[2]]
    own.save()

    assert codes(agent) == before
