"""Runs the benchmarks and says whether their goals hold.

A benchmark is a function in a module of this package::

    @benchmark("list_first", unit="ms", goal=3, better="lower")
    def first_page_of_contacts(scale: int) -> Measurement:
        ...
        return Measurement(ours=4.1, reference=1.9)

It measures our way and the plain-SQL reference in the same run, in one unit, and
repeats and interleaves as it sees fit (`interleaved` does the usual). A goal is a
ratio between the two, because an absolute time says more about the machine.

* ``ratio`` is always ``ours / reference``.
* ``better="lower"`` (times, bytes, queries): it holds if ``ratio <= goal``.
* ``better="higher"`` (rows per second): it holds if ``ratio >= goal``.

``NAME`` and ``SCALE`` (contacts; default 1,000,000) may come from the environment.
Each result is written to ``benchmarks/results.json`` as soon as it is there; results
of benchmarks that were not run stay. The database is ``seloste_bench``, beside the
one of the settings: made and migrated here, kept with whatever benchmarks put there,
and made anew when a migration changed.

Exit status: 0 if all that ran hold, 1 if not, 2 for a wrong call.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import math
import os
import pkgutil
import statistics
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import django

RESULTS_FILE = Path(__file__).resolve().parent / "results.json"
DATABASE = "seloste_bench"
DEFAULT_SCALE = 1_000_000

Better = Literal["lower", "higher"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run measured, both in the unit of the benchmark.

    Raises ValueError where no ratio can be made of them.
    """

    ours: float
    reference: float

    def __post_init__(self) -> None:
        if not (
            math.isfinite(self.ours)
            and math.isfinite(self.reference)
            and self.ours >= 0
            and self.reference > 0
        ):
            raise ValueError(f"No ratio can be made of {self}.")


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A registered benchmark."""

    name: str
    run: Callable[[int], Measurement]
    unit: str
    goal: float
    better: Better
    only_by_name: bool

    def judge(self, measurement: Measurement, *, scale: int) -> Result:
        """Return the result, decided by the ratio as it is written."""
        ratio = _rounded(measurement.ours / measurement.reference)
        return Result(
            ours=_rounded(measurement.ours),
            reference=_rounded(measurement.reference),
            unit=self.unit,
            ratio=ratio,
            goal=self.goal,
            holds=ratio <= self.goal if self.better == "lower" else ratio >= self.goal,
            scale=scale,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """One entry of ``results.json``."""

    ours: float
    reference: float
    unit: str
    ratio: float
    goal: float
    holds: bool
    scale: int


REGISTRY: dict[str, Benchmark] = {}


def benchmark(
    name: str,
    *,
    unit: str,
    goal: float,
    better: Better,
    only_by_name: bool = False,
) -> Callable[[Callable[[int], Measurement]], Callable[[int], Measurement]]:
    """Register a function that takes the scale and returns a `Measurement`.

    `only_by_name` leaves it out of a run of everything. Raises ValueError if the
    name is taken.
    """

    def register(run: Callable[[int], Measurement]) -> Callable[[int], Measurement]:
        if name in REGISTRY:
            raise ValueError(f"There are two benchmarks called {name}.")
        REGISTRY[name] = Benchmark(name, run, unit, goal, better, only_by_name)
        return run

    return register


def interleaved(
    ours: Callable[[], object], reference: Callable[[], object], *, rounds: int = 7
) -> Measurement:
    """Return the median seconds of both, measured in turns.

    In turns, and beginning with the other one each time, so that a busy minute of
    the machine and a warm cache favour neither. Both run once unmeasured before.
    """
    for warm_up in (ours, reference):
        warm_up()
    times: dict[str, list[float]] = {"ours": [], "reference": []}
    pair = [("ours", ours), ("reference", reference)]
    for _ in range(rounds):
        for side, function in pair:
            started = time.perf_counter()
            function()
            times[side].append(time.perf_counter() - started)
        pair.reverse()
    return Measurement(
        statistics.median(times["ours"]), statistics.median(times["reference"])
    )


def main(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure, beside plain SQL."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    names: list[str] = parser.parse_args(arguments).names
    names = names or os.environ.get("NAME", "").replace(",", " ").split()
    try:
        scale = int(os.environ.get("SCALE") or DEFAULT_SCALE)
    except ValueError:
        scale = 0
    if scale < 1:
        parser.error("SCALE is a number of contacts, such as 100000.")

    set_up_django()
    load_benchmarks()
    if unknown := [name for name in names if name not in REGISTRY]:
        parser.error(
            f"no benchmark {', '.join(unknown)}; there are "
            f"{', '.join(sorted(REGISTRY)) or 'none'}."
        )
    prepare_database()
    with wide_awake():
        return run(names, scale=scale, results_file=RESULTS_FILE)


# Ends by itself when whoever started it is gone.
_SPIN = """
import os
os.nice(19)
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(1_000_000):
        pass
