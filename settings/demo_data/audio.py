"""Short sound files for the demo's recordings: two voices made of tones."""

from __future__ import annotations

import io
import math
import random
import struct
import wave

RATE = 8000


def recording(chance: random.Random, seconds: float = 1.6) -> bytes:
    """Return a WAV file (8 kHz, 16 bit, mono) of ``seconds`` with syllable-like tones."""
    samples: list[int] = []
    voices = (chance.uniform(110, 150), chance.uniform(180, 240))
    while len(samples) < seconds * RATE:
        pitch = chance.choice(voices) * chance.uniform(0.9, 1.15)
        length = int(RATE * chance.uniform(0.09, 0.22))
        for i in range(length):
            envelope = math.sin(math.pi * i / length)
            t = i / RATE
            tone = math.sin(2 * math.pi * pitch * t) + 0.4 * math.sin(
                2 * math.pi * pitch * 3 * t
            )
            samples.append(int(9000 * envelope * tone))
        samples.extend([0] * int(RATE * chance.uniform(0.02, 0.09)))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return out.getvalue()
