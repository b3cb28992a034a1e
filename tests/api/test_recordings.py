"""Recordings that arrive over the interface: streamed, checked, stored once."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.storage import default_storage

from communications.models import Recording
from contacts.models import Contact
from register.models import AuditEntry, FileRemoval

ENDED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
# Seven calendar months later, on the same Helsinki wall clock.
DUE = datetime(2026, 8, 31, 11, 0, tzinfo=UTC)

# The beginning of a file of every kind that is taken in.
BEGINNINGS = {
    "audio/wav": b"RIFF\x24\x00\x00\x00WAVEfmt ",
    "audio/mpeg": b"ID3\x04\x00\x00",
    "audio/ogg": b"OggS\x00\x02",
    "audio/mp4": b"\x00\x00\x00\x20ftypM4A ",
    "audio/flac": b"fLaC\x00\x00\x00\x22",
    "audio/webm": b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm",
}


def test_a_recording_is_stored_as_it_came(caller, call_id, wav, stored):
    data = wav(1)

    response = caller.put(f"/calls/{call_id}/recording", data)

    answer, recording = response.json(), Recording.objects.get()
    assert response.status_code == 201
    assert (answer["content_type"], answer["size"]) == ("audio/wav", len(data))
    assert answer["sha256"] == hashlib.sha256(data).hexdigest()
    with default_storage.open(recording.file.name) as file:
        assert file.read() == data
    assert recording.call_id == call_id
    assert caller.get(f"/calls/{call_id}").json()["recording"] == answer
    assert not FileRemoval.objects.exists()


def test_the_place_of_the_file_is_told_to_nobody(caller, call_id, wav, stored):
    response = caller.put(f"/calls/{call_id}/recording", wav())

    name = Recording.objects.get().file.name.removeprefix("recordings/")
    assert name not in response.content.decode()


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_kinds_of_sound(caller, call_id, stored, kind):
    response = caller.put(
        f"/calls/{call_id}/recording",
        BEGINNINGS[kind] + bytes(100),
        content_type=f"{kind}; codecs=x",
    )

    assert response.status_code == 201
    assert response.json()["content_type"] == kind


@pytest.mark.parametrize("named", ["audio/x-wav", "Audio/WAV", "audio/vnd.wave"])
def test_other_names_of_a_kind(caller, call_id, wav, stored, named):
    response = caller.put(f"/calls/{call_id}/recording", wav(), content_type=named)

    assert response.json()["content_type"] == "audio/wav"


@pytest.mark.parametrize(
    "named",
    ["", "audio", "text/html", "application/json", "application/octet-stream", "audio/midi", "image/svg+xml", "video/mp4"],
)  # fmt: skip
def test_other_kinds_are_not_taken_in(caller, call_id, wav, stored, named):
    response = caller.put(f"/calls/{call_id}/recording", wav(), content_type=named)

    assert response.status_code == 415
    assert response.json()["error"]["code"] == "unsupported_type"
    assert stored() == []


@pytest.mark.parametrize(
    "data",
    [b"<html><script>", b"RIFF", b"\x00" * 5000, b"%PDF-1.7", BEGINNINGS["audio/mpeg"], b"\x00\x00\x00\x20ftypisom"],
)  # fmt: skip
def test_the_content_decides_not_the_name(caller, call_id, stored, data):
    response = caller.put(f"/calls/{call_id}/recording", data)

    assert response.status_code == 415
    assert response.json()["error"]["code"] == "type_mismatch"
    assert stored() == []
    assert not Recording.objects.exists()


def test_an_empty_recording_is_refused(caller, call_id, stored):
    response = caller.put(f"/calls/{call_id}/recording", b"")

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "empty"


def test_a_second_recording_is_refused_and_the_first_stays(
    caller, call_id, wav, stored
):
    caller.put(f"/calls/{call_id}/recording", wav())

    response = caller.put(f"/calls/{call_id}/recording", wav(1))

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "recording_exists"
    assert stored() == [Recording.objects.get().file.name]


def test_a_recording_of_an_unknown_call_is_not_taken_in(caller, wav, stored):
    response = caller.put("/calls/77/recording", wav())

    assert response.status_code == 404
    assert stored() == []


def test_a_recording_that_is_over_on_arrival_is_refused(
    caller, call_body, wav, stored, at
):
    times = {"started_at": ENDED.isoformat(), "ended_at": ENDED.isoformat()}
    with at(ENDED + timedelta(hours=1)):
        number = caller.post("/calls", {**call_body, **times}).json()["id"]

    with at(DUE):
        response = caller.put(f"/calls/{number}/recording", wav())

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "past_retention"
    assert stored() == []
    assert not FileRemoval.objects.exists()


def test_a_recording_ends_before_its_call(caller, call_body, wav, stored, at):
    times = {"started_at": ENDED.isoformat(), "ended_at": ENDED.isoformat()}
    with at(ENDED + timedelta(hours=1)):
        number = caller.post("/calls", {**call_body, **times}).json()["id"]
        caller.put(f"/calls/{number}/recording", wav(), key="one")

    with at(DUE - timedelta(seconds=1)):
        before = caller.get(f"/calls/{number}").json()
    with at(DUE):
        after = caller.get(f"/calls/{number}").json()
        again = caller.put(f"/calls/{number}/recording", wav(), key="one")

    assert before["recording"]["ends_at"] == "2026-08-31T11:00:00Z"
    assert after["recording"] is None
    assert again.status_code == 410


def test_a_file_that_announces_too_much_is_refused_before_it_is_read(
    caller, call_id, stored, settings
):
    settings.RECORDING_MAX_BYTES = 1000
    unread = Unreadable()

    response = caller.put(
        f"/calls/{call_id}/recording",
        b"",
        CONTENT_LENGTH="1001",
        **{"wsgi.input": unread},
    )

    assert response.status_code == 413
    assert stored() == []


def test_a_file_of_exactly_the_largest_size_is_taken_in(
    caller, call_id, wav, stored, settings
):
    data = wav()
    settings.RECORDING_MAX_BYTES = len(data)

    assert caller.put(f"/calls/{call_id}/recording", data).status_code == 201


def test_a_file_of_unknown_length_is_stored_as_it_arrives(caller, call_id, wav, stored):
    data = wav(3)

    response = caller.put(f"/calls/{call_id}/recording", b"", **chunked(data))

    assert response.status_code == 201
    assert response.json()["size"] == len(data)


def test_a_file_of_unknown_length_is_cut_off_at_the_limit(
    caller, call_id, stored, settings
):
    settings.RECORDING_MAX_BYTES = 1_000_000
    endless = Endless(BEGINNINGS["audio/wav"])

    response = caller.put(
        f"/calls/{call_id}/recording",
        b"",
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": endless, "wsgi.input_terminated": True},
    )

    assert response.status_code == 413
    assert endless.given < 2_000_000
    assert stored() == []
    assert not FileRemoval.objects.exists()
    assert not Recording.objects.exists()


def test_a_body_of_unknown_length_needs_a_server_that_marks_its_end(
    caller, call_id, stored
):
    response = caller.put(
        f"/calls/{call_id}/recording",
        b"",
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": Unreadable()},
    )

    assert response.status_code == 411
    assert response.json()["error"]["code"] == "length_required"


def test_json_of_unknown_length_is_read_too(caller):
    response = caller.client.generic(
        "POST",
        "/api/v1/contacts",
        CONTENT_TYPE="application/json",
        headers=caller.headers(**{"idempotency-key": "k"}),
        **chunked(b'{"emails": ["a@b.example"]}'),
    )

    assert response.status_code == 201


def test_json_of_unknown_length_has_a_limit_too(caller, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    endless = Endless(b"{")

    response = caller.client.generic(
        "POST",
        "/api/v1/contacts",
        CONTENT_TYPE="application/json",
        headers=caller.headers(**{"idempotency-key": "k"}),
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": endless, "wsgi.input_terminated": True},
    )

    assert response.status_code == 413
    assert endless.given < 1_000_000


def test_a_file_that_breaks_off_is_not_kept(caller, call_id, wav, stored):
    data = wav(1)

    response = caller.put(
        f"/calls/{call_id}/recording",
        b"",
        CONTENT_LENGTH=str(len(data) + 1),
        **{"wsgi.input": Stream(data)},
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "body_incomplete"
    assert stored() == []
    assert not FileRemoval.objects.exists()


def test_a_line_that_breaks_off_leaves_nothing(caller, call_id, wav, stored):
    response = caller.put(
        f"/calls/{call_id}/recording",
        b"",
        CONTENT_LENGTH="1000000",
        **{"wsgi.input": Stream(wav(10), breaks=True)},
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "body_unreadable"
    assert stored() == []
    assert not FileRemoval.objects.exists()


def test_storing_is_in_the_audit_trail(caller, call_id, wav, stored):
    caller.put(f"/calls/{call_id}/recording", wav())

    entry = AuditEntry.objects.get(action="recording.stored")
    assert entry.subject_id == Contact.objects.get().pk
    assert entry.actor_kind == "api_key"
    assert entry.details == {"sha256": Recording.objects.get().sha256}
    assert AuditEntry.objects.get(action="call.recorded").subject_id is not None


# --- streams -------------------------------------------------------------------------


class Stream:
    """A connection that gives some bytes and then ends, or breaks."""

    def __init__(self, data, *, breaks=False):
        self.data, self.breaks = data, breaks

    def read(self, size=-1):
        piece, self.data = self.data[:size], self.data[size:]
        if not piece and self.breaks:
            raise OSError("Connection reset")
        return piece

    def readline(self, size=-1):
        raise AssertionError("A raw body has no lines.")

    def close(self):
        pass


class Endless(Stream):
    """A connection that never ends."""

    def __init__(self, beginning):
        super().__init__(beginning)
        self.given = 0

    def read(self, size=-1):
        assert 0 < size <= 1_000_000
        piece = (self.data + bytes(size))[:size]
        self.data, self.given = b"", self.given + size
        return piece


class Unreadable(Stream):
    """A connection that must not be read."""

    def __init__(self):
        super().__init__(b"")

    def read(self, size=-1):
        raise AssertionError("The body was read.")


def chunked(data):
    """Return what a server passes on for a body of unknown length."""
    return {
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": Stream(data),
        "wsgi.input_terminated": True,
    }


# --- the container that sound shares with video ---------------------------------------


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def mp4_file(*handlers: bytes, brand: bytes = b"isom") -> bytes:
    """A file as phones and call systems write it: what it holds stands at the end."""
    tracks = b"".join(
        box(b"trak", box(b"tkhd", bytes(84)) + box(b"mdia", box(b"hdlr", bytes(8) + kind + bytes(12))))
        for kind in handlers
    )  # fmt: skip
    ftyp = box(b"ftyp", brand + bytes(4) + b"isomiso2mp41")
    return ftyp + box(b"mdat", bytes(9000)) + box(b"moov", tracks)


@pytest.mark.parametrize("brand", [b"isom", b"mp42", b"iso2", b"M4A "])
def test_sound_in_a_file_of_a_general_brand_is_taken_in(caller, call_id, stored, brand):
    response = caller.put(
        f"/calls/{call_id}/recording",
        mp4_file(b"soun", brand=brand),
        content_type="audio/x-m4a",
    )

    assert response.status_code == 201
    assert response.json()["content_type"] == "audio/mp4"


@pytest.mark.parametrize(
    "data",
    [
        mp4_file(b"soun", b"vide"),
        mp4_file(b"vide"),
        mp4_file(b"vide", brand=b"M4A "),
        mp4_file(),
        mp4_file(b"soun")[:5000],
        box(b"ftyp", b"isom" + bytes(12)) + bytes(9000),
        # Lengths that lie: nought, more than there is, boxes without end.
        box(b"ftyp", b"isom" + bytes(12)) + b"\x00\x00\x00\x00moov" + b"\xff" * 90,
        box(b"ftyp", b"isom" + bytes(12)) + box(b"free") * 20_000,
    ],
)
def test_a_film_or_a_file_without_sound_is_refused(caller, call_id, stored, data):
    response = caller.put(f"/calls/{call_id}/recording", data, content_type="audio/mp4")

    assert response.status_code == 415
    assert response.json()["error"]["code"] == "not_sound_alone"
    assert stored() == []
    assert not Recording.objects.exists()
    assert not FileRemoval.objects.exists()
