from __future__ import annotations

import json

import pytest

from benchmarks import harness
from benchmarks.harness import Measurement, benchmark


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    monkeypatch.setattr(harness, "REGISTRY", {})
    return harness.REGISTRY


@pytest.fixture
def results_file(tmp_path):
    return tmp_path / "results.json"


def register(name, ours, *, goal, better="lower", only_by_name=False):
    @benchmark(name, unit="ms", goal=goal, better=better, only_by_name=only_by_name)
    def measure(scale):
        return Measurement(ours, reference=2.0)


def run(*names, results_file, scale=100):
    return harness.run(names, scale=scale, results_file=results_file)


@pytest.mark.parametrize(
    ("better", "goal", "ours", "status"),
    [
        ("lower", 3, 6.0, 0),
        ("lower", 3, 6.1, 1),
        ("higher", 0.5, 1.0, 0),
        ("higher", 0.5, 0.9, 1),
    ],
)
def test_a_goal_is_a_ratio_in_its_direction(better, goal, ours, status, results_file):
    register("list_first", ours, goal=goal, better=better)

    assert run(results_file=results_file) == status
    assert json.loads(results_file.read_text()) == {
        "list_first": {
            "ours": ours,
            "reference": 2.0,
            "unit": "ms",
            "ratio": ours / 2,
            "goal": goal,
            "holds": status == 0,
            "scale": 100,
        }
    }


def test_results_of_others_stay(results_file):
    register("search", 2.0, goal=20)
    register("gate_one", 2.0, goal=10)
    run(results_file=results_file, scale=100)

    run("search", results_file=results_file, scale=200)

    results = json.loads(results_file.read_text())
    assert {name: one["scale"] for name, one in results.items()} == {
        "gate_one": 100,
        "search": 200,
    }


def test_a_run_of_all_forgets_what_no_longer_exists(results_file):
    results_file.write_text('{"gone": {}}')
    register("search", 2.0, goal=20)

    run(results_file=results_file)

    assert list(json.loads(results_file.read_text())) == ["search"]


def test_a_failure_costs_its_own_result_alone(results_file, capsys):
    results_file.write_text('{"broken": {"holds": true}}')

    @benchmark("broken", unit="ms", goal=1, better="lower")
    def broken(scale):
        return Measurement(1, reference=0)

    register("search", 2.0, goal=20)

    assert run(results_file=results_file) == 1
    assert list(json.loads(results_file.read_text())) == ["search"]
    assert (
        "broken     -     -          -     -      -     FAILED"
        in capsys.readouterr().out
    )


def test_one_that_runs_only_by_name(results_file):
    register("self_test", 2.0, goal=1, only_by_name=True)

    run(results_file=results_file)
    assert json.loads(results_file.read_text() if results_file.exists() else "{}") == {}

    run("self_test", results_file=results_file)
    assert list(json.loads(results_file.read_text())) == ["self_test"]


def test_a_name_is_taken_once():
    register("search", 2.0, goal=20)

    with pytest.raises(ValueError, match="two benchmarks called search"):
        register("search", 2.0, goal=20)


def test_sides_take_turns():
    calls = []

    harness.interleaved(lambda: calls.append("o"), lambda: calls.append("r"), rounds=2)

    assert "".join(calls) == "or" + "or" + "ro"


@pytest.mark.parametrize("scale", ["0", "many", "-5"])
def test_a_wrong_scale_is_a_wrong_call(scale, monkeypatch, capsys):
    monkeypatch.setenv("SCALE", scale)

    with pytest.raises(SystemExit) as caught:
        harness.main([])

    assert caught.value.code == 2
    assert "SCALE is a number of contacts" in capsys.readouterr().err


def test_the_table_shows_direction_and_verdict(results_file, capsys):
    register("list_first", 6.1, goal=3)

    run(results_file=results_file)

    assert capsys.readouterr().out.splitlines()[-2:] == [
        "benchmark   ours  reference  unit  ratio  goal  holds",
        "list_first  6.1   2          ms    3.05   ≤ 3   NO",
    ]


def test_what_keeps_the_processors_awake_ends_with_the_run(monkeypatch):
    started = []
    real = harness.subprocess.Popen

    def popen(*args, **kwargs):
        started.append(real(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(harness.subprocess, "Popen", popen)
    with harness.wide_awake():
        assert all(each.poll() is None for each in started)

    assert started
    assert all(each.returncode is not None for each in started)
