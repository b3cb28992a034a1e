from __future__ import annotations

import dataclasses

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.urls import reverse

from register import actors, dashboard
from register.datamap.vocabulary import Category
from register.errors import DomainError
from register.models import Approval, AuditEntry, Role, RoleProposal
from register.services import api_keys, approvals, protections, rights

pytestmark = pytest.mark.django_db


@pytest.fixture
def decisions(monkeypatch):
    """A kind of decision that notes what followed."""
    followed = []
    kind = approvals.ApprovalKind(
        code="test.kind",
        title="Something irreversible",
        category=Category.REQUESTS,
        url=lambda key: f"/somewhere/{key}/",
        on_approved=lambda key, actor: followed.append(("approved", key)),
        on_rejected=lambda key, actor: followed.append(("rejected", key)),
    )
    monkeypatch.setitem(approvals.KINDS, kind.code, kind)
    return followed


@pytest.fixture
def waiting(decisions, officer):
    return approvals.ask("test.kind", object_id="7", actor=actors.of_user(officer))


def test_a_second_person_approves_and_it_is_done(waiting, decisions, second_officer):
    approvals.decide(waiting, approve=True, actor=actors.of_user(second_officer))

    waiting.refresh_from_db()
    assert waiting.state == Approval.State.APPROVED
    assert waiting.decided_by == second_officer
    assert decisions == [("approved", "7")]
    assert AuditEntry.objects.filter(action="approval.approved").count() == 1


def test_rejecting_does_what_follows_a_rejection(waiting, decisions, second_officer):
    approvals.decide(waiting, approve=False, actor=actors.of_user(second_officer))

    assert decisions == [("rejected", "7")]


def test_whoever_asked_cannot_decide(waiting, decisions, officer):
    with pytest.raises(DomainError, match="ask a colleague"):
        approvals.decide(waiting, approve=True, actor=actors.of_user(officer))

    waiting.refresh_from_db()
    assert waiting.state == Approval.State.WAITING
    assert decisions == []


def test_the_database_refuses_it_too(waiting, officer):
    with (
        pytest.raises(IntegrityError, match="approval_four_eyes"),
        transaction.atomic(),
    ):
        Approval.objects.filter(pk=waiting.pk).update(decided_by=officer)


@pytest.mark.parametrize("role", ["agent", "marketer", "auditor", "administrator"])
def test_without_the_right_to_approve_nothing_happens(
    waiting, decisions, role, request
):
    user = request.getfixturevalue(role)

    with pytest.raises(PermissionDenied):
        approvals.decide(waiting, approve=True, actor=actors.of_user(user))

    waiting.refresh_from_db()
    assert waiting.state == Approval.State.WAITING
    assert decisions == []


def test_what_is_decided_stays_decided(waiting, decisions, second_officer):
    actor = actors.of_user(second_officer)
    approvals.decide(waiting, approve=False, actor=actor)

    with pytest.raises(DomainError, match="already"):
        approvals.decide(waiting, approve=True, actor=actor)

    assert decisions == [("rejected", "7")]


def test_if_what_follows_fails_nothing_is_decided(
    monkeypatch, waiting, decisions, second_officer
):
    def fail(key, actor):
        raise RuntimeError

    kind = approvals.KINDS["test.kind"]
    broken = approvals.ApprovalKind(
        kind.code, kind.title, kind.category, kind.url, fail, fail
    )
    monkeypatch.setitem(approvals.KINDS, kind.code, broken)

    with pytest.raises(RuntimeError):
        approvals.decide(waiting, approve=True, actor=actors.of_user(second_officer))

    waiting.refresh_from_db()
    assert waiting.state == Approval.State.WAITING
    assert not AuditEntry.objects.filter(action="approval.approved").exists()


def test_the_inbox_shows_and_decides(waiting, decisions, second_officer, client_of):
    browser = client_of(second_officer)
    url = reverse("admin:register_approval_decide", args=[waiting.pk])

    inbox = browser.get(reverse("admin:register_approval_changelist"))
    page = browser.get(url)
    done = browser.post(url, {"decision": "approve"})

    assert "Something irreversible" in inbox.content.decode()
    assert "/somewhere/7/" in page.content.decode()
    assert done.status_code == 302
    assert decisions == [("approved", "7")]


def test_the_inbox_tells_whoever_asked_why_they_cannot_decide(
    waiting, officer, client_of, decisions
):
    url = reverse("admin:register_approval_decide", args=[waiting.pk])
    browser = client_of(officer)

    assert "somebody else decides" in browser.get(url).content.decode()
    browser.post(url, {"decision": "approve"})

    assert decisions == []


@pytest.mark.parametrize("role", ["marketer", "stranger"])
def test_others_do_not_see_the_decision(waiting, role, request, client_of):
    browser = client_of(request.getfixturevalue(role))

    page = browser.get(reverse("admin:register_approval_decide", args=[waiting.pk]))

    assert page.status_code in (302, 403)


def test_the_inbox_lists_only_what_its_reader_may_look_at(
    waiting, marketer, second_officer, client_of
):
    url = reverse("admin:register_approval_changelist")

    assert "Something irreversible" not in client_of(marketer).get(url).content.decode()
    assert (
        "Something irreversible" in client_of(second_officer).get(url).content.decode()
    )


def test_the_inbox_says_which_role_account_and_key_each_decision_is_about(
    administrator, officer, agent, client_of
):
    by = actors.of_user(administrator)
    sales, admin = (Role.objects.get(code=code) for code in ("sales", "admin"))
    more = dataclasses.replace(
        rights.state_of(sales), rights={("exports", "export"): "all"}
    )
    rights.change(sales, more, actor=by)
    rights.propose_holder(agent, admin, actor=by)
    key, _secret = api_keys.create(name="Web shop", scopes=["contacts:read"], actor=by)
    rights.propose_key(key, sales, actor=by)
    url = reverse("admin:register_approval_changelist")

    page = client_of(officer).get(url).content.decode()
    own = client_of(administrator).get(url).content.decode()

    for told in ("Sales", f"{agent.get_full_name()}: Administrator", "Web shop: Sales"):
        assert f">{told}<" in page
    assert ">Decide<" in page
    assert ">Decide<" not in own
    waiting = Approval.objects.get(object_id=RoleProposal.objects.get(user=agent).pk)
    decide = reverse("admin:register_approval_decide", args=[waiting.pk])
    told = f"{agent.get_full_name()}: Administrator"
    assert told in client_of(officer).get(decide).content.decode()


def test_the_inbox_says_who_is_to_read_protected_addresses(
    officer, second_officer, client_of
):
    protections.name_reader(second_officer, actor=actors.of_user(officer))

    url = reverse("admin:register_approval_changelist")
    page = client_of(second_officer).get(url).content.decode()

    assert f">{second_officer.get_full_name()}<" in page


def test_the_overview_tells_who_may_decide_what_waits(
    waiting, officer, second_officer, agent
):
    def counted(user):
        figures, _plots = dashboard.for_user(user)
        return next((f.value for f in figures if str(f.title) == "Approvals"), None)

    assert counted(second_officer) == 1
    assert counted(officer) is None  # who asked
    assert counted(agent) is None

    approvals.decide(waiting, approve=False, actor=actors.of_user(second_officer))
    assert counted(second_officer) is None
