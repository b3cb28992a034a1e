"""What the documents name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands

ROOT = Path(settings.BASE_DIR)
FOLDERS = {
    path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "."
} - {"var", "staticfiles"}
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("docs/**/*.md")]
)


@pytest.fixture(params=DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def document(request):
    return request.param


def test_every_path_that_a_document_names_exists(document):
    in_words = re.findall(r"`([\w.-]+/[\w./-]*)`", document.read_text())
    missing = [
        path
        for path in in_words
        if path.split("/")[0] in FOLDERS and not (ROOT / path).exists()
    ]

    assert missing == []


def test_every_link_of_a_document_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text())
    broken = [
        link
        for link in links
        if "://" not in link and not (document.parent / link).exists()
    ]

    assert broken == []


def test_every_command_that_a_document_names_exists(document):
    named = set(re.findall(r"manage\.py ([a-z_]+)", document.read_text()))

    assert named - set(get_commands()) == set()
