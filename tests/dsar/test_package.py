from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils import timezone, translation

from communications.models import Chat
from contacts.models import ImportBatch, ImportRow
from dsar.models import Package, Request
from dsar.package.archive import member_name
from dsar.scope import entries
from dsar.services import closing, collection, identity, package, review
from dsar.services.review import Decision
from dsar.verdicts import columns_of, given_columns
from register import actors, audit
from register.datamap.graph import graph
from register.models import AuditEntry, FileRemoval, Hold, Job
from register.services import jobs
from retention.services.sweep import sweep
from tests.conftest import make_contact
from tests.dsar.access_factory import (
    collected,
    content_of,
    data_of,
    open_access,
    packed,
    rows_of,
)
from tests.dsar.erasure_factory import make_chat, make_recording, say
from tests.dsar.test_finding_the_person import make_call

pytestmark = pytest.mark.django_db
LINE = "communications.ChatLine"


def test_annas_lines_are_given_and_nothing_of_brunos(officer, anna, bruno):
    chat = make_chat(anna, bruno)
    say(chat, "Numeroni on +358407654321", bruno)

    made = packed(officer, collected(officer, anna))

    assert [row["text"] for row in rows_of(made, LINE)] == ["Hei, olen Anna Virtanen."]
    everything = b"".join(content_of(made).values()).decode()
    for secret in ("Bruno", "Mäkelä", "+358407654321", "bruno.makela"):
        assert secret not in everything
    table = next(t for t in data_of(made)["tables"] if t["table"] == LINE)
    assert table["withheld_values"] == [
        {
            "field": "text",
            "meaning": "What was written",
            "ground": "data of other people, Art. 15(4)",
            "count": 3,
        }
    ]


def test_what_the_officer_gives_is_given_as_decided(officer, anna, bruno):
    chat = make_chat(anna, bruno, agent_says="Kysykää Brunolta lisää.")
    request = collected(officer, anna)
    agent_line = chat.lines.get(participant=None)
    bruno_line = chat.lines.get(participant__contact=bruno)
    by_row = {finding.row_key: finding.pk for finding in request.findings.all()}
    actor = actors.of_user(officer)
    review.decide(
        request,
        decisions={
            by_row[str(agent_line.pk)]: Decision(
                "redact", redacted="Kysykää […] lisää."
            ),
            by_row[str(bruno_line.pk)]: Decision("withhold", ground="others"),
        },
        actor=actor,
    )
    request.refresh_from_db()

    made = package.make(request, actor=actor)

    assert [(row["text"], row.get("_state")) for row in rows_of(made, LINE)] == [
        ("Hei, olen Anna Virtanen.", None),
        ("Kysykää […] lisää.", {"text": "redacted"}),
    ]
    assert "Kysykää […] lisää." in content_of(made)["index.html"].decode()


def test_the_package_has_exactly_the_fields_of_the_map(officer, anna, bruno):
    make_chat(anna, bruno)
    make_recording(anna)
    batch = ImportBatch.objects.create(title="Messut 2026", state="done")
    ImportRow.objects.create(
        batch=batch, row_number=1, cells=["Anna", "Virtanen"], contact=anna
    )

    made = packed(officer, collected(officer, anna), verdict="give", ground="")

    tables = {table["table"]: table for table in data_of(made)["tables"]}
    assert set(tables) == {entry.label for entry in entries()}
    filled = {label for label, table in tables.items() if table["rows"]}
    assert {
        "contacts.Contact",
        "contacts.ImportRow",
        "communications.Recording",
        "register.AuditEntry",
        "dsar.Finding",
    } <= filled
    for label in filled:
        given = [column.name for column in given_columns(graph()[label])]
        withheld = {column.name for column in columns_of(graph()[label])} - set(given)
        for row in tables[label]["rows"]:
            assert list(row) == given
        assert list(tables[label]["fields"]) == given
        assert set(tables[label]["withheld_fields"]) == withheld


def test_every_row_of_the_person_is_there(officer, anna, bruno):
    chat = make_chat(anna, bruno)
    make_chat(bruno)
    call = make_recording(anna).call
    make_recording(bruno)

    made = packed(officer, collected(officer, anna), verdict="give", ground="")

    assert [row["id"] for row in rows_of(made, "contacts.Contact")] == [str(anna.pk)]
    assert {row["value"] for row in rows_of(made, "contacts.ContactPoint")} == {
        "anna.virtanen@esimerkki.example",
        "+358401234567",
    }
    assert {row["chat"] for row in rows_of(made, LINE)} == {chat.pk}
    assert len(rows_of(made, LINE)) == 3
    assert [row["call"] for row in rows_of(made, "communications.Recording")] == [
        call.pk
    ]
    data = data_of(made)
    assert made.row_count == sum(table["row_count"] for table in data["tables"])
    assert all(t["row_count"] == len(t["rows"]) for t in data["tables"])


