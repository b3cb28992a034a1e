"""Filtering a list and changing many, by keyboard, on a telephone and in both colours."""

from __future__ import annotations

import pytest

from contacts.models import BulkChange
from contacts.services import search_words
from tests.browser.faults import serious_faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (390, True)])
def test_many_are_filtered_ticked_and_changed(
    anna, bruno, seller, open_as, width, dark
):
    search_words.refresh([anna.pk, bruno.pk])
    page = open_as(seller, width=width, dark=dark)
    page.goto("/admin/contacts/contact/?view=all")
    faults = {}

    page.focus(".sel-filters summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#filter-role")
    faults |= serious_faults(page)
    page.select_option("#filter-role", "yes")
    page.focus(".sel-filters-form button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".sel-filters .sel-chip")
    assert "Role at a company: has one now" in page.inner_text(".sel-filters")
    page.locator("input.action-select").first.check()
    page.wait_for_selector("select[name=action]", state="visible")
    faults |= serious_faults(page)
    page.select_option("select[name=action]", "bulk_language")
    page.click("#changelist-actions button[type=submit]")
    page.select_option("[name=value]", "sv")
    page.click("button[value=show]")
    page.wait_for_selector("#preview")
    faults |= serious_faults(page)
    page.click("button[value=start]")
    page.wait_for_selector("text=Manifest")
    faults |= serious_faults(page)

    assert faults == {}
    assert page.errors == []
    assert BulkChange.objects.get().chosen_count == 1
