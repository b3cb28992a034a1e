from __future__ import annotations

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from communications.models import Call, Chat, ChatLine, ChatParticipant
from consent.models import Prohibition
from contacts.models import (
    Company,
    CompanyWord,
    Contact,
    ContactPoint,
    ImportBatch,
    ImportFile,
)
from contacts.services import search_words
from dsar.models import Request
from dsar.services import erasure, identity, intake
from register import actors
from register.models import AuditEntry, Hold
from register.services import jobs
from tests.conftest import make_contact
from tests.dsar.erasure_factory import (
    approved,
    erase,
    erasure_request,
    make_chat,
    make_recording,
    say,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def erase_anna(anna, officer, second_officer):
    """Return a function that erases anna and gives her request."""

    def run(**kwargs):
        request = erasure_request(
            anna, officer, email="Anna.Virtanen@Esimerkki.example"
        )
        job = erase(request, officer, second_officer, **kwargs)
        assert (job.state, job.error_code) == ("done", "")
        assert request.outcome == Request.Outcome.ERASED, request.plan.left_over
        return request

    return run


def texts(chat):
    return list(chat.lines.order_by("pk").values_list("text", flat=True))


def test_the_person_and_what_is_only_theirs_is_gone(
    anna, bruno, erase_anna, django_capture_on_commit_callbacks
):
    make_chat(anna)
    recording = make_recording(anna)
    bystander = make_chat(bruno)

    with django_capture_on_commit_callbacks(execute=True):
        request = erase_anna()

    assert not Contact.objects.filter(pk=anna.pk).exists()
    assert set(ContactPoint.objects.values_list("contact", flat=True)) == {bruno.pk}
    assert list(Chat.objects.all()) == [bystander]
    assert not Call.objects.exists()
    assert not default_storage.exists(recording.file.name)
    assert request.plan.files_removed == 1


def test_a_shared_chat_stays_with_the_neighbours_lines_and_without_annas(
    anna, bruno, erase_anna
):
    chat = make_chat(anna, bruno)
    say(chat, "Kiitos, selvä.", bruno)

    erase_anna()

    assert texts(chat) == [
        "Hei, olen Bruno Mäkelä.",
        "Kuinka voin auttaa?",
        "Kiitos, selvä.",
    ]
    assert list(chat.participants.values_list("contact", flat=True)) == [bruno.pk]


def test_the_chat_goes_with_the_last_person_in_it(
    anna, bruno, erase_anna, officer, second_officer
):
    chat = make_chat(anna, bruno)
    erase_anna()
    assert Chat.objects.filter(pk=chat.pk).exists()

    erase(erasure_request(bruno, officer), officer, second_officer)

    assert not Chat.objects.filter(pk=chat.pk).exists()
    assert not ChatLine.objects.exists()


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("Hei Anna!", "Hei […]!"),
        ("hei anna, soitan Annalle", "hei […], soitan […]"),
        ("Rouva Virtasen asia", "Rouva […] asia"),
        ("Virtanen Anna hoitaa", "[…] hoitaa"),
        ("Vastasin ANNA.VIRTANEN@ESIMERKKI.EXAMPLE", "Vastasin […]"),
        ("Numero on 040-123 4567 eli +358 (0)40 1234567", "Numero on […] eli […]"),
        ("Bruno Mäkelä, 040 765 4321", "Bruno Mäkelä, 040 765 4321"),
    ],
)
def test_what_others_wrote_in_a_shared_chat_no_longer_names_the_person(
    anna, bruno, erase_anna, said, left
):
    chat = make_chat(anna, bruno)
    line = say(chat, said)
    of_neighbour = say(chat, said, bruno)

    erase_anna()

    line.refresh_from_db()
    of_neighbour.refresh_from_db()
    assert (line.text, of_neighbour.text) == (left, left)


def test_a_family_name_that_the_neighbour_has_too_stays(
    anna, company, erase_anna, officer
):
    carl = make_contact(first_name="Carl", last_name="Virtanen", company=company)
    chat = make_chat(anna, carl, agent_says="Anna ja Carl: Virtasille lasku")
    line = say(chat, "Kiitos, herra Virtanen. Anna Virtasen osuus on maksettu.")

    erase_anna()

    line.refresh_from_db()
    assert line.text == "Kiitos, herra Virtanen. […] osuus on maksettu."


def test_an_address_or_number_goes_from_conversations_of_others(
    anna, bruno, erase_anna
):
    chat = make_chat(
        bruno, agent_says="Anna Virtanen, 0401234567, hoitaa asiaa. Anna on lomalla."
    )

    request = erase_anna()

    assert texts(chat)[1] == "[…], […], hoitaa asiaa. […] on lomalla."
    assert request.plan.rewritten == 1


