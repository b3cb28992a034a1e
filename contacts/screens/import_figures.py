"""The figures of an import in words: what became of how many rows."""

from __future__ import annotations

from django.utils.translation import ngettext_lazy

from contacts.models import ImportBatch

State = ImportBatch.State
TRIED = {
    "new": ngettext_lazy("row makes a new contact", "rows make a new contact", "count"),
    "updated": ngettext_lazy("row adds to a contact", "rows add to a contact", "count"),
    "unchanged": ngettext_lazy(
        "row holds nothing new", "rows hold nothing new", "count"
    ),
    "invalid": ngettext_lazy(
        "row has an error and stays out", "rows have an error and stay out", "count"
    ),
    "rows_refusals": ngettext_lazy(
        "row says that marketing is refused",
        "rows say that marketing is refused",
        "count",
    ),
    "rows_undeliverable": ngettext_lazy(
        "row says that mail comes back", "rows say that mail comes back", "count"
    ),
}
DONE = {
    "new": ngettext_lazy("new contact", "new contacts", "count"),
    "updated": ngettext_lazy(
        "row added to a contact", "rows added to a contact", "count"
    ),
    "unchanged": ngettext_lazy(
        "row held nothing new", "rows held nothing new", "count"
    ),
    "invalid": ngettext_lazy("row was not imported", "rows were not imported", "count"),
    "refusals": ngettext_lazy(
        "new prohibition of contact", "new prohibitions of contact", "count"
    ),
    "undeliverable": ngettext_lazy(
        "address marked as undeliverable",
        "addresses marked as undeliverable",
        "count",
    ),
}
OTHERS = {
    "outside": ngettext_lazy(
        "row left out by the choice of people",
        "rows left out by the choice of people",
        "count",
    ),
    "blocked": ngettext_lazy(
        "row may not be brought in", "rows may not be brought in", "count"
    ),
    "removed": ngettext_lazy(
        "row taken out by hand", "rows taken out by hand", "count"
    ),
}
TRIED |= OTHERS
DONE |= OTHERS
UNDONE = {
    "removed": ngettext_lazy("contact removed", "contacts removed", "count"),
    "kept": ngettext_lazy("contact kept", "contacts kept", "count"),
    "taken_back": ngettext_lazy("change taken back", "changes taken back", "count"),
    "left": ngettext_lazy("change not taken back", "changes not taken back", "count"),
    "companies_removed": ngettext_lazy("company removed", "companies removed", "count"),
    "companies_kept": ngettext_lazy("company kept", "companies kept", "count"),
}
ONLY_IF_ANY = (
    *OTHERS,
    *UNDONE,
    "rows_refusals",
    "rows_undeliverable",
    "undeliverable",
)


def figures(counts: dict[str, int], state: State) -> list[tuple[int, str]]:
    """Each number with what it counts, a dry run's as what would happen."""
    return [
        (counts.get(name, 0), words % {"count": counts.get(name, 0)})
        for name, words in {State.DONE: DONE, State.UNDONE: UNDONE}.get(
            state, TRIED
        ).items()
        if name in counts or name not in ONLY_IF_ANY
    ]
