"""Every personal field of every table, followed through access and erasure.

One person, a neighbour who shares conversations and company, and what they share are
filled through the data map, with a marker that occurs nowhere else in every personal
field. Then the person asks for access, and for erasure.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import zipfile

import pytest
from django.core.cache import cache
from django.db import models
from django.test.utils import isolate_apps
from django.urls import reverse
from django.utils import timezone

from dsar.models import Finding, Request
from dsar.services import (
    closing,
    collection,
    erasure,
    identity,
    intake,
    package,
    review,
    search,
)
from dsar.services.review import Decision
from register import actors
from register.datamap.declarations import ModelMap, Personal, Reviewed, Subject
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Access, Category, Erasure
from register.models import Approval, AuditEntry, Job
from register.services import approvals, jobs
from tests.architecture.canary import dumps, filling
from tests.architecture.canary.filling import NEIGHBOUR, PERSON, SHARED, Canary
from tests.architecture.canary.markers import NoMarker, why_unmarked
from tests.conftest import ensure_seeded, make_user

# What stays of an erased person, and by which law. Nothing else may.
KEPT = {
    "consent.Prohibition": "GDPR Art. 21(3)",
    "dsar.Request": "GDPR Art. 5(2)",
    "dsar.RequestEvent": "GDPR Art. 5(2)",
    "dsar.RequestPerson": "GDPR Art. 5(2)",
    "register.AuditEntry": "GDPR Art. 5(2)",
    "register.Hold": "GDPR Art. 17(3)(e)",
    "register.LookupPerson": "GDPR Art. 5(2)",
}
# Where the number of the erased person's record stays: ledgers name people by it.
KEPT_NUMBER = {
    "consent_prohibition.subject_id",
    "dsar_requestperson.subject_id",
    "register_auditentry.subject_id",
    "register_auditentry.object_id",
    "register_hold.subject_id",
    "register_lookupperson.subject_id",
}


@pytest.fixture
def canary(transactional_db, settings, tmp_path):
    ensure_seeded()
    settings.MEDIA_ROOT = tmp_path
    filled = Canary()
    filled.fill()
    return filled


@pytest.fixture
def officers(transactional_db):
    ensure_seeded()
    return make_user("officer", "dpo"), make_user("second.officer", "dpo")


# --- the canary itself ------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_every_personal_field_in_every_role_is_covered(canary):
    assert filling.to_cover(filling.entries()) - canary.covered == set()
    needles = [marker.needle for marker in canary.markers]
    assert len(needles) == len(set(needles))


@pytest.mark.django_db(transaction=True)
def test_the_dump_shows_every_marker_whichever_way_it_is_made(canary):
    needles = {marker.needle for marker in canary.markers if not _is_file(marker)}

    found = dumps.places_in(dumps.database(), needles)

    assert set(found) == needles
    assert dumps.places_in(dumps.copied(), needles) == found


def test_a_new_table_or_field_is_noticed_when_it_is_not_filled():
    covered = filling.to_cover(filling.entries())
    with isolate_apps("dsar"):

        class Note(models.Model):
            text = models.TextField()
            length = models.DurationField()

            class Meta:
                app_label = "dsar"

            def __str__(self):
                return "note"

    declared = ModelMap(
        category=Category.REQUESTS,
        fields={"text": Personal("a note"), "length": Personal("its length")},
        subjects=(Subject("author", by_id="text"),),
        activity="accountability",
        source="a test",
        retention=Reviewed("notes", "a test", "P1Y", "text"),
    )
    new_table = Entry("dsar.Note", Note, declared)
    contact = graph().root("contact")
    new_field = dataclasses.replace(
        contact,
        map=dataclasses.replace(
            contact.map,
            fields={**contact.map.fields, "nickname": Personal("nickname")},
        ),
    )

    missing = filling.to_cover([*filling.entries(), new_table, new_field]) - covered

    assert missing == {
        ("dsar.Note", "author", "text"),
        ("dsar.Note", "author", "length"),
        ("contacts.Contact", "contact", "nickname"),
    }
    length = Note._meta.get_field("length")
    assert why_unmarked(length, "length") == ""
    with pytest.raises(NoMarker, match=r"Note\.length"):
        Canary().mint.value(length, declared.fields["length"], wants_phone=False)


def test_the_data_map_says_of_every_kept_row_what_becomes_of_its_fields():
    """A row that stays must not hold a field whose fate is to go with its row."""
    undecided = [
        f"{entry.label}.{name}"
        for entry in filling.entries()
        if all(s.erasure is Erasure.KEEP for s in entry.subjects("contact"))
        for name, personal in entry.map.personal_fields()
        if personal.erasure not in (Erasure.KEEP, Erasure.BLANK, Erasure.CONSTANT)
    ]

    assert undecided == []
    laws = {
        entry.label: {p.keep.law for _n, p in entry.map.personal_fields() if p.keep}
        for entry in filling.entries()
    }
    assert {label: "; ".join(sorted(law)) for label, law in laws.items() if law} == KEPT


# --- access -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_access_returns_everything_of_the_person_and_nothing_of_the_neighbour(
    canary, officers
):
    content = _package_of(canary, officers[0])

    # A row about staff alone is not the person's, though a row of the person leads there.
    given = [
        m
        for m in canary.markers
        if m.owner in (PERSON, SHARED) and graph()[m.label].subjects("contact")
    ]
    withheld = {m.needle for m in given if _is_withheld(m)}
    expected = {m.needle for m in given} - withheld
    assert len(expected) > 60
    missing = [
        f"{m.label}.{m.field} ({m.role})"
        for m in given
        if m.needle in expected and m.needle not in content
    ]
    assert missing == []
    leaked = [
        f"{m.label}.{m.field} ({m.role})"
        for m in canary.markers
        if m.needle in content and (m.owner == NEIGHBOUR or m.needle in withheld)
    ]
    assert leaked == []
    assert str(canary.people[NEIGHBOUR]) not in content
    for value in canary.identity[NEIGHBOUR].values():
        assert value not in content


def _is_withheld(marker) -> bool:
    """Whether the map withholds the field, or every row in this role."""
    roles = [
        subject.access
        for subject in graph()[marker.label].subjects("contact")
        if subject.role == marker.role
    ]
    return Access.WITHHOLD in (marker.personal.access, *roles)


def _package_of(canary: Canary, officer) -> str:
    """Go the whole way of an access request; return every text of the package."""
    actor = actors.of_user(officer)
    known = canary.identity[PERSON]
    request = intake.open_request(
        kind="access",
        channel="email",
        received_at=timezone.now(),
        name=f"{known['last_name']} {known['first_name']}",
        email=known["email"].upper(),
        actor=actor,
    )
    found = search.find(request.identifiers, user=officer, request=request)
    subject_ids = [candidate.subject_id for candidate in found.candidates]
    assert subject_ids == [canary.people[PERSON]]
    identity.confirm_person(request, subject_ids=subject_ids, actor=actor)
    collection.collect(request, actor=actor)
    decisions = {f.pk: _decision(canary, f) for f in request.findings.all()}
    review.decide(request, decisions=decisions, actor=actor)
    made = package.make(request, actor=actor)
    assert made is not None
    parts = []
    with made.file.open() as stream, zipfile.ZipFile(stream) as archive:
        json.loads(archive.read("data.json"))
        for member in archive.infolist():
            parts += [member.filename, archive.read(member).decode(errors="replace")]
    package.note_download(made, actor=actor)
    closing.close(request, outcome="delivered", actor=actor)
    return "\n".join(parts)


def _decision(canary: Canary, finding: Finding) -> Decision:
    """Decide as an officer would: what names the neighbour is removed or withheld."""
    entry = graph()[finding.table]
    row = entry.model._base_manager.get(pk=finding.row_key)
    value = getattr(row, finding.field)
    if finding.field in entry.file_fields:
        with value.open() as stream:
            text = stream.read().decode()
    else:
        text = "\n".join(value) if isinstance(value, list) else str(value)
    about = canary.mention(NEIGHBOUR)
    redacted = text.replace(about, "█") if about else text
    theirs = canary.needles(NEIGHBOUR) | set(canary.identity[NEIGHBOUR].values())
    if any(needle in redacted for needle in theirs):
        return Decision("withhold", ground="others")
    if redacted == text:
        return Decision("give")
    return Decision("redact", redacted=redacted)


# --- erasure ----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_erasure_leaves_no_trace_of_the_person_and_everything_of_the_neighbour(
    canary, officers, client_of, caplog
):
    caplog.set_level(logging.DEBUG)
    _package_of(canary, officers[0])
    _look_around(canary, client_of(officers[0]))
    log_before = len(dumps.server_log())
    texts_before = _texts_of_others(canary)

    job = _erase(canary, officers)

    request = Request.objects.get(pk=job.object_id)
    assert (job.state, request.outcome) == ("done", "erased"), request.plan.left_over
    _assert_dump(canary)
    _assert_media(canary)
    gone = _all_needles_of(canary)
    assert [needle for needle in gone if needle in dumps.redis_text()] == []
    assert [needle for needle in gone if needle in caplog.text] == []
    assert [
        needle for needle in gone if needle in dumps.server_log()[log_before:]
    ] == []
    _assert_texts_of_others(canary, texts_before)


def _look_around(canary: Canary, client) -> None:
    """Leave what reading leaves: sessions, cache, audit trail, logs."""
    known = canary.identity[PERSON]
    person = canary.people[PERSON]
    root = graph().root("contact").model._meta
    listing = reverse(f"admin:{root.app_label}_{root.model_name}_changelist")
    page = reverse(f"admin:{root.app_label}_{root.model_name}_change", args=[person])
    assert client.get(page).status_code == 200
    assert client.get(listing, {"q": known["last_name"]}).status_code == 200
    assert AuditEntry.objects.filter(subject_id=person).exclude(purpose="").exists()
    cache.set(f"page:{person}", {"name": known["last_name"], "email": known["email"]})


def _erase(canary: Canary, officers) -> Job:
    officer, second = officers
    actor = actors.of_user(officer)
    known = canary.identity[PERSON]
    request = intake.open_request(
        kind="erasure",
        channel="email",
        received_at=timezone.now(),
        name=f"{known['first_name']} {known['last_name']}",
        email=known["email"],
        phone=known["phone"],
        actor=actor,
    )
    identity.confirm_person(request, subject_ids=[canary.people[PERSON]], actor=actor)
    erasure.plan(request, actor=actor)
    erasure.submit(request, actor=actor)
    approval = Approval.objects.get(object_id=str(request.pk))
    approvals.decide(approval, approve=True, actor=actors.of_user(second))
    job = Job.objects.get(kind=erasure.ERASE, object_id=str(request.pk))
    finished = jobs.run(job.pk)
    assert finished is not None
    return finished


def _all_needles_of(canary: Canary) -> set[str]:
    """Return everything that would betray the person."""
    known = canary.identity[PERSON]
    stem = known["last_name"].removesuffix("nen")
    return canary.needles(PERSON) | {stem, known["first_name"], known["email"]}


def _assert_dump(canary: Canary) -> None:
    dump = dumps.database()
    needles = (
        _all_needles_of(canary) | canary.needles(NEIGHBOUR) | canary.needles(SHARED)
    )
    person = str(canary.people[PERSON])
    places = dumps.places_in(dump, needles | {person})

    kept = {
        m.needle: _kept_columns(m.label)
        for m in canary.markers
        if m.owner == PERSON and m.label in KEPT and m.personal.erasure is Erasure.KEEP
    }
    assert len(kept) > 10
    left = {
        needle: places[needle]
        for needle in _all_needles_of(canary)
        if not places.get(needle, set()) <= kept.get(needle, set())
    }
    assert left == {}
    assert set(kept) <= set(places)
    assert places[person] <= KEPT_NUMBER

    of_others = [m for m in canary.markers if m.owner in (NEIGHBOUR, SHARED)]
    # What was shared and belonged to nobody in particular may be emptied by the map.
    lost = [
        f"{m.label}.{m.field} ({m.owner})"
        for m in of_others
        if m.needle not in places
        and not _is_file(m)
        and not (m.owner == SHARED and m.personal.erasure is Erasure.BLANK)
    ]
    assert lost == []


def _kept_columns(label: str) -> set[str]:
    """Return the columns of a table that the map keeps under a law."""
    entry = graph()[label]
    return {
        f"{entry.model._meta.db_table}.{name.partition('.')[0]}"
        for name, personal in entry.map.personal_fields()
        if personal.erasure is Erasure.KEEP
    }


def _assert_media(canary: Canary) -> None:
    stored = dumps.media()
    content = "\n".join(f"{name} {data!r}" for name, data in stored.items())

    assert [n for n in _all_needles_of(canary) if n in content] == []
    assert str(canary.people[PERSON]) not in content
    files_of_neighbour = [
        m for m in canary.markers if _is_file(m) and m.owner == NEIGHBOUR
    ]
    assert files_of_neighbour
    assert [m.needle for m in files_of_neighbour if m.needle not in content] == []


def _texts_of_others(canary: Canary) -> dict[tuple[str, object, str], str]:
    return {
        (m.label, m.key, m.field): _text(m)
        for m in canary.markers
        if m.owner in (NEIGHBOUR, SHARED)
        and m.personal.mentions_others
        and not _is_file(m)
    }


def _assert_texts_of_others(
    canary: Canary, before: dict[tuple[str, object, str], str]
) -> None:
    """What others wrote is as before, but for the person and nothing but the person."""
    about, neighbour = canary.mention(PERSON), canary.mention(NEIGHBOUR)
    changed = 0
    for m in canary.markers:
        old = before.get((m.label, m.key, m.field))
        if old is None or about not in old:
            continue
        new = _text(m)
        start, end = old.split(about)
        assert new.startswith(start), (m.label, m.field)
        assert new.endswith(end), (m.label, m.field)
        assert neighbour in new, (m.label, m.field)
        changed += 1
    assert changed >= 3


def _text(marker) -> str:
    row = graph()[marker.label].model._base_manager.get(pk=marker.key)
    value = getattr(row, marker.field)
    return "\n".join(value) if isinstance(value, list) else str(value)


def _is_file(marker) -> bool:
    return marker.field in graph()[marker.label].file_fields
