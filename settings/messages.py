"""Translations, without the system's gettext.

=========================================  ============================================
``python -m settings.messages update``     collects the messages of the sources into
                                           ``locale/{fi,sv,en}/LC_MESSAGES/django.po``;
                                           translations stay, messages that are gone go
``python -m settings.messages compile``    makes the ``.mo`` files Django reads, where
                                           the ``.po`` is newer
``python -m settings.messages check``      lists what is missing, untranslated, fuzzy or
                                           wrong in Finnish and Swedish; status 1 if any
=========================================  ============================================

Messages are written in English in the sources, so the English catalogue may stay
empty. What the data map says about a field is collected, too: people read it in their
packages. The catalogues are sorted and name files but neither lines nor dates, so that a
change of a text is all a diff shows. A catalogue deeper in ``locale/`` (for words of a
library that has no Finnish) is compiled too, and otherwise left to its author.

Needs Babel, and neither Django's settings nor a database.
"""

from __future__ import annotations

import argparse
import ast
import io
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

BASE_DIR = Path(__file__).resolve().parent.parent
SOURCE_LANGUAGE = "en"
TRANSLATED_LANGUAGES = ("fi", "sv")

# Where no word for people stands: neither walked nor read.
_OTHER_DIRECTORIES = {
    "__pycache__",
    "benchmarks",
    "locale",
    "migrations",
    "node_modules",
    "staticfiles",
    "tests",
    "var",
}
_TEMPLATE_SUFFIXES = {".html", ".mjml", ".subject", ".txt", ".xml"}

# The places of singular, plural and context ("c") among the arguments.
_FUNCTIONS: dict[str, Any] = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_COMMENT_TAGS = ("Translators",)
# What people are told of the data map: arguments by place or name, in plain English.
_DECLARATIONS: dict[str, tuple[int | str, ...]] = {
    "Personal": (0, "meaning", "ground"),
    "Keep": (0, "law"),
    "Reviewed": (1, "reason"),
    "ModelMap": ("source",),
    "Recipient": (3, 4, "receives", "safeguard"),
}

# Headers that would change with every run, or that say nothing.
_CHURNING_HEADER = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Last-Translator'
    r"|Language-Team|Report-Msgid-Bugs-To):.*\n",
    re.MULTILINE,
)
_NAMED_PLACEHOLDER = re.compile(r"%\(\w+\)[#0+-]?\d*(?:\.\d+)?[a-zA-Z]|\{[\w.:!]*\}")
_POSITIONAL_PLACEHOLDER = re.compile(r"%(?:\.\d+)?[sdifr]")

# The singular and its context, which tell messages apart.
Key = tuple[str, str | None]


@dataclass(slots=True)
class _Found:
    """A message of the sources, with where it stands and what its author explains."""

    id: str | tuple[str, ...]
    files: set[str] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)


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


def collect(root: Path = BASE_DIR) -> dict[Key, _Found]:
    """Return the messages of all first-party modules and templates.

    Raises SyntaxError for a source that cannot be read.
    """
    found: dict[Key, _Found] = {}
    for path in sorted(_sources(root)):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            functions = _FUNCTIONS | _imported_names(text, name)
            for words in _declared(text, name):
                found.setdefault((words, None), _Found(words)).files.add(name)
            text += _calls_in_f_strings(text, name)
        else:
            functions = _FUNCTIONS | {"_": None}
            text = _python_of_template(text, name)
        for _line, message, comments, context in extract(
            "python",
            io.BytesIO(text.encode()),
            keywords=functions,
            comment_tags=_COMMENT_TAGS,
        ):
            one = message if isinstance(message, str) else tuple(message)
            singular = one if isinstance(one, str) else one[0]
            place = found.setdefault((singular, context), _Found(one))
            if isinstance(place.id, str):
                place.id = one  # the plural form serves the singular, too
            place.files.add(name)
            place.comments += [each for each in comments if each not in place.comments]
    return found


def main(arguments: Sequence[str], root: Path = BASE_DIR) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m settings.messages", description="Collect and compile messages."
    )
    parser.add_argument("command", choices=["compile", "update", "check"])
    command = parser.parse_args(arguments).command

    if command == "compile":
        lines = [
            f"Compiled {path.relative_to(root)}" for path in compile_messages(root)
        ]
    elif command == "update":
        lines = [
            f"{language}: {new} new, {dropped} dropped"
            for language, (new, dropped) in update(root).items()
        ]
    else:
        lines = check(root)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if command == "check" and lines else 0


def _sources(root: Path) -> Iterator[Path]:
    for directory, subdirectories, files in os.walk(root):
        here = Path(directory)
        subdirectories[:] = [
            name
            for name in subdirectories
            if name not in _OTHER_DIRECTORIES
            and not name.startswith(".")
            and not (here / name / "pyvenv.cfg").exists()
        ]
        in_templates = "templates" in here.relative_to(root).parts
        for name in files:
            path = here / name
            is_template = in_templates and path.suffix in _TEMPLATE_SUFFIXES
            if path.suffix == ".py" or is_template:
                yield path


def _imported_names(source: str, name: str) -> dict[str, Any]:
    """Return what a module calls the functions of django.utils.translation."""
    return {
        alias.asname or alias.name: _FUNCTIONS[alias.name]
        for node in ast.walk(ast.parse(source, filename=name))
        if isinstance(node, ast.ImportFrom)
        and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in _FUNCTIONS
    }


def _declared(source: str, name: str) -> Iterator[str]:
    """Yield what a module tells people in the declarations of the data map."""
    for node in ast.walk(ast.parse(source, filename=name)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        told = _DECLARATIONS.get(node.func.id, ())
        arguments = [*enumerate(node.args), *((k.arg, k.value) for k in node.keywords)]
        for place, value in arguments:
            if place in told and isinstance(value, ast.Constant) and value.value:
                yield str(value.value)


def _calls_in_f_strings(source: str, name: str) -> str:
    """Return as code the calls in f-strings, which Babel takes for plain text."""
    calls = [
        ast.unparse(node)
        for string in ast.walk(ast.parse(source, filename=name))
        if isinstance(string, ast.JoinedStr)
        for node in ast.walk(string)
        if isinstance(node, ast.Call)
    ]
    return "\n" + "\n".join(calls)


def _python_of_template(source: str, name: str) -> str:
    """Return calls of gettext with the messages of a template, line by line."""
    code: str = templatize(source, origin=name)
    # A template's indentation is none that Python's tokenizer would accept.
    return "\n".join(line.lstrip() for line in code.split("\n"))


def _po_file(root: Path, language: str) -> Path:
    return root / "locale" / language / "LC_MESSAGES" / "django.po"


def _read(po_file: Path) -> Catalog:
    if not po_file.exists():
        return Catalog()
    with po_file.open("rb") as file:
        return read_po(file, locale=po_file.parent.parent.name, abort_invalid=True)


def _merged(found: Mapping[Key, _Found], old: Catalog, language: str) -> str:
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


def _problem(source: _Found, message: Message | None) -> str | None:
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


def _by_text(item: tuple[Key, _Found]) -> tuple[str, str]:
    (singular, context), _found = item
    return singular, context or ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
