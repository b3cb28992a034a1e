from __future__ import annotations

import io
import json
import uuid
import zipfile

import pytest
from celery import current_app
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection

from communications.models import ChatLine
from contacts.models import ContactPoint
from dsar.models import Request
from dsar.services import verification
from dsar.services.erasure_identity import unseal
from register import actors
from register.errors import DomainError
from register.models import AuditEntry, Job, LegalParameter
from register.services import jobs
from tests.dsar.erasure_factory import erase, erasure_request, make_chat, say

pytestmark = pytest.mark.django_db

EMAIL = "Anna.Virtanen@esimerkki.example"


@pytest.fixture
def erase_anna(anna, officer, second_officer):
    def run(**kwargs):
        request = erasure_request(anna, officer)
        job = erase(request, officer, second_officer, **kwargs)
        assert (job.state, job.error_code) == ("done", "")
        return request

    return run


@pytest.fixture
def stray():
    """A table that no model knows."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE stray (note text, tags varchar(80)[], data jsonb)")

    def insert(note="", tags=(), data=None):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO stray VALUES (%s, %s, %s)",
                [note, list(tags), json.dumps(data or {})],
            )

    return insert


@pytest.fixture
def _empty_queue():
    yield
    with current_app.connection_for_write() as broker:
        broker.default_channel.client.delete("erasure-test")


@pytest.mark.parametrize(
    ("row", "place"),
    [
        ({"note": f"ks. {EMAIL}"}, "stray.note"),
        ({"note": "soita 040-1234567"}, "stray.note"),
        ({"note": "Virtasen Annalle"}, "stray.note"),
        ({"tags": ["vip", "Anna Virtanen"]}, "stray.tags"),
        ({"data": {"owner": {"mail": [EMAIL]}}}, "stray.data"),
        ({"data": {EMAIL: 1}}, "stray.data"),
        ({"data": {"nimi": "Anna V\u00edrtanen"}}, "stray.data"),
    ],
)
def test_a_table_that_no_model_knows_is_searched(erase_anna, stray, row, place):
    stray(**row)

    request = erase_anna()

    assert request.plan.left_over == {place: 1}
    assert (request.state, request.outcome) == (Request.State.EXECUTING, "")


def test_a_name_in_two_columns_is_found(erase_anna):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE old_people (etunimi text, sukunimi text)")
        cursor.execute(
            "INSERT INTO old_people VALUES ('Anna', 'Virtanen'), ('Anna', 'Mäkelä')"
        )

    request = erase_anna()

    assert request.plan.left_over == {"old_people.etunimi+sukunimi": 1}


def test_partitions_and_materialised_views_are_searched(erase_anna):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE parts (n int, note text) PARTITION BY RANGE (n)")
        cursor.execute(
            "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (9)"
        )
        cursor.execute("INSERT INTO parts VALUES (1, %s)", [EMAIL])
        cursor.execute("CREATE MATERIALIZED VIEW copies AS SELECT note FROM parts")

    request = erase_anna()

    assert request.plan.left_over == {"copies.note": 1, "parts.note": 1}


def test_a_column_that_should_hold_nobody_is_searched(erase_anna):
    LegalParameter.objects.update(source=f"by {EMAIL}")

    request = erase_anna()

    assert request.plan.left_over == {"register_legalparameter.source": 3}


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("imports/left.csv", f"nimi;mail\nx;{EMAIL}".encode(), "files/imports"),
        (
            "imports/utf16.csv",
            f"nimi;mail\nx;{EMAIL}".encode("utf-16"),
            "files/imports",
        ),
        ("mail/Anna_Virtanen.bin", b"\0\1\2", "files/mail (name)"),
    ],
)
def test_names_and_texts_of_files_are_searched(erase_anna, name, content, place):
    path = default_storage.save(name, ContentFile(content))

    request = erase_anna()
    default_storage.delete(path)

    assert request.plan.left_over == {place: 1}


def test_archives_are_opened(erase_anna):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", json.dumps({"mail": EMAIL}))
    path = default_storage.save("packages/x.zip", ContentFile(buffer.getvalue()))

    request = erase_anna()
    default_storage.delete(path)

    assert request.plan.left_over == {"files/packages": 1}


def test_large_files_are_searched_where_two_pieces_meet(erase_anna):
    padding = "x " * 499_995
    content = f"{padding}{EMAIL} {padding}".encode()
    path = default_storage.save("imports/large.csv", ContentFile(content))

    request = erase_anna()
    default_storage.delete(path)

    assert request.plan.left_over == {"files/imports": 1}


def test_copies_in_the_cache_are_dropped(anna, erase_anna):
    cache.set("page:1", {"name": "Anna Virtanen"})
    cache.set(f"contact:{anna.pk}", "x")
    cache.set("page:2", {"name": "Bruno Mäkelä"})

    request = erase_anna()

    assert request.outcome == "erased"
    assert cache.get("page:1") is None
    assert cache.get(f"contact:{anna.pk}") is None
    assert cache.get("page:2") == {"name": "Bruno Mäkelä"}


@pytest.mark.usefixtures("_empty_queue")
def test_messages_of_the_broker_are_opened(anna, erase_anna):
    # The other test processes share the broker, and have an Anna of their own.
    address = f"{uuid.uuid4().hex}@esimerkki.example"
    ContactPoint.objects.create(contact=anna, kind="email", value=address)
    current_app.send_task(
        "nothing", args=["hello"], kwargs={"to": address}, queue="erasure-test"
    )

    request = erase_anna()

    assert request.plan.left_over == {"broker": 1}


def test_sessions_are_opened(erase_anna):
    session = SessionStore()
    session["last_search"] = "Anna Virtanen"
    session.save()

    request = erase_anna()

    assert request.plan.left_over == {"django_session.session_data": 1}


def test_what_is_searched_for_is_sealed_until_nothing_is_left(
    erase_anna, stray, officer, settings
):
    stray(note=EMAIL)
    request = erase_anna()

    sealed = request.plan.sealed_identifiers
    for value in ("Anna", "anna", "virtanen", "esimerkki"):
        assert value not in sealed
    (identity,) = unseal(sealed, purpose=str(request.pk)).known
    assert identity.emails == ("anna.virtanen@esimerkki.example",)
    assert identity.names[0].family == ("virtanen",)

    # Another record's seal, or another key, does not open it.
    with pytest.raises(DomainError, match="can no longer be read"):
        unseal(sealed, purpose="another")
    settings.ADDRESS_HASH_KEYS = ["t9:another-key"]
    with pytest.raises(DomainError, match="can no longer be read"):
        unseal(sealed, purpose=str(request.pk))

    settings.ADDRESS_HASH_KEYS = ["t9:another-key", "t2:newer-test-key"]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM stray")
    job = verification.order_search(request, actor=actors.of_user(officer))
    jobs.run(job.pk)
    request = Request.objects.get(pk=request.pk)
    assert request.outcome == "erased"
    assert request.plan.sealed_identifiers == ""
    assert request.plan.left_over == {}
    assert AuditEntry.objects.filter(action="contact.erased").count() == 1


def test_what_was_written_since_is_taken_out_by_the_second_search(
    anna, bruno, erase_anna, stray, officer
):
    stray(note=EMAIL)
    chat = make_chat(bruno)
    request = erase_anna()
    late = say(chat, f"Anna Virtanen eli {EMAIL} poistettiin")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM stray")

    verification.verify(request)
    assert Request.objects.get(pk=request.pk).plan.left_over == {
        "communications_chatline.text": 1
    }
    job = verification.order_search(request, actor=actors.of_user(officer))
    jobs.run(job.pk)

    late.refresh_from_db()
    assert late.text == "[…] eli […] poistettiin"
    assert Request.objects.get(pk=request.pk).outcome == "erased"


def test_the_officer_may_judge_a_place_to_be_lawful(erase_anna, stray, officer):
    stray(note=EMAIL)
    stray(tags=[EMAIL])
    request = erase_anna()
    actor = actors.of_user(officer)

    verification.acknowledge(request, places_judged=["stray.note"], actor=actor)
    request = Request.objects.get(pk=request.pk)
    assert request.state == Request.State.EXECUTING
    assert request.plan.left_over == {"stray.tags": 1}

    # A search in between keeps the judgement, unless there is more of it.
    jobs.run(verification.order_search(request, actor=actor).pk)
    assert Request.objects.get(pk=request.pk).plan.left_over == {"stray.tags": 1}
    stray(note=EMAIL)
    jobs.run(verification.order_search(request, actor=actor).pk)
    request = Request.objects.get(pk=request.pk)
    assert request.plan.left_over == {"stray.note": 2, "stray.tags": 1}

    verification.acknowledge(
        request, places_judged=["stray.note", "stray.tags"], actor=actor
    )
    request = Request.objects.get(pk=request.pk)
    assert (request.state, request.outcome) == ("closed", "erased")
    assert request.plan.acknowledged == {"stray.note": 2, "stray.tags": 1}
    assert request.plan.sealed_identifiers == ""
    judged = AuditEntry.objects.filter(action="erasure.acknowledged")
    assert judged.count() == 2


def test_only_what_was_found_can_be_judged(erase_anna, stray, officer):
    stray(note=EMAIL)
    request = erase_anna()

    for places in ([], ["stray.note", "elsewhere"]):
        with pytest.raises(DomainError, match="Choose places"):
            verification.acknowledge(
                request, places_judged=places, actor=actors.of_user(officer)
            )

    assert Request.objects.get(pk=request.pk).state == Request.State.EXECUTING


def test_before_an_erasure_there_is_nothing_to_search(anna, officer):
    request = erasure_request(anna, officer)

    with pytest.raises(DomainError, match="no erasure"):
        verification.order_search(request, actor=actors.of_user(officer))

    assert not Job.objects.exists()


def test_names_that_were_left_as_namesakes_do_not_keep_the_request_open(
    bruno, erase_anna
):
    make_chat(bruno, agent_says="Anna Virtanen (toinen) soitti")

    request = erase_anna()

    assert request.outcome == "erased"
    assert ChatLine.objects.filter(text__contains="Anna Virtanen (toinen)").exists()


def test_the_number_of_places_searched_is_recorded(erase_anna):
    request = erase_anna()

    assert request.plan.places_searched > 100
    verified = AuditEntry.objects.get(action="erasure.verified")
    assert verified.details["count"] == request.plan.places_searched
