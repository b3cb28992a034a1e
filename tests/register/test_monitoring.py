"""The numbers that monitoring reads: true, without names, and closed to strangers."""

from __future__ import annotations

import contextlib
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from register import actors, audit, metrics, tasks
from register.models import FileRemoval, Hold, Job, Process, TaskTally
from register.monitoring import liveness
from register.monitoring.workers import count
from register.services import holds, jobs, verification
from retention.tasks import sweep_due_rows
from settings import web_server
from tests.retention.factory import days_ago, make_chat

pytestmark = pytest.mark.django_db

TOKEN = "a-token-for-the-monitor"
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "monitoring.md"
RULES = ROOT / "docs" / "alerts.yml"


@pytest.fixture
def numbers(monkeypatch):
    """Count in this test's transaction; return the value of a series."""

    def numbers(name, **labels):
        for metric in metrics.collect():
            for sample in metric.samples:
                if sample.name == f"seloste_{name}" and sample.labels == labels:
                    return sample.value
        return None

    return numbers


@pytest.fixture
def scrape(settings, monkeypatch):
    """Ask over HTTP, counting in this test's transaction."""
    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(metrics._READING, "answer", metrics.take)
    monkeypatch.setattr(metrics, "own_connection", contextlib.nullcontext)

    def scrape(token=TOKEN):
        return Client().get("/metrics", headers={"authorization": f"Bearer {token}"})

    return scrape


def families(answer):
    return list(text_string_to_metric_families(answer.content.decode()))


def test_without_a_token_in_the_settings_there_is_nothing(settings):
    settings.METRICS_TOKEN = ""

    assert Client().get("/metrics").status_code == 404
    empty = Client().get("/metrics", headers={"authorization": "Bearer "})
    assert empty.status_code == 404


def test_a_wrong_token_is_refused(scrape):
    answer = scrape("another token")

    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.content == b""


def test_what_is_written_down_is_what_is_counted(scrape):
    """docs/monitoring.md names every metric with its labels, and no other."""
    count("register.tasks.sweep_jobs", "success", 0.1)
    audit.record("record.viewed", actor=actors.system())
    audit.seal()
    jobs.run(verification.order().pk)
    Process.objects.create(kind="beat")
    sweep_due_rows()
    Client().get("/admin/login/")

    found = {
        family.name: {name for s in family.samples for name in s.labels if name != "le"}
        for family in families(scrape())
        if family.name.startswith("seloste_") and not family.name.endswith("_created")
    }

    written = {
        name: set(filter(None, labels.replace("`", "").replace(" ", "").split(",")))
        for name, labels in re.findall(
            r"^\| `(seloste_\w+)` \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE
        )
    }
    without_total = {name.removesuffix("_total"): v for name, v in written.items()}
    assert found == without_total


def test_alerts_speak_of_metrics_that_exist():
    known = set(re.findall(r"`(seloste_\w+)`", PAGE.read_text()))
    rules = [
        rule
        for group in yaml.safe_load(RULES.read_text())["groups"]
        for rule in group["rules"]
    ]

    assert len(rules) >= 10
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}, rule
        named = set(re.findall(r"seloste_\w+", rule["expr"]))
        assert named, rule
        assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in named} <= known


def test_no_label_holds_a_number_or_a_name(scrape, anna, client_of, officer):
    client = client_of(officer)
    client.get(f"/admin/contacts/contact/{anna.pk}/change/")
    client.get("/admin/contacts/contact/?q=Virtanen")
    client.get("/admin/Virtanen/")
    client.generic("VIRTANEN", "/admin/login/")

    answer = scrape()
    text = answer.content.decode()

    labels = {
        (name, value)
        for family in families(answer)
        for sample in family.samples
        for name, value in sample.labels.items()
        if family.name.startswith("seloste_")
    }
    assert ("route", "admin:contacts_contact_change") in labels
    assert ("method", "other") in labels
    assert "irtanen" not in text.lower()
    assert str(anna.pk) not in text
    for name, value in labels - {("le", "+Inf")}:
        if name not in ("le", "status", "data_map"):
            assert re.fullmatch(r"[A-Za-z_][\w.:\- ]*", value), (name, value)


def test_a_source_that_fails_is_reported_and_the_others_go_on(monkeypatch, numbers):
    def fail():
        raise RuntimeError("Virtanen")

    monkeypatch.setitem(metrics._SOURCES, "broken", fail)

    assert numbers("collector_success", collector="broken") == 0
    assert numbers("collector_success", collector="audit") == 1


def test_a_database_that_is_away_leaves_what_the_web_counted(scrape, monkeypatch):
    @contextlib.contextmanager
    def away():
        from django.db import OperationalError

        raise OperationalError
        yield

    monkeypatch.setattr(metrics, "own_connection", away)

    answer = scrape()

    assert answer.status_code == 200
    found = {f.name: f.samples for f in families(answer)}
    assert found["seloste_database_up"][0].value == 0
    assert "seloste_web_requests" in found


def test_jobs_are_counted_by_kind_and_state_with_the_age_of_the_oldest(
    officer, numbers
):
    job = jobs.order(verification.KIND, object_id="", actor=actors.of_user(officer))
    Job.objects.filter(pk=job.pk).update(
        created_at=timezone.now() - timedelta(minutes=7)
    )

    assert numbers("jobs", kind="audit.verify", state="queued") == 1
    assert numbers("jobs", kind="audit.verify", state="done") == 0
    assert 420 <= numbers("jobs_oldest_queued_seconds") < 480


