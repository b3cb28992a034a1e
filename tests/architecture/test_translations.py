from __future__ import annotations

import gettext
import re
import shutil
from html.parser import HTMLParser

import pytest
from babel.messages.pofile import read_po
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils.translation import trans_real

from register.activities import RECIPIENTS
from register.datamap.declarations import Reviewed
from register.datamap.graph import graph
from register.models import Role
from register.models.staff import STANDARD_ROLE_NAMES
from settings import messages
from tests.conftest import make_user, session_of
from tests.retention.factory import days_ago, make_chat

LANGUAGES = ("fi", "sv")
FRONT_PAGE = {"fi": "Yleisnäkymä", "sv": "Översikt"}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[a-z](?![a-zåäö])|\{\w*\}")


def catalogues():
    return sorted((messages.BASE_DIR / "locale").glob("**/LC_MESSAGES/django.po"))


def translations(po_file):
    with po_file.open("rb") as file:
        return [message for message in read_po(file) if message.id]


# --- the catalogues -------------------------------------------------------------------


def test_every_message_is_translated_with_its_placeholders_and_none_is_fuzzy():
    assert messages.check() == []


def test_what_libraries_leave_in_english_is_translated_to_both_languages():
    of_libraries = {
        language: translations(
            messages.BASE_DIR / f"locale/unfold/{language}/LC_MESSAGES/django.po"
        )
        for language in LANGUAGES
    }

    ids = [{str(message.id) for message in each} for each in of_libraries.values()]
    assert ids[0] == ids[1]
    for language, found in of_libraries.items():
        for message in found:
            originals = [message.id] if isinstance(message.id, str) else message.id
            strings = (
                [message.string]
                if isinstance(message.string, str)
                else list(message.string)
            )
            assert all(strings), f"{language}: {message.id!r}"
            assert not message.fuzzy, f"{language}: {message.id!r}"
            wanted = set(PLACEHOLDER.findall(originals[0]))
            for text in strings:
                assert set(PLACEHOLDER.findall(text)) == wanted, f"{language}: {text!r}"


def test_catalogues_compile_to_what_django_reads(tmp_path):
    shutil.copytree(
        messages.BASE_DIR / "locale",
        tmp_path / "locale",
        ignore=shutil.ignore_patterns("*.mo"),
    )

    compiled = messages.compile_messages(tmp_path)

    assert len(compiled) == len(catalogues())
    with (tmp_path / "locale/fi/LC_MESSAGES/django.mo").open("rb") as file:
        finnish = gettext.GNUTranslations(file)
    assert finnish.gettext("Overview") == FRONT_PAGE["fi"]


def test_the_words_of_the_data_map_are_all_collected():
    told = set(STANDARD_ROLE_NAMES)
    for entry in graph():
        told.add(entry.map.source)
        for _name, field in entry.map.personal_fields():
            told |= {field.meaning, field.ground}
            if field.keep:
                told.add(field.keep.law)
        if isinstance(entry.map.retention, Reviewed):
            told.add(entry.map.retention.reason)
    for recipient in RECIPIENTS.values():
        told |= {recipient.receives, recipient.safeguard}

    assert told - {singular for singular, _context in messages.collect()} == {""}


@pytest.mark.django_db
def test_the_names_of_the_first_roles_are_collected(officer):
    assert set(Role.objects.values_list("name", flat=True)) == set(STANDARD_ROLE_NAMES)


# --- the screens ----------------------------------------------------------------------


class Visible(HTMLParser):
    """What a page says: its texts, and the attributes that are read or shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in ("script", "style"):
            self._silent = tag
        self.said += [
            value or ""
            for name, value in attrs
            if name in ("alt", "aria-label", "placeholder", "title")
        ]

    def handle_endtag(self, tag):
        if tag == self._silent:
            self._silent = ""

    def handle_data(self, data):
        if not self._silent:
            self.said.append(data)


@pytest.fixture
def compiled():
    """Compile what is newer than its compilation, and let Django read it again."""
    messages.compile_messages()
    trans_real._translations.clear()


def english_only(language):
    """Match English phrases long enough not to be words of the other language."""
    own, of_libraries = (
        translations(messages.BASE_DIR / f"locale/{path}/LC_MESSAGES/django.po")
        for path in (language, f"unfold/{language}")
    )
    phrases = {
        message.id
        for message in [*own, *of_libraries]
        if isinstance(message.id, str)
        and len(message.id) > 12
        and message.id != message.string
        and not PLACEHOLDER.search(message.id)
    }
    return re.compile(rf"\b({'|'.join(re.escape(each) for each in phrases)})(?!\w)")


def addresses():
    """Return the lists and empty forms of all tables, and the pages beside them."""
    names = ["index", "retention_run_plan", "register_setup", "password_change"]
    for model in admin.site._registry:
        meta = model._meta
        names += [
            f"{meta.app_label}_{meta.model_name}_{view}"
            for view in ("changelist", "add")
        ]
    found = []
    for name in names:
        try:
            found.append(reverse(f"admin:{name}"))
        except NoReverseMatch:
            continue
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_screen_speaks_english_to_who_reads_another_language(
    language, compiled, anna, company, officer, marketer
):
    administrator = make_user("yrjo", "admin")
    chat = make_chat(anna, ended_at=days_ago(1))
    pages = [
        *addresses(),
        reverse("admin:contacts_contact_page", args=[anna.pk]),
        reverse("admin:contacts_contact_change", args=[anna.pk]),
        reverse("admin:contacts_company_change", args=[company.pk]),
        reverse("admin:communications_chat_change", args=[chat.pk]),
        reverse("admin:register_role_change", args=[Role.objects.get(code="dpo").pk]),
        "/admin/nothing/here/",
    ]
    english = english_only(language)

    leftovers = {}
    shown = 0
    for user in (officer, marketer, administrator):
        client = session_of(user, language=language)
        for url in pages:
            answer = client.get(url, follow=True)
            said = Visible(answer.content.decode()).said
            shown += answer.status_code == 200
            for text in said:
                words = " ".join(text.split())
                if english.search(words):
                    leftovers.setdefault(words, url)

    front = session_of(officer, language=language)
    assert FRONT_PAGE[language] in front.get(reverse("admin:index")).content.decode()
    assert shown > 40
    assert leftovers == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.django_db
def test_the_log_in_page_is_in_the_language_of_the_browser(language, compiled):
    client = Client(headers={"accept-language": language})

    said = " ".join(Visible(client.get(reverse("admin:login")).content.decode()).said)

    assert {"fi": "Salasana", "sv": "Lösenord"}[language] in said
    assert "Welcome" not in said
