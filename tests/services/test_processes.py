"""The runner of several processes, and the command that serves with it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

RUN = """
import sys
from settings import processes
commands = {name: [sys.executable, "-c", code] for name, code in %r.items()}
sys.exit(processes.run(commands, **%s))
"""
# Says its id, then waits, and says so when it is asked to end.
PATIENT = """
import os, signal, sys, time
def end(*_):
    print("asked to end")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("id", os.getpid())
time.sleep(60)
"""
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("id", os.getpid())
time.sleep(60)
"""
LINE = re.compile(r"(\w+) +│ id (\d+)\n")


@pytest.fixture
def start() -> Iterator[Callable[..., Any]]:
    started: list[Any] = []

    def start(codes: dict[str, str], options: str = "{}") -> Any:
        runner = subprocess.Popen(
            [sys.executable, "-c", RUN % (codes, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        started.append(runner)
        return runner

    yield start
    for runner in started:
        runner.kill()
        runner.wait()
        runner.stdout.close()


def ids(runner: Any, count: int) -> dict[str, int]:
    """The ids that the runner's children say, once all have."""
    found: dict[str, int] = {}
    while len(found) < count:
        line = LINE.fullmatch(runner.stdout.readline())
        assert line
        found[line[1]] = int(line[2])
    return found


def ends(pid: int, seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            status = Path(f"/proc/{pid}/stat").read_text()
        except FileNotFoundError:
            return True
        if status.rpartition(")")[2].split()[0] == "Z":
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_cleanly(start, how):
    runner = start({"web": PATIENT, "worker": PATIENT})
    ids(runner, 2)

    runner.send_signal(how)
    said = runner.communicate(timeout=15)[0]

    assert runner.returncode == 0
    assert sorted(said.splitlines()) == [
        "All stopped.",
        f"{how.name}: stopping.",
        "web    │ asked to end",
        "worker │ asked to end",
    ]


def test_when_one_ends_all_stop_and_it_is_named(start):
    runner = start({"web": PATIENT, "worker": "import sys; sys.exit('broken')"})

    said = runner.communicate(timeout=15)[0]

    assert runner.returncode == 1
    assert "worker │ broken\n" in said
    assert "worker ended with status 1; stopping the others.\n" in said
    assert "web    │ asked to end\n" in said


def test_a_killed_process_is_started_again_and_the_others_stay(start):
    runner = start({"web": PATIENT, "worker": PATIENT}, "{'restarts': True}")
    before = ids(runner, 2)

    os.kill(before["worker"], signal.SIGKILL)

    assert runner.stdout.readline() == (
        "worker ended by SIGKILL; starting it again in 0.5 s.\n"
    )
    assert ids(runner, 1)["worker"] != before["worker"]
    assert not ends(before["web"], 0)
    runner.terminate()
    assert "SIGTERM: stopping." in runner.communicate(timeout=15)[0]
    assert runner.returncode == 0


def test_a_process_that_ends_again_and_again_is_started_less_and_less_often(start):
    broken = {"web": PATIENT, "worker": "import sys; sys.exit('broken')"}
    runner = start(broken, "{'restarts': True}")

    pauses = []
    while len(pauses) < 3:
        if found := re.search(r"again in (.+) s\.", runner.stdout.readline()):
            pauses.append(float(found[1]))

    assert pauses == [0.5, 1.0, 2.0]


def test_one_that_ends_by_itself_before_all_are_ready_is_set_up_wrongly(start):
    runner = start(
        {"web": PATIENT, "worker": "import sys; sys.exit('broken')"},
        "{'restarts': True, 'is_ready': lambda: False}",
    )

    said = runner.communicate(timeout=15)[0]

    assert runner.returncode == 1
    assert "worker ended with status 1; stopping the others.\n" in said


@pytest.mark.skipif(sys.platform != "linux", reason="no parent-death signal")
def test_what_a_killed_process_leaves_behind_ends_with_it(start):
    leaves_a_child = """
import os, time
child = os.fork()
if child:
    print("id", os.getpid())
    print("child", child)
time.sleep(60)
"""
    runner = start({"web": leaves_a_child}, "{'restarts': True}")
    parent = ids(runner, 1)["web"]
    child = int(runner.stdout.readline().split()[-1])

    os.kill(parent, signal.SIGKILL)

    assert ends(child)


def test_a_full_disk_for_the_log_does_not_stop_the_work(start):
    # Writing to /dev/full fails as a full disk does.
    chatty = "import sys\nfor n in range(5000): print('line', n)\nsys.exit(7)"
    runner = start({"web": chatty}, "{'output': open('/dev/full', 'w')}")

    said = runner.communicate(timeout=15)[0]

    # It could write all its lines and ended by itself.
    assert runner.returncode == 1
    assert "Traceback" not in said


def test_what_was_lost_while_the_disk_was_full_is_counted(start):
    disk = """__import__('io').TextIOWrapper(type('Disk', (__import__('io').BytesIO,), {
        'flush': lambda self: None,
        'write': lambda self, b, seen=[]: (seen.append(1),
            (_ for _ in ()).throw(OSError(28, 'full')) if len(seen) < 3
            else sys.stdout.buffer.write(bytes(b)))[-1]})())"""
    runner = start(
        {
            "web": "print('one'); print('two')\nimport time; time.sleep(1); print('three')"
        },
        f"{{'output': {disk}}}",
    )

    said = runner.communicate(timeout=15)[0]

    assert "(The disk was full; lines lost: 2)\nweb │ three\n" in said


def test_what_does_not_end_is_killed(start):
    runner = start({"web": STUBBORN}, "{'stop_seconds': 0.5}")
    child = ids(runner, 1)["web"]

    runner.terminate()
    runner.communicate(timeout=15)

    assert runner.returncode == 0
    assert ends(child, 0)


def test_a_second_ctrl_c_kills_at_once(start):
    runner = start({"web": STUBBORN})
    child = ids(runner, 1)["web"]

    runner.send_signal(signal.SIGINT)
    assert runner.stdout.readline() == "SIGINT: stopping.\n"
    runner.send_signal(signal.SIGINT)
    runner.communicate(timeout=5)

    assert ends(child, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="no parent-death signal")
def test_killing_the_runner_ends_its_processes(start):
    runner = start({"web": PATIENT, "worker": PATIENT})
    children = ids(runner, 2)

    runner.kill()

    assert all(ends(child) for child in children.values())


def test_the_address_is_shown_once_web_answers(start):
    runner = start(
        {"web": PATIENT},
        "{'is_ready': iter([False, True]).__next__, 'when_ready': lambda: 'here'}",
    )

    # Which of the two comes first is a matter of luck.
    said = [runner.stdout.readline() for _ in range(2)]
    assert "here\n" in said


def test_nobody_reading_ends_all(start):
    runner = start({"web": "import time\nwhile True: print('line'); time.sleep(0.05)"})
    assert runner.stdout.readline() == "web │ line\n"

    runner.stdout.close()

    assert runner.wait(timeout=15) == 1


def test_a_missing_program_is_named(start):
    runner = start({}, "{} or sys.exit(processes.run({'web': ['/no/such']}))")

    said = runner.communicate(timeout=15)[0]

    assert runner.returncode == 1
    assert said.startswith("/no/such cannot be started: ")


def test_serving_on_a_taken_port_starts_nothing():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(CommandError) as refusal:
            call_command("serve", port=port)

    assert str(refusal.value) == (
        f"Port {port} is taken: choose another, for example with PORT=8010."
    )


def test_a_free_port_is_free():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

    call_command("serve", port=port, check_port=True)
