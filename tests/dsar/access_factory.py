"""Access requests taken through their steps, for the tests."""

from __future__ import annotations

import json
import zipfile
from typing import Any

from django.utils import timezone

from dsar.models import Package, Request
from dsar.services import collection, identity, intake, package, review
from register import actors

ANNA = {
    "name": "Anna Virtanen",
    "email": "anna.virtanen@esimerkki.example",
    "phone": "+358401234567",
}


def open_access(officer: Any, **kwargs: Any) -> Request:
    """Register a request for access by e-mail, received now, in English."""
    values = {
        "kind": "access",
        "channel": "email",
        "received_at": timezone.now(),
        "language": "en",
        **ANNA,
        **kwargs,
    }
    return intake.open_request(**values, actor=actors.of_user(officer))


def confirmed(officer: Any, *contacts: Any, **kwargs: Any) -> Request:
    """Register a request for access and confirm whom it is about."""
    request = open_access(officer, **kwargs)
    return identity.confirm_person(
        request,
        subject_ids=[contact.pk for contact in contacts],
        actor=actors.of_user(officer),
    )


def collected(officer: Any, *contacts: Any, **kwargs: Any) -> Request:
    """The same, collected."""
    request = confirmed(officer, *contacts, **kwargs)
    collection.collect(request, actor=actors.of_user(officer))
    request.refresh_from_db()
    return request


def packed(
    officer: Any, request: Request, *, verdict: str = "withhold", ground: str = "others"
) -> Package:
    """Decide about everything alike and make the package."""
    actor = actors.of_user(officer)
    review.decide_all(request, verdict=verdict, ground=ground, actor=actor)
    request.refresh_from_db()
    made = package.make(request, actor=actor)
    assert made is not None
    return made


def content_of(made: Package) -> dict[str, bytes]:
    """Return the members of a package."""
    with made.file.open("rb") as file, zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def data_of(made: Package) -> dict[str, Any]:
    """Return data.json."""
    found: dict[str, Any] = json.loads(content_of(made)["data.json"])
    return found


def rows_of(made: Package, label: str) -> list[dict[str, Any]]:
    """Return the rows of one table in data.json."""
    tables = {table["table"]: table for table in data_of(made)["tables"]}
    found: list[dict[str, Any]] = tables[label]["rows"]
    return found
