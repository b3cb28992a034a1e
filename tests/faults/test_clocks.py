"""A wrong clock deletes nobody's data and keeps nobody's work from going on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.utils import timezone

from communications.models import Chat
from register import audit, clocks, files, tasks
from register.actors import system
from register.errors import ClocksDisagree
from register.models import AuditSeal, ClockReading, FileRemoval, IdempotencyKey, Job
from register.services import jobs
from retention.models import Batch, Run
from retention.services.sweep import sweep
from tests.conftest import moved_clock
from tests.retention.factory import days_ago, make_chat

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
STEPS = [{"hours": 1}, {"days": 1}, {"days": 365}, {"hours": -1}, {"days": -365}]


class Machine:
    """A machine that runs since noon, whatever its clock says."""

    def __init__(self, monkeypatch):
        self.boot, self.seconds = "first", 1000.0
        monkeypatch.setattr(clocks, "since_boot", lambda: (self.boot, self.seconds))

    def passes(self, **time):
        self.seconds += timedelta(**time).total_seconds()

    def restart(self):
        self.boot, self.seconds = f"after {self.boot}", 10.0


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


@pytest.mark.parametrize("by", STEPS)
def test_a_clock_of_this_host_that_is_wrong_deletes_nothing(anna, by):
    due = make_chat(anna, ended_at=days_ago(400))

    with time_machine.travel(timezone.now() + timedelta(**by), tick=False):
        with pytest.raises(ClocksDisagree, match="put right the one that is wrong"):
            sweep()
        with pytest.raises(ClocksDisagree):
            tasks.sweep_idempotency_keys()

    assert Chat.objects.filter(pk=due.pk).exists()
    assert not Batch.objects.exists()
    assert sweep().deleted == 1


@pytest.mark.parametrize("by", STEPS)
def test_what_depends_on_the_time_is_not_taken_in_by_a_wrong_clock(
    caller, chat_body, call_body, by
):
    with time_machine.travel(timezone.now() + timedelta(**by), tick=False):
        for path, body in (("/chats", chat_body), ("/calls", call_body)):
            response = caller.post(path, body, key="the-same")

            assert response.status_code == 503
            assert response.json()["error"]["code"] == "clocks_disagree"
            assert response["Retry-After"] == "60"
    assert not Chat.objects.exists()
    assert not IdempotencyKey.objects.exists()

    assert caller.post("/chats", chat_body, key="the-same").status_code == 201


def test_half_a_minute_between_two_hosts_is_no_difference(anna):
    with time_machine.travel(timezone.now() + timedelta(seconds=20), tick=False):
        assert clocks.problem() == ""
        assert sweep().deleted == 0


def test_a_job_waits_for_the_clocks(marketer, monkeypatch):
    done = []
    kind = jobs.JobKind("test.work", "Working", lambda *_: done.append(1) or {})
    monkeypatch.setitem(jobs.KINDS, kind.code, kind)
    job = jobs.order("test.work", object_id="1", actor=system("access_control"))

    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        paused = jobs.run(job.pk)
    assert (paused.state, paused.error_code) == (Job.State.QUEUED, "clocks_disagree")
    assert paused.attempts == 0
    assert done == []

    assert jobs.run(job.pk).state == Job.State.DONE


@pytest.mark.parametrize("by", [{"hours": 1}, {"days": 1}, {"days": 365}])
def test_after_a_leap_of_all_clocks_nothing_is_deleted_before_somebody_could_see_it(
    anna, machine, by
):
    with moved_clock(NOON):
        sweep()
    wrong = NOON + timedelta(**by, minutes=10)
    machine.passes(minutes=10)

    with moved_clock(wrong):
        chat = make_chat(anna, ended_at=wrong - timedelta(days=100))
        with pytest.raises(ClocksDisagree, match="Time made a leap forwards"):
            sweep()
        with pytest.raises(ClocksDisagree):
            tasks.sweep_idempotency_keys()
        assert "put the clock right" in clocks.problem()
    assert Chat.objects.filter(pk=chat.pk).exists()
    assert Run.objects.count() == 1


def test_a_clock_that_is_put_back_goes_on_at_once(anna, machine):
    with moved_clock(NOON):
        sweep()
    with moved_clock(NOON + timedelta(days=365)), pytest.raises(ClocksDisagree):
        sweep()
    machine.passes(minutes=10)

    with moved_clock(NOON + timedelta(minutes=10)):
        assert clocks.problem() == ""
        assert sweep().is_complete


def test_a_clock_that_was_right_after_all_is_believed_after_a_while(anna, machine):
    with moved_clock(NOON):
        sweep()
    for minutes in range(0, 55, 10):
        at = NOON + timedelta(hours=1, minutes=minutes)
        with moved_clock(at), pytest.raises(ClocksDisagree):
            sweep()
        machine.passes(minutes=10)
    machine.passes(minutes=10)

    with moved_clock(NOON + timedelta(hours=2, minutes=10)):
        assert sweep().is_complete
        assert ClockReading.objects.get().quiet_until is None


def test_a_weekend_in_which_the_machine_was_off_is_no_leap(anna, machine):
    with moved_clock(NOON):
        sweep()
    machine.restart()
    with moved_clock(NOON + timedelta(days=3)):
        assert sweep().is_complete

    # A battery that ran out, and a clock that woke up in another year.
    machine.restart()
    with moved_clock(NOON + timedelta(days=900)), pytest.raises(ClocksDisagree):
        sweep()


def test_sleep_of_the_machine_is_time_that_passed(anna, machine):
    with moved_clock(NOON):
        sweep()
    machine.passes(hours=12)

    with moved_clock(NOON + timedelta(hours=12)):
        assert sweep().is_complete


@pytest.mark.parametrize("at", [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 0, 30, tzinfo=UTC)])  # fmt: skip
def test_summer_time_is_no_leap(anna, machine, at):
    with moved_clock(at):
        sweep()
    machine.passes(hours=1)

    with moved_clock(at + timedelta(hours=1)):
        assert sweep().is_complete


def test_readyz_names_the_clock(client, monkeypatch):
    from register.monitoring import readiness

    readiness.forget()
    monkeypatch.setattr(clocks, "TOLERANCE", timedelta(days=-1))

    assert "clock" in readiness.look().problems


def test_a_trail_that_was_sealed_in_a_future_that_was_taken_back_is_whole(officer):
    for at in (NOON, NOON + timedelta(days=365), NOON + timedelta(minutes=10)):
        with moved_clock(at):
            audit.record("purpose.chosen", actor=system("access_control"))
            audit.seal()
    # An entry from before the leap that was sealed after it.
    with moved_clock(NOON + timedelta(minutes=20)):
        audit.record("purpose.chosen", actor=system("access_control"))
    with moved_clock(NOON + timedelta(days=365)):
        audit.seal()
    with moved_clock(NOON + timedelta(minutes=30)):
        audit.record("purpose.chosen", actor=system("access_control"))
        audit.seal()

        assert list(audit.verify()) == []
    assert AuditSeal.objects.count() == 5


def test_a_session_of_a_future_that_was_taken_back_ends(client_of, agent):
    client_of(agent)
    Session.objects.update(expire_date=timezone.now() + timedelta(days=365))

    assert tasks.sweep_sessions() == 1


def test_a_session_of_today_stays(client_of, agent):
    client_of(agent)

    assert tasks.sweep_sessions() == 0


def test_an_upload_goes_by_the_clock_of_the_database(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        files.receive([b"RIFF"], path="recordings/a", max_bytes=10)
        assert files.remove_due() == 0
    assert FileRemoval.objects.filter(due_at__gt=Now() + timedelta(hours=5)).exists()
