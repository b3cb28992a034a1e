"""Every screen a role can reach opens, in a real browser, without an error."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.utils import translation
from django.utils.translation import gettext

from tests.browser.faults import serious_faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Half of the roles look at dark pages, so that both colours are looked at once.
IN_THE_DARK = ("officer", "seller", "administrator")
NOT_FOLLOWED = ("/logout", "/jsi18n", "/download", "/audio", "/export", "/bad-rows")


def pages_from(page, start="/admin/", limit=60):
    """Follow the links of the staff site and yield each address with its answer."""
    waiting, seen = [start], {start}
    while waiting and len(seen) <= limit:
        address = waiting.pop(0)
        answer = page.goto(address)
        yield address, answer
        for href in page.eval_on_selector_all(
            "a[href^='/admin/']",
            "links => links.map(link => link.getAttribute('href'))",
        ):
            path = urlsplit(href).path
            if path not in seen and not any(word in path for word in NOT_FOLLOWED):
                seen.add(path)
                waiting.append(path)


def overflow(page):
    """How many pixels the page is wider than the window."""
    return page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


@pytest.mark.usefixtures("anna", "bruno")
@pytest.mark.parametrize(
    "role", ["officer", "agent", "seller", "marketer", "auditor", "administrator"]
)
def test_every_linked_screen_opens(role, request, open_as):
    page = open_as(request.getfixturevalue(role), dark=role in IN_THE_DARK)
    count, kinds, faults = 0, set(), {}

    for address, answer in pages_from(page):
        count += 1
        assert answer.status == 200, address
        assert page.errors == [], address
        assert "-----</option>" not in page.content(), address
        assert page.locator("#nav-sidebar a.active").count() <= 1, address
        kind = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+", "N", address)
        # Records of one kind have one template: the first of them stands for all.
        if kind not in kinds and (found := serious_faults(page)):
            faults[address] = found
        kinds.add(kind)

    assert count >= 4
    assert faults == {}


@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize("language", ["fi", "sv"])
def test_every_screen_fits_a_telephone(language, officer, open_as):
    page = open_as(officer, language=language, width=390)

    too_wide = {
        address: overflow(page) for address, _ in pages_from(page) if overflow(page) > 0
    }

    assert too_wide == {}


@pytest.mark.usefixtures("anna")
def test_scroll_bars_speak_the_language_of_the_page(officer, open_as):
    """Unfold's own label is English on every page."""
    page = open_as(officer, language="fi")
    page.goto("/admin/contacts/contact/")

    labels = page.eval_on_selector_all(
        ".simplebar-content-wrapper",
        "bars => bars.map(bar => bar.getAttribute('aria-label'))",
    )
    with translation.override("fi"):
        assert set(labels) == {gettext("content that can be scrolled")}
