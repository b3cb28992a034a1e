"""Kill the processes of the product under load, and see that nothing is lost.

    python -m tests.faults --minutes 20 --seed 7

Prints what was done as one JSON object; the exit status is 0 only if nothing was lost,
doubled or left half done. The same seed kills the same processes after the same pauses.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.faults.product import TARGETS, Product, free_port

WAIT = 120.0


def main() -> int:
    """Run once; return the exit status."""
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows", type=int, default=2000, help="of one import file")
    parser.add_argument("--senders", type=int, default=3)
    parser.add_argument(
        "--each-once", action="store_true", help="kill each process once, then all"
    )
    parser.add_argument("--keep", action="store_true", help="keep the state directory")
    options = parser.parse_args()
    product = Product(free_port())
    os.environ.update(product.environment)
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    report: dict[str, Any] = {"violations": ["It broke off."]}
    try:
        product.prepare()
        import django

        django.setup()
        from tests.faults.storm import Storm

        storm = Storm(product, options)
        report = storm.run()
    finally:
        if options.keep or (
            report["violations"] and "PYTEST_VERSION" not in os.environ
        ):
            product.stop()
            sys.stderr.write(f"Kept: {product.state}\n")
        else:
            product.remove()
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 1 if report["violations"] else 0


def moments(options: argparse.Namespace) -> list[tuple[float, str]]:
    """Return pauses and whom to kill after them, the same for the same seed."""
    chance = random.Random(options.seed)  # noqa: S311 - repeatable on purpose
    if options.each_once:
        order = list(TARGETS[:-1])
        chance.shuffle(order)
        return [(chance.uniform(0.2, 0.8), target) for target in [*order, "all"]]
    planned, at = [], 0.0
    while at < options.minutes * 60:
        pause = chance.uniform(0.3, 8)
        planned.append((pause, chance.choice([*TARGETS, "serve"])))
        at += pause
    return planned


def until(fact: Callable[[], object], seconds: float = WAIT) -> bool:
    """Wait until it is true; return whether it ever was."""
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


def in_order(counted: Counter[str]) -> dict[str, int]:
    """Return counts sorted by name."""
    return dict(sorted(counted.items()))


if __name__ == "__main__":
    sys.exit(main())
