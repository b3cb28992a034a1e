"""The demo's mail server: takes every mail and keeps it as a file; nothing leaves the machine.

``python -m settings.mail_sink PORT FOLDER``
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

HOST = "127.0.0.1"
# More than a demonstration needs, less than a disk.
MOST_FILES = 2000


class Folder:
    """Keeps mails as ``.eml`` files, which mail programs open."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the library's name
        """Keep one mail."""
        kept = sorted(self._folder.glob("*.eml"))
        for old in kept[: max(0, len(kept) - MOST_FILES + 1)]:
            old.unlink(missing_ok=True)
        self._number += 1
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{self._number:05}.eml"
        (self._folder / name).write_bytes(envelope.content)
        return "250 kept"


def main(port: int, folder: Path) -> None:
    """Serve until told to stop."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    controller = Controller(Folder(folder), hostname=HOST, port=port)
    controller.start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while True:
            time.sleep(3600)
    finally:
        controller.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
