"""What the overview shows about contacts."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contacts.dashboard import _new_contacts
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
