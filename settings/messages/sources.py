"""The messages that stand in the sources: modules, templates and the data map."""

from __future__ import annotations

import ast
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babel.messages.extract import extract
from django.utils.translation.template import templatize

BASE_DIR = Path(__file__).resolve().parents[2]

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

# The singular and its context, which tell messages apart.
Key = tuple[str, str | None]


@dataclass(slots=True)
class Found:
    """A message of the sources, with where it stands and what its author explains."""

    id: str | tuple[str, ...]
    files: set[str] = field(default_factory=set)
    comments: list[str] = field(default_factory=list)


def collect(root: Path = BASE_DIR) -> dict[Key, Found]:
    """Return the messages of all first-party modules and templates.

    Raises SyntaxError for a source that cannot be read.
    """
    found: dict[Key, Found] = {}
    for path in sorted(_sources(root)):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            functions = _FUNCTIONS | _imported_names(text, name)
            for words in _declared(text, name):
                found.setdefault((words, None), Found(words)).files.add(name)
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
            place = found.setdefault((singular, context), Found(one))
            if isinstance(place.id, str):
                place.id = one  # the plural form serves the singular, too
            place.files.add(name)
            place.comments += [each for each in comments if each not in place.comments]
    return found


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
