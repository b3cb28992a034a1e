"""What runs when, on a clock that makes steps."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine

from settings import beat
from settings.celery import app

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EVERY = {
    "hand out jobs": timedelta(seconds=20),
    "end what is due": timedelta(minutes=10),
    "clear sessions": timedelta(hours=6),
}


class Clocks:
    """The clock on the wall and the one that is never set, with a scheduler between."""

    def __init__(self, file, monkeypatch):
        self.file, self.wall, self.steady = file, NOON, 1000.0
        self.sent: Counter[str] = Counter()
        monkeypatch.setattr(
            beat,
            "time",
            SimpleNamespace(
                time=lambda: self.wall.timestamp(), monotonic=lambda: self.steady
            ),
        )
        self.start()

    def start(self):
        with time_machine.travel(self.wall, tick=False):
            self.scheduler = beat.Scheduler(app, schedule_filename=str(self.file))
        # It tells the database that beat lives.
        self.scheduler._pulse = SimpleNamespace(beat=lambda: None)
        self.scheduler.apply_entry = lambda entry, producer: self.sent.update(
            [entry.name]
        )

    def restart(self):
        self.scheduler.sync()
        self.scheduler.close()
        self.start()

    def run(self, seconds: float) -> Counter[str]:
        """Let beat work for so long; return how often it sent what."""
        self.sent.clear()
        end = self.steady + seconds
        while self.steady < end:
            with time_machine.travel(self.wall, tick=False):
                sleeps = max(0.01, min(self.scheduler.tick(), end - self.steady))
            self.steady += sleeps
            self.wall += timedelta(seconds=sleeps)
        return +self.sent

    def step(self, **by):
        self.wall += timedelta(**by)


@pytest.fixture
def clocks(tmp_path, monkeypatch):
    table = {
        name: {"task": f"test.{number}", "schedule": every}
        for number, (name, every) in enumerate(EVERY.items())
    }
    before, app.conf.beat_schedule = app.conf.beat_schedule, table
    clocks = Clocks(tmp_path / "schedule", monkeypatch)
    yield clocks
    clocks.scheduler.close()
    app.conf.beat_schedule = before


def test_on_a_steady_clock_each_runs_as_often_as_it_should(clocks):
    sent = clocks.run(1205)

    assert sent == {"hand out jobs": 60, "end what is due": 2}


@pytest.mark.parametrize("ahead", [{"hours": 1}, {"days": 1}, {"days": 365}])
def test_a_step_forwards_makes_up_for_nothing_more_than_once(clocks, ahead):
    clocks.run(100)
    clocks.step(**ahead)

    sent = clocks.run(100)

    assert 5 <= sent["hand out jobs"] <= 6
    assert sent["end what is due"] == 1
    assert sent["clear sessions"] <= 1


@pytest.mark.parametrize("back", [{"hours": -1}, {"days": -1}, {"days": -365}])
def test_after_a_step_backwards_all_goes_on_at_once(clocks, back):
    clocks.run(700)
    clocks.step(**back)

    assert 5 <= clocks.run(100)["hand out jobs"] <= 6
    assert clocks.run(600)["end what is due"] == 1


def test_what_was_sent_in_a_future_that_was_taken_back_is_sent_after_a_restart(clocks):
    clocks.step(days=365)
    clocks.run(700)
    clocks.step(days=-365)
    clocks.restart()

    sent = clocks.run(100)

    assert sent["end what is due"] == 1
    assert 5 <= sent["hand out jobs"] <= 6


@pytest.mark.parametrize(
    "turn", [datetime(2026, 10, 25, 1, 0, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)]
)  # fmt: skip
def test_no_day_is_too_long_or_too_short(clocks, turn):
    clocks.wall = turn - timedelta(seconds=600)
    clocks.restart()
    clocks.run(60)

    sent = clocks.run(1200)

    assert 59 <= sent["hand out jobs"] <= 61
    assert sent["end what is due"] == 2


def test_a_broken_schedule_file_is_made_anew(clocks):
    clocks.run(60)
    clocks.scheduler.close()
    for file in clocks.file.parent.iterdir():
        file.write_bytes(b"\x00" * 512)

    clocks.start()

    assert 4 <= clocks.run(100)["hand out jobs"] <= 5
