"""Clauses N8.6 and N8.7: what packages tell, and in which form."""

from __future__ import annotations

import io
import zipfile
from typing import cast

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from dsar import wording
from dsar.conformance.requests import REQUESTS
from dsar.models import Package, Request
from dsar.package.data_text import FORMAT
from register.conformance.registry import (
    Board,
    Finding,
    judge,
    live_check,
    look_at,
    not_built,
)

# So many of the newest packages are opened.
OPENED = 5
# Enough of a readable page for everything that stands before the data.
BEGINNING = 200_000


@live_check(
    "complaint_is_told",
    "N8.6",
    promise=_(
        "Packages tell of the right to complain to the supervisory authority, in every language and in those made last."
    ),
    remedy=_("Put the sentence back and make the packages anew."),
    link=f"{REQUESTS}?kind__exact=access",
    labels={
        "languages_without": _("Languages in which it is missing"),
        "packages": _("Packages opened"),
        "packages_without": _("Packages in which it is missing"),
    },
)
def complaint_is_told(board: Board) -> Finding:
    """Read the words in each language, and open the newest packages."""
    without = []
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            if not any(wording.AUTHORITY in text for _, text in wording.rights()):
                without.append(language)
    packages = board.once(_newest_pages)
    silent = [key for key, page, _ in packages if wording.AUTHORITY not in page]
    return judge(
        not (without or silent),
        languages_without=without,
        packages=len(packages),
        packages_without=len(silent),
        records=[(Request._meta.label, key) for key in silent],
    )


not_built(
    "letters",
    "N8.6",
    what=_(
        "Other replies, such as refusals and extensions, are written outside the register; letters are not built yet."
    ),
)


@live_check(
    "packages_are_portable",
    "N8.7",
    promise=_(
        "Packages hold the data in a form that other systems read, and say what the person provided."
    ),
    remedy=_("Make the packages anew."),
    link=f"{REQUESTS}?kind__exact=access",
    labels={
        "packages": _("Packages opened"),
        "not_portable": _("Packages without the data for machines"),
    },
)
def packages_are_portable(board: Board) -> Finding:
    """Look into the newest packages for the data in its known form."""
    packages = board.once(_newest_pages)
    bad = [key for key, _, data in packages if f'"{FORMAT}"' not in data]
    return judge(
        not bad,
        packages=len(packages),
        not_portable=len(bad),
        records=[(Request._meta.label, key) for key in bad],
    )


not_built(
    "recipients_told",
    "N8.7",
    what=_(
        "Telling recipients of corrections and erasures is not built yet; the register has given nothing to anybody."
    ),
)
look_at(
    "no_automated_decisions",
    "N8.7",
    what=_(
        "Whether anybody decides about people by machine alone, with what is in the register."
    ),
)


def _newest_pages() -> list[tuple[object, str, str]]:
    """Return request, readable page and data, their beginnings, of the newest packages."""
    found: list[tuple[object, str, str]] = []
    for package in Package.objects.order_by("-created_at")[:OPENED]:
        page = data = ""
        # A file that is missing or broken is a package that tells nothing.
        try:
            with default_storage.open(str(package.file), "rb") as stored:
                stream = cast("io.BufferedIOBase", stored)
                with zipfile.ZipFile(stream) as archive:
                    page = _beginning(archive, "index.html")
                    data = _beginning(archive, "data.json")
        except (OSError, KeyError, zipfile.BadZipFile):
            pass
        found.append((package.request_id, page, data))
    return found


def _beginning(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as member:
        return member.read(BEGINNING).decode(errors="replace")
