"""The timeline: several sources, one order, and only what the reader may see."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from contacts import timeline
from contacts.timeline import TimelineItem, page_of, register_source
from register.actors import system
from register.datamap.vocabulary import Category
from register.models import Hold
from register.services import holds

NOON = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)


class Events:
    """A source of invented items, and a note of what it was asked."""

    def __init__(self, code: str, minutes: list[int], **more):
        self.items = [
            TimelineItem(
                NOON + timedelta(minutes=minute), code, f"{code} {minute}", **more
            )
            for minute in sorted(minutes, reverse=True)
        ]
        self.limits: list[int] = []

    def load(self, contact_id, *, before, limit, user):
        self.limits.append(limit)
        older = [item for item in self.items if before is None or item.at < before]
        return older[:limit]


@pytest.fixture
def source(monkeypatch):
    """Return a function that registers invented items; the real sources are gone."""
    monkeypatch.setattr(timeline, "_SOURCES", {})

    def register(code, minutes, category=Category.COMMUNICATION, **more):
        events = Events(code, minutes, **more)
        register_source(code, code.capitalize(), "call", category, events.load)
        return events

    return register


def titles(items):
    return [str(item.title) for item in items]


def all_pages(contact, user, limit, kinds=None):
    pages, before = [], None
    while True:
        page = page_of(contact, user=user, before=before, limit=limit, kinds=kinds)
        pages.append(titles(page.items))
        if page.older_before is None:
            return pages
        before = page.older_before


def test_sources_are_merged_newest_first(source, anna, agent):
    source("call", [1, 5, 3])
    source("mail", [2, 4])

    found = page_of(anna, user=agent).items

    assert titles(found) == ["call 5", "mail 4", "call 3", "mail 2", "call 1"]


def test_what_the_reader_may_not_see_is_not_even_loaded(source, anna, seller):
    source("call", [1])
    secret = source("chat", [2], Category.CHATS)

    assert titles(page_of(anna, user=seller).items) == ["call 1"]
    assert secret.limits == []


def test_a_kind_can_be_chosen(source, anna, agent):
    source("call", [1])
    source("mail", [2])

    assert titles(page_of(anna, user=agent, kinds={"mail"}).items) == ["mail 2"]
    assert page_of(anna, user=agent, kinds=set()).items == []


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 30])
def test_pages_together_are_everything_once(source, anna, agent, limit):
    source("call", [0, 0, 0, 1, 2, 9, 9, 10, 50])
    source("mail", [0, 1, 1, 3, 9])
    source("chat", list(range(20, 40)), Category.CHATS)

    pages = all_pages(anna, agent, limit)

    everything = [title for page in pages for title in page]
    # Items of one instant are in no particular order among themselves.
    minutes = [int(title.split()[1]) for title in everything]
    assert minutes == sorted(minutes, reverse=True)
    assert len(everything) == 34
    assert all(pages)


def test_an_end_that_fits_has_nothing_older(source, anna, agent):
    source("call", [1, 2, 3])

    assert all_pages(anna, agent, 3) == [["call 3", "call 2", "call 1"]]


def test_without_sources_there_is_nothing(source, anna, agent):
    page = page_of(anna, user=agent)

    assert (page.items, page.older_before) == ([], None)


def test_a_hold_on_the_person_keeps_what_would_end(source, anna, agent, officer):
    source("call", [1], ends_at=NOON + timedelta(days=30))
    source("mail", [2])
    holds.place(reason=Hold.Reason.AUTHORITY, actor=system(), subject_id=anna.pk)

    for_officer = {item.kind: item for item in page_of(anna, user=officer).items}
    for_agent = {item.kind: item for item in page_of(anna, user=agent).items}

    assert for_officer["call"].is_held
    assert str(for_officer["call"].held_because) == "an order of an authority"
    assert not for_officer["mail"].is_held
    assert (for_agent["call"].is_held, for_agent["call"].held_because) == (True, "")


# --- on the page ---------------------------------------------------------------------


@pytest.fixture
def page(anna, agent, client_of):
    client = client_of(agent)
    address = reverse("admin:contacts_contact_page", args=[anna.pk])

    def get(query="", **headers):
        return client.get(address + query, headers=headers)

    return get


def test_items_say_when_they_are_deleted(source, page):
    ends_at = datetime(2027, 3, 3, 22, 30, tzinfo=UTC)
    source("call", [1], ends_at=ends_at)

    text = page().content.decode()

    in_finland = date_format(localtime(ends_at), "SHORT_DATETIME_FORMAT")
    assert f"Will be deleted on {in_finland}" in text
    assert "00" in in_finland


def test_items_say_why_they_are_kept(source, page):
    source("call", [1], is_held=True, held_because="a legal claim")

    assert "Kept: a legal claim (held)" in page().content.decode()


def shown(text):
    """Return the minutes of the calls on a page."""
    return [int(minute) for minute in re.findall(r">call (\d+)<", text)]


def test_older_items_are_a_link_away(source, page):
    source("call", list(range(70)))

    first = page().content.decode()
    link = re.search(r'class="sel-button"\s+href="[^"?]+/page/(\?[^"]+)"', first)[1]
    second = page(link).content.decode()
    fragment = page(link, **{"HX-Request": "true"}).content.decode()

    assert shown(first) == list(range(69, 39, -1))
    assert shown(second) == shown(fragment) == list(range(39, 9, -1))
    assert "Back to the newest" in second
    assert "<html" not in fragment
    assert "Anna" not in fragment


def test_the_chosen_kind_stays_when_going_on(source, page):
    source("call", list(range(40)))
    source("mail", list(range(40)))

    text = page("?kind=mail").content.decode()

    assert "call " not in text
    assert re.search(r'href="[^"?]+/page/\?before=[^"]+&amp;kind=mail"', text)


@pytest.mark.parametrize(
    "query",
    [
        "?before=",
        "?before=x",
        "?before=%00",
        "?before=2026-06-01",
        "?before=0001-01-01T00:00:00Z",
        "?before=9999-12-31T23:59:59Z",
        "?kind=secret",
        "?kind=%00",
    ],
)
def test_odd_links_show_the_newest(source, page, query):
    source("call", [1])

    response = page(query)

    assert response.status_code == 200
    assert "call 1<" in response.content.decode()


def test_titles_are_escaped(source, page):
    source("<script>", [1])

    assert "<script> 1" not in page().content.decode()
