"""Look at the embedded services, or stop them, by hand."""

from __future__ import annotations

import argparse
import sys

from .lease import status, stop, wipe
from .places import EmbeddedServicesError, urls


def main(arguments: list[str] | None = None) -> int:
    """``python -m settings.embedded {status,url,stop,wipe}``."""
    parser = argparse.ArgumentParser(prog="settings.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="say whether the services run, and where")
    commands.add_parser("url", help="print the two URLs, starting nothing")
    commands.add_parser("stop", help="stop the services, used or not")
    commands.add_parser("wipe", help="stop the services and delete their data")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "url":
            _say(*urls())
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


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
