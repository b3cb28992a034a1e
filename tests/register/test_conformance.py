"""The board: which clauses there are, how checks are asked, kept and shown."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from register import dashboard
from register.conformance import registry, running
from register.conformance.clauses import CLAUSES, GROUPS, group_of
from register.conformance.registry import Status, judge, worst
from register.conformance.wording import LABELS, MEANINGS
from register.models import AuditEntry, ConformanceRun, Job
from register.screens.conformance import MARKS, link_of
from register.services import jobs

pytestmark = pytest.mark.django_db

# The ids of the requirements, as they stand there.
IDS = """
    N0.1 N1.1 N1.2 N2.1 N2.2 N3.1 N3.2 N3.3 N3.4 N3.5
    N4.1 N4.2 N4.3 N4.4 N4.5 N4.6 N4.7 N4.8 N4.9 N4.10 N4.11 N4.12 N4.13 N4.14 N4.15 N4.16
    N4.17 N4.18 N4.19 N4.20 N4.21 N4.22 N4.23 N4.24
    N5.1 N5.2 N5.3 N6.1 N7.1 N7.2 N7.3 N7.4 N8.1 N8.2 N8.3 N8.4 N8.5 N8.6 N8.7
    N9.1 N9.2 N9.3 N10.1 N11.1
"""
# Take a clause out of here when something of it is built, with its check.
NOT_BUILT = """
    N3.3 N3.5 N4.3 N4.5 N4.6 N4.7 N4.10 N4.13 N4.14 N4.17 N4.18 N4.19 N4.20
    N4.21 N4.22 N4.24 N5.2 N5.3 N8.2 N8.5 N11.1