def test_a_mere_name_elsewhere_may_be_a_namesakes_and_stays(anna, bruno, erase_anna):
    chat = make_chat(bruno, agent_says="Anna Virtanen hoitaa asiaa.")

    request = erase_anna()

    assert texts(chat)[1] == "Anna Virtanen hoitaa asiaa."
    assert _rows(request, "namesake") == {"communications.ChatLine": 1}


def test_a_mere_name_goes_if_the_officer_says_so(anna, bruno, erase_anna):
    chat = make_chat(bruno, agent_says="Anna Virtanen hoitaa asiaa.")

    erase_anna(includes_namesakes=True)

    assert texts(chat)[1] == "[…] hoitaa asiaa."


@pytest.mark.parametrize("includes_namesakes", [False, True])
def test_a_namesake_keeps_everything(anna, erase_anna, includes_namesakes):
    namesake = make_contact(
        first_name="Anna", last_name="Virtanen", email="anna.virtanen@toinen.example"
    )
    search_words.refresh([namesake.pk])
    words = namesake.words.count()
    chat = make_chat(namesake)

    erase_anna(includes_namesakes=includes_namesakes)

    namesake.refresh_from_db()
    assert namesake.full_name == "Anna Virtanen"
    assert namesake.points.get().value == "anna.virtanen@toinen.example"
    assert namesake.words.count() == words
    assert chat.participants.get().display_name == "Anna Virtanen"
    if not includes_namesakes:
        assert texts(chat)[0] == "Hei, olen Anna Virtanen."


def test_a_number_that_others_have_too_stays_with_them(
    anna, bruno, erase_anna, officer
):
    for contact in (anna, bruno):
        ContactPoint.objects.create(
            contact=contact, kind="phone", value="+35891234567", source="staff"
        )
    chat = make_chat(bruno, agent_says="Vaihde on 09 1234567.")

    erase_anna()

    assert bruno.points.filter(value="+35891234567").exists()
    assert texts(chat)[1] == "Vaihde on 09 1234567."


def test_a_company_stays_and_is_found_without_the_person(anna, company, erase_anna):
    company.name = "Tmi Anna Virtanen"
    company.save()
    search_words.refresh_of_companies([company.pk])

    erase_anna()

    company.refresh_from_db()
    assert company.name == "Tmi […]"
    assert set(CompanyWord.objects.values_list("word", flat=True)) == {
        "=tmi",  # the whole name
        "tmi",
        "2327327-1",
        "23273271",
        "fi23273271",
    }
    assert Company.objects.count() == 1


def test_a_staged_file_is_removed_and_its_batch_stays(
    anna, erase_anna, django_capture_on_commit_callbacks
):
    path = default_storage.save("imports/x.csv", ContentFile(b"Anna;Virtanen"))
    batch = ImportBatch.objects.create(title="Messut")
    ImportFile.objects.create(batch=batch, file=path)
    batch.rows.create(row_number=1, cells=["Anna", "Virtanen"], contact=anna)

    with django_capture_on_commit_callbacks(execute=True):
        erase_anna()

    assert ImportFile.objects.get().file.name == ""
    assert not batch.rows.exists()
    assert not default_storage.exists(path)


def test_a_row_of_a_file_without_a_contact_loses_the_person(anna, bruno, erase_anna):
    batch = ImportBatch.objects.create(title="Messut")
    row = batch.rows.create(
        row_number=1,
        cells=["Anna", "Virtanen", "040 1234567", "Myynti"],
        outcome="invalid",
    )

    erase_anna()

    row.refresh_from_db()
    assert row.cells == ["[…]", "[…]", "[…]", "Myynti"]


def test_a_record_without_a_contact_goes_if_it_was_confirmed(
    anna, officer, second_officer
):
    recording = make_recording(None)
    visitor = make_chat()
    participant = ChatParticipant.objects.create(chat=visitor, display_name="Annukka")
    ChatLine.objects.create(chat=visitor, participant=participant, text="Terve")
    request = erasure_request(anna, officer)
    identity.confirm_person(
        request,
        subject_ids=[anna.pk],
        records=[
            ("communications.Call", str(recording.call_id)),
            ("communications.ChatParticipant", str(participant.pk)),
        ],
        actor=actors.of_user(officer),
    )

    erase(request, officer, second_officer)

    assert request.outcome == "erased"
    assert not Call.objects.exists()
    assert not Chat.objects.exists()


