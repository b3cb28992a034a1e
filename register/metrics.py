"""What monitoring reads at ``/metrics``: a registry that each app fills with its own numbers.

Numbers about work are counted in the database at the moment they are asked for, so that
every web process gives the same answer and none is lost when a process ends. Labels are
words of closed lists (kinds, states, names of tables and tasks), never numbers of rows:
a label that could name somebody is a leak, and one without an end fills the monitor's disk.
"""

from __future__ import annotations

import dataclasses
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import Error
from prometheus_client.core import GaugeMetricFamily, Metric

from register.monitoring.bounded import Bounded, own_connection

PREFIX = "seloste_"
FRESH_SECONDS = 10.0
PATIENCE_SECONDS = 8.0
# A count goes no further: that there are so many is all that a watcher needs to know.
MOST = 10_000

logger = logging.getLogger(__name__)

Load = Callable[[], Iterable[Metric]]
_SOURCES: dict[str, Load] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What was counted at one moment."""

    metrics: list[Metric]


def register(code: str, load: Load) -> None:
    """Add a source: ``load`` asks the database few questions with bounded answers.

    It runs as the owner of the tables in a thread of its own, and each statement ends
    after two seconds. A source that fails is reported as such; the others go on.
    """
    _SOURCES[code] = load


def gauge(
    name: str,
    meaning: str,
    values: float | Mapping[Any, float],
    labels: tuple[str, ...] = (),
) -> Metric:
    """Return a number that goes up and down; with ``labels`` one for each combination."""
    family = GaugeMetricFamily(f"{PREFIX}{name}", meaning, labels=labels)
    if isinstance(values, Mapping):
        for key, value in values.items():
            family.add_metric(key, value)
    else:
        family.add_metric((), values)
    return family


def moment(name: str, meaning: str, at: datetime | None) -> Iterator[Metric]:
    """Yield an instant as seconds since 1970; nothing if there was none yet."""
    if at is not None:
        yield gauge(name, meaning, at.timestamp())


def reading() -> Reading | None:
    """Return numbers that are at most some seconds old; None if they cannot be had in time."""
    return _READING.answer()


def forget() -> None:
    """Count anew next time."""
    _READING.forget()


def take() -> Reading:
    """Count now, with a connection of its own."""
    try:
        with own_connection():
            return Reading([_is_up(1), *collect()])
    except Error:
        return Reading([_is_up(0)])


def collect() -> Iterator[Metric]:
    """Yield what all sources say, and how each of them did."""
    success: dict[tuple[str, ...], float] = {}
    seconds: dict[tuple[str, ...], float] = {}
    for code, load in _SOURCES.items():
        begun = time.monotonic()
        try:
            found = list(load())
        except Exception:
            logger.exception("a source of metrics failed", extra={"kind": code})
            success[(code,)] = 0
        else:
            success[(code,)] = 1
            yield from found
        seconds[(code,)] = time.monotonic() - begun
    yield gauge(
        "collector_success",
        "1 if a source of these numbers answered, else 0",
        success,
        ("collector",),
    )
    yield gauge(
        "collector_seconds",
        "how long a source of these numbers took",
        seconds,
        ("collector",),
    )


def _is_up(value: int) -> Metric:
    return gauge("database_up", "1 if the database answers, else 0", value)


_READING = Bounded(take, fresh=FRESH_SECONDS, patience=PATIENCE_SECONDS, name="metrics")