def test_unsealed_entries_are_counted_until_they_are_sealed(numbers):
    audit.record("record.viewed", actor=actors.system())
    audit.record("record.viewed", actor=actors.system())
    assert numbers("audit_unsealed_entries") == 2

    audit.seal()

    assert numbers("audit_unsealed_entries") == 0
    assert numbers("audit_last_seal_timestamp_seconds") == pytest.approx(
        timezone.now().timestamp(), abs=5
    )


def test_tampering_shows_after_the_nightly_verification(numbers):
    audit.record("record.viewed", actor=actors.system())
    audit.seal()
    tasks.order_audit_verification()
    tasks.order_audit_verification()
    job = Job.objects.get(kind=verification.KIND)
    jobs.run(job.pk)
    assert numbers("audit_problems") == 0

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE register_auditentry DISABLE TRIGGER USER")
        cursor.execute("UPDATE register_auditentry SET actor_id = 'somebody'")
        cursor.execute("ALTER TABLE register_auditentry ENABLE TRIGGER USER")
    jobs.run(verification.order().pk)

    assert numbers("audit_problems") == 1


def test_files_that_must_go_are_counted_when_they_are_due(numbers):
    now = timezone.now()
    FileRemoval.objects.create(path="a", due_at=now - timedelta(minutes=1))
    FileRemoval.objects.create(path="b", due_at=now + timedelta(hours=1))

    assert numbers("file_removals_due") == 1


def test_what_is_due_and_not_held_is_counted_with_its_lag(
    anna, bruno, numbers, officer
):
    make_chat(anna, ended_at=days_ago(500))
    make_chat(bruno, ended_at=days_ago(600))
    table = "communications.Chat"
    lag = numbers("retention_oldest_lag_seconds", table=table)
    assert numbers("retention_due_rows", table=table) == 2
    assert lag > 500 * 86_400

    holds.place(
        reason=Hold.Reason.LEGAL_CLAIM,
        subject_id=bruno.pk,
        actor=actors.of_user(officer),
        review_on=timezone.localdate() + timedelta(days=30),
    )

    assert numbers("retention_due_rows", table=table) == 1
    assert numbers("retention_oldest_lag_seconds", table=table) < lag


# --- workers and beat -------------------------------------------------------------------


def test_a_task_is_counted_by_how_it_ended_and_how_long_it_took(numbers):
    tasks.sweep_jobs.apply()
    count("register.tasks.sweep_jobs", "failure", 7.0)

    name = "register.tasks.sweep_jobs"
    assert numbers("task_runs_total", task=name, outcome="success") == 1
    assert numbers("task_runs_total", task=name, outcome="failure") == 1
    assert numbers("task_seconds_bucket", task=name, le="5.0") == 1
    assert numbers("task_seconds_bucket", task=name, le="30.0") == 2
    assert numbers("task_seconds_count", task=name) == 2
    assert 7 < numbers("task_seconds_sum", task=name) < 8


def test_a_tally_grows_with_each_run():
    for seconds in (0.001, 0.02, 4000.0):
        count("some.task", "success", seconds)

    tally = TaskTally.objects.get()
    assert tally.runs == 3
    assert tally.buckets == [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]


def test_a_process_lives_as_long_as_it_shows_signs_of_life():
    worker, beat = liveness.processes()
    assert (worker.living, worker.seen_at, worker.is_late) == (0, None, True)
    pulse = liveness.Pulse(Process.Kind.WORKER)

    pulse.write()
    pulse.write()

    worker, beat = liveness.processes()
    assert (worker.living, worker.is_late, beat.is_late) == (1, False, True)
    assert Process.objects.count() == 1

    Process.objects.update(seen_at=timezone.now() - 2 * liveness.SILENT_AFTER)
    worker, beat = liveness.processes()
    assert worker.is_late
    assert worker.silent_for >= 2 * liveness.SILENT_AFTER


def test_processes_that_are_long_gone_are_forgotten_when_a_new_one_begins():
    old = timezone.now() - timedelta(days=2)
    Process.objects.create(kind="worker", seen_at=old)
    Process.objects.create(kind="beat", seen_at=old)

    liveness.Pulse(Process.Kind.WORKER).write()

    assert Process.objects.filter(kind="worker").count() == 1
    assert Process.objects.filter(kind="beat", seen_at=old).count() == 1


# --- several web processes --------------------------------------------------------------


def test_what_a_process_counted_outlives_it_and_its_files_do_not(tmp_path):
    from prometheus_client.mmap_dict import MmapedDict

    for pid, value in ((11, 2.0), (12, 3.0)):
        for name in ("counter", "gauge_livesum"):
            file = MmapedDict(str(tmp_path / f"{name}_{pid}.db"))
            file.write_value('["n", "n_total", {}, "help"]', value, 0.0)
            file.close()

    web_server.put_to_rest(tmp_path, 11)
    web_server.put_to_rest(tmp_path, 12)
    web_server.put_to_rest(tmp_path, 12)

    assert [path.name for path in tmp_path.glob("*.db")] == ["counter_ended.db"]
    values = MmapedDict.read_all_values_from_file(str(tmp_path / "counter_ended.db"))
    assert [value for _key, value, _at, _place in values] == [5.0]