def test_references_to_others_are_left_out(officer, anna, bruno):
    make_chat(anna, bruno)

    made = packed(officer, collected(officer, anna), verdict="give", ground="")

    assert str(bruno.pk) not in b"".join(content_of(made).values()).decode()
    page = content_of(made)["index.html"].decode()
    assert "<td>you</td>" in page
    assert "<td>Esimerkki Oy</td>" in page


def test_the_person_is_told_what_the_law_asks_for(officer, anna, bruno, settings):
    settings.CONTROLLER = {
        "name": "Seloste Oy",
        "business_id": "2327327-1",
        "street_address": "Katu 1",
        "postcode": "02600",
        "town": "Espoo",
        "dpo_email": "dpo@seloste.example",
        "dpo_address": "Seloste Oy, PL 1, 02600 Espoo",
    }
    make_chat(anna, bruno)

    made = packed(officer, collected(officer, anna))

    data = data_of(made)
    assert data["revision"] == made.revision == graph().revision
    assert data["controller"]["name"] == "Seloste Oy"
    assert {right["right"] for right in data["rights"]} >= {"Erasure", "Complaint"}
    chat = next(t for t in data["tables"] if t["table"] == "communications.Chat")
    assert chat["purpose"] == "Customer support"
    assert chat["legal_basis"] == "legitimate interest, Art. 6(1)(f)"
    assert chat["source"] == "the person"
    assert chat["retention"] == "Deleted after 3 months."
    assert chat["recipients"] == []
    assert chat["fields"]["started_at"]["origin"] == "observed from use"
    page = content_of(made)["index.html"].decode()
    for words in (
        "Seloste Oy, 2327327-1, Katu 1, 02600 Espoo",
        "Deleted after 3 months.",
        "automated",
    ):
        assert words in page


def test_who_looked_is_told_without_the_name(officer, agent, anna):
    audit.record("record.viewed", actor=actors.of_user(agent), obj=anna)

    made = packed(officer, collected(officer, anna))

    entries_ = rows_of(made, "register.AuditEntry")
    viewed = next(e for e in entries_ if e["action"] == "record.viewed")
    assert viewed["purpose"] == "customer_support"
    assert viewed["actor_kind"] == "staff"
    assert "actor_id" not in viewed
    table = next(
        t for t in data_of(made)["tables"] if t["table"] == "register.AuditEntry"
    )
    assert "C-579/21" in table["withheld_fields"]["actor_id"]["ground"]
    page = content_of(made)["index.html"].decode()
    assert "looked at a record" in page
    assert str(agent.pk) not in page
    assert "Which member of staff: withheld" in page


def test_recordings_come_as_files(officer, anna):
    recording = make_recording(anna)
    head = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\x00" * 300_000
    with default_storage.open(recording.file.name, "wb") as file:
        file.write(head)

    made = packed(officer, collected(officer, anna), verdict="give", ground="")

    name = f"files/communications.Recording/{recording.pk}-file.wav"
    assert content_of(made)[name] == head
    assert rows_of(made, "communications.Recording")[0]["file"] == name
    assert f'<a href="{name}">' in content_of(made)["index.html"].decode()


def test_a_withheld_recording_leaves_its_row_and_its_ground(officer, anna):
    make_recording(anna)

    made = packed(officer, collected(officer, anna))

    (row,) = rows_of(made, "communications.Recording")
    assert row["file"] is None
    assert row["_state"] == {"file": "withheld: others"}
    assert not [name for name in content_of(made) if name.startswith("files/")]


def test_a_file_that_cannot_be_read_is_said(officer, anna):
    recording = make_recording(anna)
    request = collected(officer, anna)
    default_storage.delete(recording.file.name)

    made = packed(officer, request, verdict="give", ground="")

    assert "1 file could not be read" in content_of(made)["index.html"].decode()


def test_no_text_becomes_markup_or_leaves_its_cell(officer, anna, bruno):
    evil = "</td></table><script>alert(1)</script>&<img src=x onerror=a> \"' \\ \u2028 %s {0}"
    anna.last_name = evil[:90]
    anna.save()
    chat = make_chat(anna, bruno, agent_says=evil)
    say(chat, evil, anna)

    made = packed(officer, collected(officer, anna), verdict="give", ground="")

    class Tags(HTMLParser):
        found: set[str] = set()

        def handle_starttag(self, tag, attrs):
            self.found.add(tag)

    Tags().feed(content_of(made)["index.html"].decode())
    assert not Tags.found & {"script", "img"}
    assert {row["text"] for row in rows_of(made, LINE)} >= {evil}
    assert rows_of(made, "contacts.Contact")[0]["last_name"] == evil[:90]


