"""What Unfold leaves out: keys, names of controls and labels, in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.faults import serious_faults
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABS = 60


def focused(page, text):
    """Walk with the Tab key until something with this text has the focus."""
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if text in page.evaluate("document.activeElement.textContent"):
            return True
    return False


@pytest.mark.usefixtures("anna")
def test_one_can_log_out_without_a_mouse(agent, open_as):
    page = open_as(agent)
    page.goto("/admin/contacts/contact/")
    menu = page.locator("#logout-form, form[action$='/logout/']").first
    assert not menu.is_visible()

    assert focused(page, agent.email)
    page.keyboard.press("Enter")

    menu.wait_for(state="visible")


@pytest.mark.usefixtures("anna")
def test_filters_open_without_a_mouse_and_take_the_focus(agent, open_as):
    page = open_as(agent)
    page.goto("/admin/communications/call/")

    assert focused(page, "Filters")
    page.keyboard.press(" ")

    page.wait_for_function(
        "document.querySelector('#changelist-filter').contains(document.activeElement)"
    )


@pytest.mark.usefixtures("anna")
def test_controls_that_show_an_icon_alone_have_names(officer, open_as):
    page = open_as(officer)
    page.goto("/admin/contacts/contact/")

    assert page.get_by_role("button", name="Show or hide the menu").count() == 1
    assert page.get_by_role("button", name="Search", exact=True).count() == 1
    assert page.get_by_role("link", name="Companies", exact=True).count() == 1
    for picture in ("dock_to_right", "filter_list", "contract", "group"):
        assert page.get_by_role("link", name=picture).count() == 0
        assert page.get_by_role("button", name=picture).count() == 0


def test_cells_on_a_telephone_bear_the_names_of_their_columns(marketer, open_as):
    import_files.upload(hubspot(person(1)), user=marketer)
    page = open_as(marketer, width=390)
    page.goto("/admin/contacts/importbatch/")

    cells = page.locator("#result_list .data-row").first.locator("> *")
    labels = cells.evaluate_all("cells => cells.map(cell => cell.dataset.label)")

    assert labels == ["Title", "State", "Rows", "Imported by", "Uploaded", "Finished"]
    assert all(
        label == "none"
        for label in cells.evaluate_all(
            "cells => cells.map(cell => getComputedStyle(cell, '::before').textTransform)"
        )
    )


def test_choosing_a_file_writes_its_name_into_no_other_field(
    marketer, open_as, tmp_path
):
    """It may name a person, and the title stands on every record of the import."""
    file = tmp_path / "Maijan asiakkaat.csv"
    file.write_bytes(b"Email\n")
    page = open_as(marketer)
    page.goto("/admin/contacts/importbatch/upload/")

    page.set_input_files("#id_file", file)

    assert page.input_value("#id_title") == ""


def test_both_inputs_of_a_date_with_a_time_have_a_name(officer, open_as):
    page = open_as(officer)
    page.goto("/admin/dsar/request/add/")

    names = page.locator(".vDateField, .vTimeField").evaluate_all(
        "inputs => inputs.map(input => input.getAttribute('aria-label'))"
    )

    assert names == ["Received", "Received"]


def test_the_choice_of_themes_fits_its_menu(agent, open_as):
    page = open_as(agent, language="fi")
    page.goto("/admin/")
    page.locator("[x-on\\:click^='openUserLinks']").click()
    themes = page.locator("[x-on\\:click^='switchTheme']")
    themes.first.wait_for(state="visible")

    assert themes.count() == 3
    assert themes.evaluate_all(
        """links => links.every(link => {
            const menu = link.closest("nav").getBoundingClientRect();
            return [...link.children].every(
                part => part.getBoundingClientRect().right <= menu.right);
        })"""
    )


@pytest.mark.parametrize("width", [1440, 390])
def test_rows_of_a_contact_fit_and_each_field_in_them_has_a_name(
    seller, open_as, width
):
    page = open_as(seller, width=width)
    page.goto("/admin/contacts/contact/add/")
    for prefix in ("affiliations", "addresses", "interests"):
        page.locator(f"#{prefix}-group .add-row").click()
    page.locator("[name=affiliations-0-company] + .select2-container").wait_for()

    too_wide = page.locator(".sel-parts .simplebar-content-wrapper").evaluate_all(
        "parts => parts.map(part => part.scrollWidth - part.clientWidth)"
    )
    assert too_wide == [0, 0, 0]
    assert serious_faults(page) == {}
    assert page.get_by_label("Department").first.is_visible()
