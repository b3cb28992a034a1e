"""Playing recordings: who may, for what, what is recorded, and how the sound is sent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from communications.services import playing
from register.models import AuditEntry, Hold
from register.services import holds
from tests.communications.conftest import RECORDING_DUE, SOON, SOUND

pytestmark = pytest.mark.django_db


def play_path(recording):
    return reverse("admin:communications_recording_play", args=[recording.pk])


def audio_path(recording, user):
    token = playing.token_for(recording, user)
    path = reverse("admin:communications_recording_audio", args=[recording.pk])
    return f"{path}?token={token}"


def body(response):
    return b"".join(response.streaming_content)


@pytest.fixture
def recording(make_recording, anna):
    return make_recording(anna)


@pytest.fixture
def now(at):
    with at(SOON):
        yield


@pytest.fixture
def listener(client_of, agent):
    return client_of(agent)


# --- asking --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [("agent", 200), ("officer", 200), ("seller", 403), ("marketer", 403), ("auditor", 403), ("administrator", 403), ("stranger", 403)],
)  # fmt: skip
def test_who_may_play(request, client_of, recording, now, role, status):
    user = request.getfixturevalue(role)

    asked = client_of(user).post(play_path(recording), {"purpose": "customer_support"})
    heard = client_of(user).get(audio_path(recording, user))

    assert (asked.status_code, heard.status_code) == (status, status)
    played = AuditEntry.objects.filter(action="recording.played").count()
    assert played == (1 if status == 200 else 0)
    if status == 200:
        body(heard)


def test_without_a_log_in_nothing_is_heard(client, recording, agent, now):
    for path in (play_path(recording), audio_path(recording, agent)):
        response = client.post(path) if "play" in path else client.get(path)

        assert response.status_code == 302
        assert "/login/" in response["Location"]


def test_playing_is_recorded_with_person_and_purpose(
    listener, agent, recording, now, anna
):
    response = listener.post(play_path(recording), {"purpose": "data_subject_rights"})

    entry = AuditEntry.objects.get(action="recording.played")
    assert response.status_code == 200
    assert (entry.actor_id, entry.subject_id) == (str(agent.pk), anna.pk)
    assert (entry.purpose, entry.object_id) == (
        "data_subject_rights",
        str(recording.pk),
    )


@pytest.mark.parametrize("purpose", ["", "customer_relationship", "curiosity", "\0"])
def test_without_a_purpose_of_its_own_nothing_is_played(
    listener, recording, now, purpose
):
    response = listener.post(play_path(recording), {"purpose": purpose})

    assert response.status_code == 400
    assert "<audio" not in response.content.decode()
    assert not AuditEntry.objects.filter(action="recording.played").exists()


def test_a_link_alone_plays_nothing(listener, recording, now):
    response = listener.get(play_path(recording))

    assert response.status_code == 405
    assert not AuditEntry.objects.filter(action="recording.played").exists()


def test_the_player_is_a_page_or_a_part_of_one(listener, recording, now):
    page = listener.post(play_path(recording), {"purpose": "customer_support"})
    part = listener.post(
        play_path(recording),
        {"purpose": "customer_support"},
        headers={"hx-request": "true"},
    )

    assert "<html" in page.content.decode()
    assert "<html" not in part.content.decode()
    for response in (page, part):
        assert "<audio" in response.content.decode()
        assert "no-store" in response["Cache-Control"]


def test_the_player_fetches_the_sound(listener, recording, now):
    page = listener.post(play_path(recording), {"purpose": "customer_support"})

    sound = listener.get(page.context["source"])

    assert sound.status_code == 200
    assert body(sound) == SOUND


def test_an_unknown_recording_is_not_found(listener, now):
    assert listener.post("/admin/communications/recording/99/play/").status_code == 404
    assert listener.get("/admin/communications/recording/99/audio/").status_code == 404


def test_from_its_due_instant_on_a_recording_does_not_exist(
    listener, agent, recording, at
):
    with at(RECORDING_DUE - timedelta(seconds=1)):
        last = listener.get(audio_path(recording, agent))
        body(last)
    with at(RECORDING_DUE):
        asked = listener.post(play_path(recording), {"purpose": "customer_support"})
        heard = listener.get(audio_path(recording, agent))

    assert last.status_code == 200
    assert (asked.status_code, heard.status_code) == (404, 404)


def test_what_is_held_is_heard_by_the_officer_alone(
    client_of, agent, officer, recording, anna, at, officer_actor
):
    holds.place(reason=Hold.Reason.LEGAL_CLAIM, subject_id=anna.pk, actor=officer_actor)

    with at(RECORDING_DUE):
        by_agent = client_of(agent).get(audio_path(recording, agent))
        by_officer = client_of(officer).get(audio_path(recording, officer))

    assert (by_agent.status_code, by_officer.status_code) == (404, 200)
    body(by_officer)


@pytest.fixture
def officer_actor(officer):
    from register import actors

    return actors.of_user(officer)


# --- tokens --------------------------------------------------------------------------


def test_without_its_token_nothing_is_heard(listener, recording, now):
    path = reverse("admin:communications_recording_audio", args=[recording.pk])

    for token in ("", "x", "a:b:c", "\0", "é"):
        assert listener.get(path, {"token": token}).status_code == 403


def test_the_token_of_another_does_not_serve(listener, officer, recording, now):
    assert listener.get(audio_path(recording, officer)).status_code == 403


def test_the_token_of_another_recording_does_not_serve(
    listener, agent, recording, make_recording, bruno, at
):
    other = make_recording(bruno)
    token = playing.token_for(other, agent)
    path = reverse("admin:communications_recording_audio", args=[recording.pk])

    with at(SOON):
        response = listener.get(path, {"token": token})

    assert response.status_code == 403


def test_a_token_lasts_ten_minutes_and_as_long_as_the_call(
    listener, agent, recording, at
):
    with at(SOON):
        path = audio_path(recording, agent)

    # The call took ten minutes.
    with at(SOON + timedelta(minutes=20, seconds=-1)):
        before = listener.get(path)
        body(before)
    with at(SOON + timedelta(minutes=20)):
        after = listener.get(path)

    assert (before.status_code, after.status_code) == (200, 403)


def test_a_right_that_is_taken_away_ends_the_listening(listener, agent, recording, now):
    path = audio_path(recording, agent)
    agent.assignments.all().delete()

    assert listener.get(path).status_code == 403


# --- the sound -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, len(SOUND) - 1),
        ("bytes=100-199", 100, 199),
        ("bytes=70000-200000", 70000, 200000),
        (f"bytes={len(SOUND) - 1}-", len(SOUND) - 1, len(SOUND) - 1),
        ("bytes=-500", len(SOUND) - 500, len(SOUND) - 1),
        ("bytes=-99999999", 0, len(SOUND) - 1),
        ("bytes=10-99999999", 10, len(SOUND) - 1),
    ],
)
def test_a_part_is_sent(listener, agent, recording, now, asked, first, last):
    response = listener.get(audio_path(recording, agent), headers={"range": asked})

    assert response.status_code == 206
    assert response["Content-Range"] == f"bytes {first}-{last}/{len(SOUND)}"
    assert response["Content-Length"] == str(last - first + 1)
    assert body(response) == SOUND[first : last + 1]


@pytest.mark.parametrize("asked", ["", "bytes=5-4", "bytes=0-1,3-4", "lines=1-2"])
def test_what_is_no_single_range_gives_the_whole(
    listener, agent, recording, now, asked
):
    response = listener.get(audio_path(recording, agent), headers={"range": asked})

    assert response.status_code == 200
    assert "Content-Range" not in response
    assert response["Content-Length"] == str(len(SOUND))
    assert body(response) == SOUND


@pytest.mark.parametrize("asked", [f"bytes={len(SOUND)}-", "bytes=-0"])
def test_a_part_outside_the_file_is_refused(listener, agent, recording, now, asked):
    response = listener.get(audio_path(recording, agent), headers={"range": asked})

    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{len(SOUND)}"
    assert response.content == b""


def test_a_part_of_a_file_that_has_changed_is_the_whole(
    listener, agent, recording, now
):
    path = audio_path(recording, agent)

    same = listener.get(
        path, headers={"range": "bytes=0-9", "if-range": f'"{recording.sha256}"'}
    )
    other = listener.get(path, headers={"range": "bytes=0-9", "if-range": '"other"'})
    dated = listener.get(
        path,
        headers={"range": "bytes=0-9", "if-range": "Sun, 30 Nov 2025 10:00:00 GMT"},
    )

    assert [r.status_code for r in (same, other, dated)] == [206, 200, 200]
    assert [len(body(r)) for r in (same, other, dated)] == [10, len(SOUND), len(SOUND)]


def test_the_head_of_the_answer_alone(listener, agent, recording, now):
    response = listener.head(
        audio_path(recording, agent), headers={"range": "bytes=0-9"}
    )

    assert response.status_code == 200
    assert response["Content-Length"] == str(len(SOUND))
    assert response["Accept-Ranges"] == "bytes"
    assert response.content == b""


def test_the_sound_is_sent_as_what_it_is_and_kept_nowhere(
    listener, agent, recording, now
):
    response = listener.get(
        audio_path(recording, agent), headers={"accept-encoding": "gzip"}
    )

    assert response["Content-Type"] == "audio/wav"
    assert "no-store" in response["Cache-Control"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "Content-Encoding" not in response
    assert body(response) == SOUND


def test_parts_leave_no_entries_of_their_own(listener, agent, recording, now):
    listener.post(play_path(recording), {"purpose": "customer_support"})
    count = AuditEntry.objects.count()

    for first in range(0, 1000, 100):
        body(
            listener.get(
                audio_path(recording, agent),
                headers={"range": f"bytes={first}-{first + 99}"},
            )
        )

    assert AuditEntry.objects.count() == count


def test_a_file_is_read_in_pieces(listener, agent, recording, now):
    response = listener.get(audio_path(recording, agent))

    assert max(len(piece) for piece in response.streaming_content) <= 64 * 1024


def test_a_file_that_is_missing_is_not_found(listener, agent, recording, now):
    default_storage.delete(recording.file.name)

    assert listener.get(audio_path(recording, agent)).status_code == 404


def test_nothing_is_sent_to_change_the_sound(listener, agent, recording, now):
    assert listener.post(audio_path(recording, agent)).status_code == 405