"""


@contextlib.contextmanager
def wide_awake() -> Iterator[None]:
    """Keep every processor from dozing off, by something that gives way to all else.

    A request and the database take turns. On an idle machine, a virtual one above all,
    each turn waits some 100 µs for a processor to wake: a page of nine statements would
    be measured by how deep this machine sleeps, beside a reference of one statement.
    """
    spinning = [
        subprocess.Popen([sys.executable, "-c", _SPIN])  # noqa: S603 - this program itself
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield
    finally:
        for each in spinning:
            each.kill()
            each.wait()


def run(names: Iterable[str], *, scale: int, results_file: Path) -> int:
    """Run the named benchmarks, or all if none are named; write, print, judge.

    A benchmark that fails is reported, loses its old result, and does not keep the
    others from running.
    """
    chosen = [REGISTRY[name] for name in names] or [
        each for each in REGISTRY.values() if not each.only_by_name
    ]
    results = _read(results_file)
    if not names:
        results = {name: one for name, one in results.items() if name in REGISTRY}
    run_results: dict[str, Result | None] = {}
    for each in chosen:
        say(f"{each.name} …")
        try:
            result = each.judge(each.run(scale), scale=scale)
        except Exception:  # noqa: BLE001  (an hour of other results hangs on it)
            traceback.print_exc()
            run_results[each.name] = None
            results.pop(each.name, None)
        else:
            run_results[each.name] = result
            results[each.name] = asdict(result)
        _write(results_file, results)
    say(table(run_results))
    return (
        0 if all(one is not None and one.holds for one in run_results.values()) else 1
    )


def table(results: Mapping[str, Result | None]) -> str:
    """Return the results as lines of text; None stands for a benchmark that failed."""
    rows = [("benchmark", "ours", "reference", "unit", "ratio", "goal", "holds")]
    for name, result in results.items():
        if result is None:
            rows.append((name, "-", "-", "-", "-", "-", "FAILED"))
            continue
        sign = "≤" if REGISTRY[name].better == "lower" else "≥"
        rows.append(
            (
                name,
                f"{result.ours:,g}",
                f"{result.reference:,g}",
                result.unit,
                f"{result.ratio:.3g}",
                f"{sign} {result.goal:g}",
                "yes" if result.holds else "NO",
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    )


def set_up_django() -> None:
    """Start the servers the settings need and load the applications."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.demo")
    from settings import embedded, services

    try:
        services.ensure()
    except embedded.EmbeddedServicesError as error:
        sys.exit(f"Seloste: {error}")
    django.setup()


def load_benchmarks() -> None:
    """Import every module of this package, which registers its benchmarks."""
    import benchmarks

    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name != "__main__":
            importlib.import_module(f"benchmarks.{module.name}")


def prepare_database() -> None:
    """Point Django at the migrated benchmark database, making it if need be.

    The fingerprint of the migrations is the comment on the database, written last:
    one that was left half made has none, and is made anew.
    """
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    fingerprint = f"migrations {migrations_fingerprint()}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = %s",
            [DATABASE],
        )
        is_current = cursor.fetchone() == (fingerprint,)
        if not is_current:
            cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
            cursor.execute(f"CREATE DATABASE {DATABASE}")

    connection.close()
    settings.DATABASES["default"]["NAME"] = DATABASE
    connection.settings_dict["NAME"] = DATABASE
    if not is_current:
        say(f"Making the database {DATABASE} …")
        call_command("migrate", verbosity=0, interactive=False)
        with connection.cursor() as cursor:
            cursor.execute(f"COMMENT ON DATABASE {DATABASE} IS '{fingerprint}'")


def migrations_fingerprint() -> str:
    """Return a hash of all migrations of the installed applications."""
    from django.apps import apps

    digest = hashlib.sha256()
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for file in sorted(Path(app.path, "migrations").glob("*.py")):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{app.label}/{file.name} {content}\n".encode())
    return digest.hexdigest()


def _read(results_file: Path) -> dict[str, object]:
    try:
        results: dict[str, object] = json.loads(results_file.read_text())
    except FileNotFoundError:
        return {}
    return results


def _write(results_file: Path, results: Mapping[str, object]) -> None:
    """Replace the file as a whole, so that a killed run leaves the last good one."""
    text = json.dumps(dict(sorted(results.items())), indent=2)
    unfinished = results_file.with_suffix(".json.new")
    unfinished.write_text(text + "\n")
    unfinished.replace(results_file)


def _rounded(number: float) -> float:
    """Round to six significant digits: more would be noise."""
    return float(f"{number:.6g}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