@pytest.mark.parametrize("key", ["../../etc/passwd", "a/b", "C:\\x", "\0", "ä", ".."])
def test_names_inside_the_zip_are_safe(key):
    name = member_name("communications.Recording", key, "file", b"")

    folder, label, file = name.split("/")
    assert (folder, label) == ("files", "communications.Recording")
    assert file.endswith("-file.bin")
    assert all(c.isascii() and (c.isalnum() or c in "-_.") for c in file)
    assert ".." not in file


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_the_language_is_that_of_the_request(officer, anna, bruno, language):
    make_chat(anna, bruno)

    with translation.override("en"):
        made = packed(officer, collected(officer, anna, language=language))
        assert translation.get_language() == "en"

    members = content_of(made)
    assert set(members) == {"data.json", "index.html", "README.txt"}
    assert f'<html lang="{language}">' in members["index.html"].decode()
    assert data_of(made)["language"] == language
    with translation.override(language):
        assert translation.gettext("Your personal data") in (
            members["index.html"].decode()
        )


def test_the_page_needs_nothing_from_elsewhere(officer, anna):
    page = content_of(packed(officer, collected(officer, anna)))["index.html"].decode()

    for outside in ("http://", "https://", "src=", "@import", "url("):
        assert outside not in page


def test_what_is_past_its_period_and_not_held_is_not_given(officer, anna, bruno):
    old = make_chat(anna, bruno)
    request = open_access(officer)
    actor = actors.of_user(officer)
    # Due before the person was confirmed, so no hold of this request covers it …
    identity.confirm_person(request, subject_ids=[anna.pk], actor=actor)
    for hold in request_holds():
        hold.delete()
    old.ended_at = old.started_at = timezone.now() - timedelta(days=200)
    old.save()
    collection.collect(request, actor=actor)
    assert not request.findings.exists()
    request.refresh_from_db()

    made = package.make(request, actor=actor)

    assert rows_of(made, LINE) == []
    assert rows_of(made, "communications.Chat") == []


def request_holds():
    from register.models import Hold

    return Hold.objects.all()


def test_what_is_past_its_period_but_held_by_the_request_is_given(officer, anna, at):
    with at(datetime(2026, 5, 4, 9, tzinfo=UTC)):
        make_chat(anna, agent_says="Hei")
        request = collected(officer, anna)
    # The chat was due on 4 August; the request was extended and is still open.
    with at(datetime(2026, 8, 20, 9, tzinfo=UTC)):
        made = packed(officer, request, verdict="give", ground="")

    assert len(rows_of(made, LINE)) == 2


def test_a_call_without_a_contact_is_given_once_confirmed(officer, anna):
    recording = make_recording(None, number="+358501112223")
    request = open_access(officer)
    actor = actors.of_user(officer)
    identity.confirm_person(
        request,
        subject_ids=[anna.pk],
        records=[("communications.Call", str(recording.call_id))],
        actor=actor,
    )
    collection.collect(request, actor=actor)

    made = packed(officer, request, verdict="give", ground="")

    (call,) = rows_of(made, "communications.Call")
    assert call["number"] == "+358501112223"
    assert len(rows_of(made, "communications.Recording")) == 1
    assert len(rows_of(made, "contacts.Contact")) == 1


def test_somebody_without_any_contact_gets_what_was_confirmed(officer, anna):
    call = make_call("+358501112223")
    request = open_access(officer)
    actor = actors.of_user(officer)
    identity.confirm_person(
        request,
        subject_ids=[],
        records=[("communications.Call", str(call.pk))],
        actor=actor,
    )
    collection.collect(request, actor=actor)

    made = packed(officer, request)

    assert len(rows_of(made, "communications.Call")) == 1
    assert len(rows_of(made, "dsar.Request")) == 1
    assert rows_of(made, "contacts.Contact") == []


def test_the_package_is_stored_with_its_fingerprint_and_no_open_order(officer, anna):
    request = collected(officer, anna)

    made = packed(officer, request)

    with made.file.open("rb") as file:
        content = file.read()
    assert hashlib.sha256(content).hexdigest() == made.sha256
    assert len(content) == made.size
    assert not FileRemoval.objects.exists()
    request.refresh_from_db()
    assert request.state == Request.State.READY
    entry = AuditEntry.objects.get(action="package.made")
    assert entry.subject_id == anna.pk
    assert entry.details["sha256"] == made.sha256