def test_prohibitions_and_the_audit_trail_survive(anna, erase_anna):
    prohibition = Prohibition.objects.create(
        address_hash="0" * 64,
        hash_key_id="t2",
        channel="email",
        purpose="marketing",
        method="staff",
        subject_id=anna.pk,
    )
    released = Hold.objects.create(
        subject_id=anna.pk, reason="legal_claim", released_at=anna.created_at
    )
    before = set(
        AuditEntry.objects.filter(subject_id=anna.pk).values_list("pk", flat=True)
    )

    request = erase_anna()

    prohibition.refresh_from_db()
    released.refresh_from_db()
    assert prohibition.subject_id == anna.pk
    after = AuditEntry.objects.filter(subject_id=anna.pk)
    assert before <= set(after.values_list("pk", flat=True))
    erased = after.get(action="contact.erased")
    assert erased.details["counts"]["contacts.Contact"] == 1
    assert erased.details["revision"] == request.plan.revision
    kept = {line["table"] for line in request.plan.lines if line["verdict"] == "keep"}
    assert {"consent.Prohibition", "register.AuditEntry", "register.Hold"} <= kept


def test_this_and_earlier_requests_no_longer_say_who_asked(anna, officer, erase_anna):
    actor = actors.of_user(officer)
    earlier = intake.open_request(
        kind="erasure",
        channel="phone",
        received_at=anna.created_at,
        name="Anna Virtanen (os. Korhonen)",
        other_identifiers="Anna Korhonen\nasiakas 4711",
        actor=actor,
    )
    identity.confirm_person(earlier, subject_ids=[anna.pk], actor=actor)

    request = erase_anna()

    for each in (request, earlier):
        each.refresh_from_db()
        assert each.identifiers == []
    assert earlier.state == Request.State.IDENTIFIED
    assert request.plan.sealed_identifiers == ""


def test_the_former_name_of_the_request_goes_too(anna, bruno, officer, second_officer):
    chat = make_chat(
        anna, bruno, agent_says="Anna Korhonen, nyk. Virtanen. Korhoselle."
    )
    request = erasure_request(anna, officer, other_identifiers="Anna Korhonen")

    erase(request, officer, second_officer)

    assert texts(chat)[1] == "[…], nyk. […]. […]."


def test_the_record_of_the_erasure_holds_no_personal_data(anna, bruno, erase_anna):
    make_chat(anna, bruno)

    request = erase_anna()

    record = str(
        {
            field.name: getattr(request.plan, field.name)
            for field in request.plan._meta.concrete_fields
        }
    )
    for value in ("Anna", "Virtanen", "esimerkki", "1234567", str(anna.pk)):
        assert value not in record


def test_erasing_twice_changes_nothing(anna, bruno, erase_anna):
    make_chat(anna, bruno, agent_says="Anna soitti")
    request = erase_anna()
    state = (
        AuditEntry.objects.exclude(action="job.ordered").count(),
        list(ChatLine.objects.values_list("text", flat=True)),
        request.plan.executed_at,
    )

    erasure.execute(request)
    job = jobs.order(erasure.ERASE, object_id=request.pk, actor=actors.system())
    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == "done"
    assert state == (
        AuditEntry.objects.exclude(action="job.ordered").count(),
        list(ChatLine.objects.values_list("text", flat=True)),
        Request.objects.get(pk=request.pk).plan.executed_at,
    )


def test_two_contacts_of_one_person_go_together(anna, company, officer, second_officer):
    double = make_contact(
        first_name="Anna", last_name="Virtanen", email="anna@koti.example"
    )
    chat = make_chat(anna, double)
    request = erasure_request(anna, officer)
    identity.confirm_person(
        request, subject_ids=[anna.pk, double.pk], actor=actors.of_user(officer)
    )

    erase(request, officer, second_officer)

    assert request.outcome == "erased"
    assert not Contact.objects.exists()
    assert not Chat.objects.filter(pk=chat.pk).exists()
    assert AuditEntry.objects.filter(action="contact.erased").count() == 2


def test_a_second_request_of_an_erased_person_finds_only_what_the_law_keeps(
    anna, erase_anna, officer, second_officer
):
    erase_anna()
    request = erasure_request(anna, officer)

    job = approved(request, officer, second_officer)
    jobs.run(job.pk)

    request.refresh_from_db()
    assert request.outcome == "erased"
    assert _rows(request, "delete_row") == {}


def _rows(request, verdict):
    return {
        line["table"]: line["rows"]
        for line in request.plan.lines
        if line["verdict"] == verdict
    }
