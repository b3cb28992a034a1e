"""The catalogues: brought up to the sources, compiled for Django, and checked."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from settings.messages.sources import BASE_DIR, Found, Key, collect

SOURCE_LANGUAGE = "en"
TRANSLATED_LANGUAGES = ("fi", "sv")

# Headers that would change with every run, or that say nothing.
_CHURNING_HEADER = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator'
    r"|Language-Team|Report-Msgid-Bugs-To):.*\n",
    re.MULTILINE,
)
_NAMED_PLACEHOLDER = re.compile(r"%\(\w+\)[#0+-]?\d*(?:\.\d+)?[a-zA-Z]|\{[\w.:!]*\}")
_POSITIONAL_PLACEHOLDER = re.compile(r"%(?:\.\d+)?[sdifr]")


def compile_messages(root: Path = BASE_DIR) -> list[Path]:
    """Compile each catalogue that is newer than its `.mo`; return those compiled.

    Fuzzy and untranslated messages are left out, so that people read English rather
    than a guess. Safe when several processes do it at once.
    """
    compiled = []
    for po_file in sorted(root.glob("locale/**/LC_MESSAGES/django.po")):
        mo_file = po_file.with_suffix(".mo")
        if mo_file.exists() and mo_file.stat().st_mtime > po_file.stat().st_mtime:
            continue
        unfinished = mo_file.with_suffix(f".{os.getpid()}")
        with unfinished.open("wb") as file:
            write_mo(file, _read(po_file), use_fuzzy=False)
        unfinished.replace(mo_file)
        compiled.append(mo_file)
    return compiled


def update(root: Path = BASE_DIR) -> dict[str, tuple[int, int]]:
    """Bring the catalogues up to the sources; return (new, dropped) per language."""
    found = collect(root)
    changes = {}
    for language in (*TRANSLATED_LANGUAGES, SOURCE_LANGUAGE):
        po_file = _po_file(root, language)
        old = _read(po_file)
        po_file.parent.mkdir(parents=True, exist_ok=True)
        po_file.write_text(_merged(found, old, language), encoding="utf-8")
        before = {_key(message) for message in old if message.id}
        changes[language] = (
            len(found.keys() - before),
            len(before - found.keys()),
        )
    return changes


def check(root: Path = BASE_DIR) -> list[str]:
    """Return one line per message that people would read wrong, or not translated."""
    found = collect(root)
    problems = []
    for language in TRANSLATED_LANGUAGES:
        catalogue = _read(_po_file(root, language))
        translated = {_key(message): message for message in catalogue if message.id}
        for key, source in sorted(found.items(), key=_by_text):
            problem = _problem(source, translated.get(key))
            if problem:
                where = ", ".join(sorted(source.files))
                problems.append(f"{language}: {problem}: {key[0]!r} ({where})")
    return problems


def _po_file(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def _read(po_file: Path) -> Catalog:
    if not po_file.exists():
        return Catalog()
    with po_file.open("rb") as file:
        return read_po(file, locale=po_file.parent.parent.name, abort_invalid=True)


def _merged(found: Mapping[Key, Found], old: Catalog, language: str) -> str:
    """Return the text of a catalogue of what was found, with the old translations."""
    merged = Catalog(
        locale=language,
        project="Seloste",
        version="1",
        header_comment=f"# The words of Seloste in the language {language!r}.",
        fuzzy=False,
    )
    earlier = {_key(message): message for message in old if message.id}
    for key, source in sorted(found.items(), key=_by_text):
        before = earlier.get(key)
        # A message that gained or lost its plural has to be translated anew.
        keep = before is not None and before.pluralizable == (
            not isinstance(source.id, str)
        )
        merged.add(
            source.id,
            string=before.string if before and keep else None,
            locations=[(file, 0) for file in sorted(source.files)],
            flags=["fuzzy"] if before and keep and before.fuzzy else [],
            auto_comments=source.comments,
            user_comments=before.user_comments if before else [],
            context=key[1],
        )
    buffer = io.BytesIO()
    write_po(buffer, merged, width=88, sort_output=True, include_lineno=False)
    return _CHURNING_HEADER.sub("", buffer.getvalue().decode())


def _problem(source: Found, message: Message | None) -> str | None:
    """Return what is wrong with a translation, or None."""
    if message is None:
        return "missing"
    strings = [message.string] if isinstance(message.string, str) else message.string
    ids = [source.id] if isinstance(source.id, str) else source.id
    if message.pluralizable != (len(ids) > 1):
        return "missing" if len(ids) == 1 else "missing its plural"
    if not strings or not all(strings):
        return "untranslated"
    if message.fuzzy:
        return "fuzzy"
    wanted = [_placeholders(one) for one in ids]
    for string in strings:
        has = _placeholders(string)
        # "One day" may leave out the number that "%(count)s days" has.
        if not frozenset.intersection(*wanted) <= has <= frozenset.union(*wanted):
            return "other placeholders"
    return None


def _placeholders(text: str) -> frozenset[str]:
    """Return the named placeholders, and the positional ones with their places."""
    text = text.replace("%%", "")
    positional = _POSITIONAL_PLACEHOLDER.findall(_NAMED_PLACEHOLDER.sub("", text))
    return frozenset(
        [
            *_NAMED_PLACEHOLDER.findall(text),
            *(f"{place} {each}" for place, each in enumerate(positional)),
        ]
    )


def _key(message: Message) -> Key:
    singular = message.id if isinstance(message.id, str) else message.id[0]
    return singular, message.context


def _by_text(item: tuple[Key, Found]) -> tuple[str, str]:
    (singular, context), _found = item
    return singular, context or ""
