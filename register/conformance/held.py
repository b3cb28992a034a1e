"""Clauses N4: what the register holds is what the data map says, and nothing beside it.

A clause gets its check as soon as a table of its category exists.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from django.db import models
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

from register.conformance.measures import oldest_of, size_of
from register.conformance.purposes import data_map_findings
from register.conformance.registry import Board, Finding, judge, live_check
from register.database import drift
from register.datamap.checks import check_model
from register.datamap.declarations import Ends, Reviewed
from register.datamap.graph import all_models, category_of, declaration_of, graph
from register.datamap.vocabulary import CLAUSES, Category

# Clauses that the tables of a category answer for besides their own.
ALSO = {
    Category.COMPANY: ("N4.1",),
    Category.PROHIBITIONS: ("N4.15",),
    Category.COMMUNICATION: ("N4.23",),
    Category.CHATS: ("N4.9", "N4.23"),
}


def register_checks() -> None:
    """Make a check for every clause of N4 that a category with tables answers for."""
    for category, clause in CLAUSES.items():
        if clause is not None and clause.startswith("N4.") and any(_tables(category)):
            live_check(
                f"held_{category}",
                clause,
                *ALSO.get(category, ()),
                promise=_(
                    "The tables hold the declared fields and nothing beside them, each with its purpose, source, end and way to the person."
                ),
                remedy=_(
                    "Declare the table or column in the data map, or remove it; manage.py check says what is missing."
                ),
                link=functools.partial(_list_of, category),
                labels={"findings": _("What the data map lacks")},
            )(functools.partial(_held, category))


def _held(category: Category, board: Board) -> Finding:
    tables = list(_tables(category))
    names = {model._meta.db_table for model in tables}
    differences = [
        sentence
        for table, sentence in board.once(drift.differences_by_table)
        if table in names
    ]
    findings = sorted({f.id or "" for m in tables for f in check_model(m)})
    missing = any(sentence.endswith("is missing") for sentence in differences)
    return judge(
        not (differences or findings),
        tables=[model._meta.label for model in tables],
        # A table that is not there cannot be counted.
        rows={m._meta.label: size_of(m) for m in tables} if not missing else {},
        oldest_at=_oldest(tables) if not missing else None,
        differences=differences,
        findings=findings,
    )


def _oldest(tables: list[type[models.Model]]) -> object:
    found = []
    for model in tables:
        declared = declaration_of(model)
        match declared.retention if declared else None:
            case Reviewed(anchor=anchor) | Ends(anchor=anchor):
                found.append(oldest_of(model, anchor))
    return min((each for each in found if each is not None), default=None)


def _tables(category: Category) -> Iterator[type[models.Model]]:
    for model in sorted(all_models(), key=lambda model: model._meta.label):
        declared = declaration_of(model)
        if category_of(model) == category and declared and declared.is_personal:
            yield model


def _list_of(category: Category) -> str:
    """Return the list of a table of the category, or that of the people it is about."""
    for model in [*_tables(category), graph().root("contact").model]:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        try:
            return reverse(name)
        except NoReverseMatch:
            continue
    return ""


@live_check(
    "everything_declared",
    "N7.1",
    promise=_(
        "Every table with personal data has a period or a review, and the database holds no table or column that nobody declared."
    ),
    remedy=_(
        "Declare the table or column in the data map, or remove it; manage.py check says what is missing."
    ),
    labels={"findings": _("What the data map lacks")},
)
def everything_declared(board: Board) -> Finding:
    """Compare models with the data map, and the database with the models."""
    findings = board.once(data_map_findings)
    undeclared = [
        sentence
        for _, sentence in board.once(drift.differences_by_table)
        if sentence.endswith("in no model")
    ]
    return judge(
        not (findings or undeclared),
        tables=len(all_models()),
        findings=sorted({finding.id or "" for finding in findings}),
        differences=undeclared,
    )
