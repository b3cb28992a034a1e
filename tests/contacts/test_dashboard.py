"""What the overview shows about contacts."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

import register.dashboard
from contacts import dashboard, quality
from contacts.dashboard import _new_contacts
from contacts.screens.quality import Line
from tests.conftest import make_contact

pytestmark = pytest.mark.django_db

HELSINKI = ZoneInfo("Europe/Helsinki")


def test_new_contacts_are_counted_by_month_of_the_local_calendar(at):
    january, december = (datetime(2026, month, 1, tzinfo=HELSINKI) for month in (1, 12))
    for moment in (
        january - timedelta(microseconds=1),  # a year ago
        january,
        december - timedelta(microseconds=1),
        december,
        december + timedelta(days=3),
    ):
        make_contact(created_at=moment)

    with at(december + timedelta(days=9)):
        plot = _new_contacts()

    assert (plot.labels[0], plot.labels[-1]) == ("1/2026", "12/2026")
    assert list(plot.values) == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2]


def test_a_share_is_the_same_on_the_overview_and_on_the_board(seller, monkeypatch):
    measure = quality.measure("unreachable")
    line = Line(measure, 56, 3000, [], "")
    monkeypatch.setattr(dashboard, "lines_for", lambda *_: ([line], None, True))

    figure = dashboard._of_measure(seller, "unreachable", "")

    assert str(figure.hint).startswith("1.9 %")  # 1.866…, not cut off


def test_thousands_stand_apart():
    assert register.dashboard.Figure("Contacts", 3000).shown == "3,000"