"""
BOARD = "admin:register_conformancerun_board"


@pytest.fixture
def promise(monkeypatch):
    """Leave one check on the board, of clause N1.1; ``promise.kept`` decides it."""

    class Promise:
        kept = True
        asked = 0

        def ask(self, board):
            self.asked += 1
            return judge(self.kept, rows=3, records=[("register.Role", 7)])

    it = Promise()
    check = registry.Check(
        "test_promise", ("N1.1",), "It is so.", "Mend it.", lambda board: it.ask(board)
    )
    monkeypatch.setattr(registry, "CHECKS", {check.code: check})
    monkeypatch.setattr(running, "CHECKS", registry.CHECKS)
    monkeypatch.setattr("register.screens.conformance.CHECKS", registry.CHECKS)
    monkeypatch.setattr(registry, "GAPS", {})
    return it


def status_of(run, clause="N1.1"):
    return next(stored["status"] for stored in run.results if stored["id"] == clause)


# --- the clauses and their checks -----------------------------------------------------


def test_the_clauses_are_those_of_the_requirements():
    assert list(CLAUSES) == IDS.split()
    assert {group_of(clause) for clause in CLAUSES} == set(GROUPS)


def test_a_clause_is_not_built_exactly_if_nothing_checks_it():
    unchecked = {clause for clause in CLAUSES if not registry.checks_of(clause)}

    assert unchecked == set(NOT_BUILT.split())
    assert not any(registry.gaps_of(clause) for clause in unchecked)


def test_every_check_speaks_of_known_clauses():
    for part in [*registry.CHECKS.values(), *registry.GAPS.values()]:
        assert set(part.clauses) <= set(CLAUSES), part.code


@pytest.mark.parametrize(
    ("code", "clauses"), [("new", []), ("new", ["N12.1"]), ("board_is_live", ["N0.1"])]
)
def test_a_check_of_no_clause_or_with_a_code_in_use_is_refused(code, clauses):
    before = dict(registry.GAPS)

    with pytest.raises(ValueError, match=r"clause|already"):
        registry.not_built(code, *clauses, what="Something.")

    assert before == registry.GAPS


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([], "not_built"),
        (["kept"], "kept"),
        (["kept", "kept"], "kept"),
        (["kept", "not_built"], "kept_in_part"),
        (["kept", "cannot_be_checked"], "kept_in_part"),
        (["kept", "broken", "not_built"], "broken"),
        (["cannot_be_checked"], "cannot_be_checked"),
        (["cannot_be_checked", "not_built"], "not_built"),
    ],
)
def test_the_worst_part_decides(parts, status):
    assert worst(Status(part) for part in parts) == status


def test_every_status_has_a_meaning_and_a_mark():
    assert set(MEANINGS) == set(MARKS) == set(Status)


def test_every_check_leads_somewhere_and_names_its_facts(officer):
    found = running.report()

    for clause in found.clauses:
        for part in clause.parts:
            check = registry.CHECKS.get(part.code)
            if check is None:
                continue
            assert bool(check.link) == bool(link_of(check)), part.code
            assert set(part.facts) <= {*check.labels, *LABELS}, part.code
            assert "error" not in part.facts, (part.code, part.facts)
    broken = {c.id for c in found.clauses if c.status == Status.BROKEN}
    # No controller is set in tests, and passwords are hashed weakly to be fast.
    assert broken == {"N1.1", "N1.2", "N9.2"}


# --- asking ---------------------------------------------------------------------------


def test_a_check_that_fails_is_broken_and_the_others_go_on(promise, monkeypatch):
    def fail(board):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 'bruno.makela@esimerkki.example'::int")

    failing = registry.Check("test_failing", ("N1.2",), "", "", fail)
    monkeypatch.setitem(registry.CHECKS, failing.code, failing)

    found = {clause.id: clause for clause in running.report().clauses}

    assert found["N1.2"].status == Status.BROKEN
    assert found["N1.2"].parts[0].facts == {"error": "InvalidTextRepresentation"}
    assert found["N1.1"].status == Status.KEPT


def test_a_check_that_takes_too_long_is_ended(promise, monkeypatch):
    def sleep(board):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr(running, "CHECK_TIMEOUT", "50ms")
    monkeypatch.setattr(promise, "ask", sleep)

    part = running.answer("test_promise")

    assert (part.status, part.facts) == ("broken", {"error": "QueryCanceled"})


def test_evidence_is_plain_data(promise, monkeypatch, anna):
    monkeypatch.setattr(
        promise, "ask", lambda board: judge(not board.at.fold, rows=anna)
    )

    assert running.answer("test_promise").facts == {"error": "TypeError"}


def test_checks_of_one_run_share_what_is_costly():
    asked = []
    board = registry.Board(timezone.now())

    def costly():
        asked.append(1)
        return 5

    assert (board.once(costly), board.once(costly), len(asked)) == (5, 5, 1)


# --- keeping --------------------------------------------------------------------------


def test_a_run_says_since_when_a_clause_has_stood_so(promise, at):
    start = timezone.now()
    since = []
    for hour, kept in enumerate([True, False, False, True]):
        promise.kept = kept
        with at(start + timedelta(hours=hour)):
            running.run()
        since.append(running.newest_statuses()["N1.1"])

    assert since == [
        ("kept", start),
        ("broken", start + timedelta(hours=1)),
        ("broken", start + timedelta(hours=1)),
        ("kept", start + timedelta(hours=3)),
    ]


def test_what_broke_and_was_mended_is_in_the_audit_trail(promise):
    for kept in (True, False, False, True):
        promise.kept = kept
        running.run()

    entries = AuditEntry.objects.filter(action__startswith="clause.").order_by("pk")
    assert [(e.action, e.details) for e in entries] == [
        ("clause.broken", {"rule": "N1.1"}),
        ("clause.mended", {"rule": "N1.1"}),
    ]


def test_a_run_keeps_numbers_of_rows_and_no_keys(promise):
    promise.kept = False

    run = running.run()

    part = run.results[1]["parts"][0]
    assert (part["code"], part["records"], part["facts"]) == (
        "test_promise",
        1,
        {"rows": 3},
    )
    run.refresh_from_db()
    assert run.ends_at.date() > (timezone.now() + timedelta(days=88)).date()


def test_the_schedule_runs_hourly_and_sooner_while_something_is_broken(promise, at):
    start = timezone.now()
    ran = []
    for minutes, kept in [(0, True), (30, True), (61, False), (71, True), (81, True)]:
        promise.kept = kept
        with at(start + timedelta(minutes=minutes)):
            ran.append(running.run_if_due())

    assert ran == [True, False, True, True, False]
    assert ConformanceRun.objects.count() == 3


# --- the command ----------------------------------------------------------------------


def conformance(*options: str) -> str:
    out = StringIO()
    call_command("conformance", *options, stdout=out)
    return out.getvalue()


def test_the_command_answers_programs_and_keeps_nothing(promise):
    found = json.loads(conformance("--json"))

    assert [clause["id"] for clause in found["clauses"]] == IDS.split()
    for clause in found["clauses"]:
        assert clause["checked_at"] == found["checked_at"]
    named = found["clauses"][1]
    assert (named["status"], named["evidence"][0]["code"]) == ("kept", "test_promise")
    assert found["clauses"][0] | {"since": ""} == {
        "id": "N0.1",
        "title": "Every promise is checked and shown",
        "status": "not_built",
        "since": "",
        "checked_at": found["checked_at"],
        "evidence": [],
    }
    assert not ConformanceRun.objects.exists()


def test_the_command_fails_on_what_is_broken_only_if_asked_to(promise):
    promise.kept = False

    assert "N1.1   broken" in conformance()
    with pytest.raises(CommandError, match=r"Broken: N1\.1$"):
        conformance("--fail-on-broken")

    promise.kept = True
    assert "N1.1   kept" in conformance("--fail-on-broken")


# --- the screens ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "role",
    ["agent", "seller", "marketer", "auditor", "administrator", "stranger", "officer"],
)
def test_the_board_is_the_data_protection_officers(role, request, client_of, promise):
    run = running.run()
    browser = client_of(request.getfixturevalue(role))
    is_officer = role == "officer"

    for url in (
        reverse(BOARD),
        reverse("admin:register_conformancerun_earlier", args=[run.pk]),
        reverse("admin:register_conformancerun_records", args=["test_promise"]),
        reverse("admin:register_conformancerun_changelist"),
    ):
        assert browser.get(url).status_code == (200 if is_officer else 403), url
    ordered = browser.post(reverse("admin:register_conformancerun_check"))
    assert ordered.status_code == (302 if is_officer else 403)
    assert Job.objects.count() == is_officer


def test_the_board_shows_what_is_broken_since_when_and_what_to_do(
    officer, client_of, promise
):
    promise.kept = False
    running.run()
    browser = client_of(officer)

    html = browser.get(reverse(BOARD)).content.decode()
    only_kept = browser.get(reverse(BOARD), {"status": "kept"}).content.decode()

    assert "Broken since" in html
    assert "It is so." in html
    assert "Mend it." in html
    assert "1 record concerned" in html
    assert "No clause stands so." in only_kept
    assert "It is so." not in only_kept


def test_the_records_concerned_are_looked_for_when_asked_and_on_record(
    officer, client_of, promise
):
    promise.kept = False
    url = reverse("admin:register_conformancerun_records", args=["test_promise"])

    html = client_of(officer).get(url).content.decode()

    assert reverse("admin:register_role_change", args=[7]) in html
    entry = AuditEntry.objects.get(action="record.listed")
    assert entry.details == {"count": 1, "rule": "test_promise"}
    assert client_of(officer).get(url.replace("promise", "none")).status_code == 404


def test_a_board_that_nobody_looks_after_says_so(officer, client_of, promise, at):
    browser = client_of(officer)
    assert "have not been checked yet" in browser.get(reverse(BOARD)).content.decode()

    running.run()
    assert 'role="alert"' not in browser.get(reverse(BOARD)).content.decode()

    with at(timezone.now() + timedelta(hours=3)):
        html = browser.get(reverse(BOARD)).content.decode()
    assert "for more than two hours" in html


def test_checking_now_is_one_job_that_leads_back(officer, client_of, promise):
    browser = client_of(officer)
    url = reverse("admin:register_conformancerun_check")

    first, second = browser.post(url), browser.post(url)

    job = Job.objects.get()
    progress = reverse("admin:register_job_progress", args=[job.pk])
    assert [first.url, second.url] == [progress, progress]
    assert jobs.run(job.pk).result["counts"]["kept"] == 1
    assert status_of(running.newest()) == "kept"
    part = browser.get(reverse("admin:register_job_progress_part", args=[job.pk]))
    assert part.headers["HX-Redirect"] == reverse(BOARD)


def test_the_overview_tells_the_officer_what_broke(officer, agent, promise, at):
    def figure(user):
        shown = {str(f.title): f for f in dashboard.for_user(user)[0]}
        return shown.get("Broken promises of the notice")

    assert figure(agent) is None
    assert figure(officer).hint == "not checked yet"

    running.run()
    assert (figure(officer).value, figure(officer).mark) == (0, "good")

    promise.kept = False
    running.run()
    assert figure(officer).value == 1
    assert figure(officer).hint.startswith("The controller is named; last broken on ")
    assert figure(officer).mark == "bad"

    with at(timezone.now() + timedelta(hours=3)):
        assert figure(officer).hint == "not checked for two hours"
