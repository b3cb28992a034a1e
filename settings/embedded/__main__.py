"""Look at the embedded services, or stop them, by hand."""

from __future__ import annotations

import argparse
import sys
import time

from .lease import ensure, status, stop, wipe
from .places import EmbeddedServicesError, urls

KEEP_SECONDS, LONGEST_PAUSE = 1.0, 15.0


def main(arguments: list[str] | None = None) -> int:
    """``python -m settings.embedded {status,url,keep,stop,wipe}``."""
    parser = argparse.ArgumentParser(prog="settings.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="say whether the services run, and where")
    commands.add_parser("url", help="print the two URLs, starting nothing")
    commands.add_parser("keep", help="keep the services running, until Ctrl-C")
    commands.add_parser("stop", help="stop the services, used or not")
    commands.add_parser("wipe", help="stop the services and delete their data")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "url":
            _say(*urls())
        elif chosen.command == "keep":
            keep()
        elif chosen.command == "stop":
            _say("stopped" if stop() else "not running")
        elif chosen.command == "wipe":
            wipe()
            _say("wiped")
        else:
            _say(*(f"{name}: {value}" for name, value in status().items()))
    except EmbeddedServicesError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def keep() -> None:
    """Start the services again whenever they, or their supervisor, are gone.

    What keeps them from starting (a full disk) is said once and tried until it is over.
    """
    said, pause = "", KEEP_SECONDS
    while True:
        try:
            ensure()
        except EmbeddedServicesError as error:
            if str(error) != said:
                said = str(error)
                sys.stderr.write(f"{said}\nTrying again until that is over.\n")
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            if said:
                sys.stderr.write("The embedded services run again.\n")
            said, pause = "", KEEP_SECONDS
        time.sleep(pause)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
