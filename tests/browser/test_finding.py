"""The search box, by keys alone."""

from __future__ import annotations

import pytest

from contacts.services import search_words
from tests.browser.faults import serious_faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_one_finds_and_opens_a_person_without_a_mouse(anna, bruno, agent, open_as):
    search_words.refresh([anna.pk, bruno.pk])
    page = open_as(agent)
    page.goto("/admin/")
    box = page.get_by_role("combobox", name="Find people and companies")

    page.keyboard.press("/")
    page.keyboard.type("virt")
    page.get_by_role("option").first.wait_for()
    assert box.get_attribute("aria-expanded") == "true"
    assert serious_faults(page) == {}
    assert page.locator("#find-status").text_content().strip() == "1 result"
    page.keyboard.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    page.keyboard.press("ArrowDown")
    assert "Anna Virtanen" in page.locator("[aria-selected=true]").text_content()
    page.keyboard.press("Enter")

    page.wait_for_url(f"**/{anna.pk}/page/")
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.id") == "find-box"
    assert box.input_value() == ""
    assert page.errors == []
