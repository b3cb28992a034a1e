"""The product is killed process by process, and as a whole, while it is busy.

The same for as long as you like: ``python -m tests.faults --minutes 20 --seed 7``.
"""

from __future__ import annotations

import json
import subprocess
import sys

from django.conf import settings

from tests.faults.product import TARGETS


def test_killing_every_process_under_load_loses_and_doubles_nothing():
    storm = subprocess.run(
        [
            *(sys.executable, "-m", "tests.faults", "--each-once", "--seed", "1"),
            *("--rows", "400", "--senders", "2"),
        ],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    report = json.loads(storm.stdout)
    assert report["violations"] == [], storm.stderr
    assert storm.returncode == 0
    assert report["kills"] == dict.fromkeys(sorted(TARGETS), 1)
    # There was something to lose.
    assert min(report["confirmed"].values()) > 0
    assert report["imported_rows"] > 0
    assert report["due_rows_deleted"] > 0
