"""Kinds of sound files that are taken in, by name and by content."""

from __future__ import annotations

from typing import Any

from filetype.types import audio, video

from communications import mp4

# Only these are tried. The matchers of the library for other kinds trust lengths that
# the file itself tells.
_MATCHERS = {
    "audio/wav": audio.Wav(),
    "audio/mpeg": audio.Mp3(),
    "audio/ogg": audio.Ogg(),
    "audio/mp4": audio.M4a(),
    "audio/flac": audio.Flac(),
    # Sound alone has the same container as video.
    "audio/webm": video.Webm(),
}
KINDS = tuple(_MATCHERS)
_OTHER_NAMES = {
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/mp3": "audio/mpeg",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "audio/x-flac": "audio/flac",
}
# As much of the beginning as the matchers look at.
HEAD_BYTES = 4096
# Handlers of tracks in an MP4 file (ISO/IEC 14496-12): chapters and marks are text.
SOUND = b"soun"
SOUND_AND_TEXT = {SOUND, b"text", b"sbtl", b"meta", b"hint"}


def kind_named(media_type: str) -> str | None:
    """Return the kind that a media type (without parameters) names, if it is taken in."""
    name = media_type.strip().lower()
    name = _OTHER_NAMES.get(name, name)
    return name if name in _MATCHERS else None


def kind_found(head: bytes) -> str | None:
    """Return the kind that the beginning of a file shows, if it is taken in."""
    for kind, matcher in _MATCHERS.items():
        if matcher.match(bytearray(head[:HEAD_BYTES])):
            return kind
    if mp4.is_mp4(head):
        # A brand that sound and video share; the tracks tell (see is_sound_alone).
        return "audio/mp4"
    return None


def is_sound_alone(kind: str, head: bytes, file: Any) -> bool:
    """Whether a whole file holds sound and no pictures; ``head`` is its beginning.

    Asked of the container that sound shares with video. A file whose brand says sound
    is taken at its word unless a track contradicts.
    """
    if kind != "audio/mp4":
        return True
    handlers = mp4.handlers(file)
    says_sound = _MATCHERS[kind].match(bytearray(head[:HEAD_BYTES]))
    return handlers <= SOUND_AND_TEXT and (says_sound or SOUND in handlers)