def test_the_job_makes_it_and_may_be_begun_again(
    officer, anna, bruno, django_capture_on_commit_callbacks
):
    make_chat(anna, bruno)
    request = collected(officer, anna)
    actor = actors.of_user(officer)
    review.decide_all(request, verdict="give", actor=actor)
    job = package.order(request, actor=actor)
    assert package.order(request, actor=actor) == job

    done = jobs.run(job.pk)

    assert (done.state, done.error_code) == (Job.State.DONE, "")
    assert done.result["counts"]["rows"] == request.packages.get().row_count
    assert done.total > 0

    again = jobs.run(package.order(request, actor=actor).pk)
    assert again.state == Job.State.DONE
    assert request.packages.count() == 2


def test_a_package_that_broke_off_leaves_no_file(officer, anna, monkeypatch):
    request = collected(officer, anna)
    packed(officer, request)
    request.packages.all().delete()

    class Killed(BaseException):
        pass

    def killed(*args, **kwargs):
        raise Killed

    before = set(default_storage.listdir("packages")[1])
    monkeypatch.setattr("dsar.package.page_text.readme", killed)
    with pytest.raises(Killed):
        package.make(request, actor=actors.of_user(officer))

    assert not request.packages.exists()
    assert not FileRemoval.objects.filter(due_at__gt=timezone.now()).exists()
    assert set(default_storage.listdir("packages")[1]) == before


def test_rows_are_fetched_in_batches(officer, anna, monkeypatch):
    monkeypatch.setattr("dsar.package.tables.FETCHED_AT_ONCE", 3)
    chat = make_chat(anna)
    for number in range(10):
        say(chat, f"Rivi {number}", anna)

    made = packed(officer, collected(officer, anna))

    assert len(rows_of(made, LINE)) == 11
    json.loads(content_of(made)["data.json"])


def test_a_neighbour_with_the_same_company_gets_no_role_of_others(
    officer, anna, bruno, company
):
    made = packed(officer, collected(officer, anna))

    assert len(rows_of(made, "contacts.Affiliation")) == 1
    assert len(rows_of(made, "contacts.Company")) == 1
    make_contact(first_name="Carla", company=company)
    again = packed(officer, collected(officer, anna))
    assert len(rows_of(again, "contacts.Affiliation")) == 1


# --- how long a package may be there ------------------------------------------------------


def chat_that_ended(days, *contacts):
    chat = make_chat(*contacts)
    ended = timezone.now() - timedelta(days=days)
    Chat.objects.filter(pk=chat.pk).update(started_at=ended, ended_at=ended)
    chat.refresh_from_db()
    return chat


def test_a_package_ends_with_the_first_of_what_it_holds(officer, anna):
    chat = chat_that_ended(85, anna)
    later = chat_that_ended(1, anna)

    made = packed(officer, collected(officer, anna))
    made.refresh_from_db()

    assert chat.ends_at < later.ends_at
    assert made.ends_at == made.contents_end_at == chat.ends_at
    assert made.ends_at < made.created_at + timedelta(days=29)


def test_a_package_of_what_stays_longer_is_there_for_thirty_days(officer, anna):
    chat_that_ended(1, anna)

    made = packed(officer, collected(officer, anna))
    again = packed(officer, made.request)
    made.refresh_from_db()
    again.refresh_from_db()

    for each in (made, again):
        assert timedelta(days=29) < each.ends_at - each.created_at < timedelta(days=31)


def test_an_open_request_keeps_its_package_and_a_closed_one_does_not(
    officer, client_of, anna, at
):
    chat = chat_that_ended(85, anna)
    made = packed(officer, collected(officer, anna))
    url = reverse("admin:dsar_request_download", args=[made.request_id, made.pk])

    with at(chat.ends_at + timedelta(hours=1)):
        sweep()
        browser = client_of(officer)
        page = browser.get(reverse("admin:dsar_request_change", args=[made.request_id]))
        assert "Deleted when the request is closed" in page.content.decode()
        answer = browser.get(url)
        assert answer.status_code == 200
        b"".join(answer.streaming_content)
        closing.close(made.request, outcome="delivered", actor=actors.of_user(officer))
        assert browser.get(url).status_code == 404
        sweep()
        assert not Chat.objects.filter(pk=chat.pk).exists()
        assert not Package.objects.exists()


def test_a_package_without_a_contact_is_held_with_the_records_it_shows(officer):
    """A call from a number that nobody has: no person is held, so the copy itself is."""
    call = make_call("+358501112233")
    request = open_access(officer, name="", email="", phone="+358501112233")
    identity.confirm_person(
        request,
        subject_ids=[],
        records=[("communications.Call", str(call.pk))],
        actor=actors.of_user(officer),
    )
    collection.collect(request, actor=actors.of_user(officer))
    made = packed(officer, request)

    hold = Hold.objects.get(object_type="dsar.package", object_id=str(made.pk))
    assert hold.reference == str(request)
