"""The command line that the package describes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from settings.messages.catalogues import check, compile_messages, update
from settings.messages.sources import BASE_DIR


def main(arguments: Sequence[str], root: Path = BASE_DIR) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m settings.messages", description="Collect and compile messages."
    )
    parser.add_argument("command", choices=["compile", "update", "check"])
    command = parser.parse_args(arguments).command

    if command == "compile":
        lines = [
            f"Compiled {path.relative_to(root)}" for path in compile_messages(root)
        ]
    elif command == "update":
        lines = [
            f"{language}: {new} new, {dropped} dropped"
            for language, (new, dropped) in update(root).items()
        ]
    else:
        lines = check(root)
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if command == "check" and lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
