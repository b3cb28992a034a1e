"""A disk that is full, as the system has it: a small one of its own in memory."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

WHY_NOT = "########  NO DISK COULD BE MADE (mount needs root): THE FULL DISK IS NOT TRIED  ########"


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path]:
    """Mount a disk of so many megabytes; skip the test, loudly, where that cannot be."""
    place = Path(tempfile.mkdtemp(prefix="seloste-disk-", dir="/tmp"))
    place.chmod(0o755)
    mount = shutil.which("mount")
    made = mount is not None and subprocess.run(
        [mount, "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", place],
        capture_output=True,
        check=False,
    )
    if not made or made.returncode:
        place.rmdir()
        pytest.skip(WHY_NOT)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)
        place.rmdir()


def fill(place: Path) -> Path:
    """Take up all the room that is left; deleting the file gives it back."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(64 * 1024)):
            pass
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"0"):
            pass
    return filler
