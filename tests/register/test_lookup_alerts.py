"""What becomes of an alert, who sees it, and what all staff can read."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone

from register import actors, audit, dashboard
from register.conformance import running
from register.errors import Conflict, DomainError
from register.lookups import watching
from register.lookups.rules import Limit
from register.models import AuditEntry, LookupAlert, LookupRule, User
from register.services import lookup_alerts
from register.services.lookup_alerts import Matter, Occasion
from tests.conftest import make_user

pytestmark = pytest.mark.django_db

LIST = "admin:register_lookupalert_changelist"
PAGE = "admin:register_lookupalert_change"
QUESTIONS = "admin:register_lookuprule_questions"
WATCHED = "admin:register_lookuprule_watched"


def alert_about(user, *people, rule="colleagues") -> LookupAlert:
    entries = [
        AuditEntry.objects.create(
            action="record.viewed",
            actor_kind="staff",
            actor_id=str(user.pk),
            object_type="contacts.contact",
            object_id=str(person.pk),
            subject_id=person.pk,
        ).pk
        for person in people
    ] or [1]
    now = timezone.now()
    occasion = Occasion(timezone.localdate(), 3, Limit(1), entries[0], entries[-1], now)
    return lookup_alerts.raise_or_grow(
        Matter(rule, user.pk), occasion, people=[person.pk for person in people]
    )


def figure_of(user, title):
    figures, _plots = dashboard.for_user(user)
    return next((str(f.value) for f in figures if str(f.title) == title), None)


def test_an_officer_sees_the_looks_asks_and_closes(officer, agent, anna, client_of):
    alert = alert_about(agent, anna)
    browser = client_of(officer)
    assert "Agent Staff" in browser.get(reverse(LIST)).content.decode()
    page = reverse(PAGE, args=[alert.pk])
    shown = browser.get(page).content.decode()
    assert "Anna Virtanen" in shown

    assert browser.post(page, {"do": "take"}).status_code == 302
    assert browser.post(page, {"do": "ask", "question": "Why?"}).status_code == 302
    alert.refresh_from_db()
    assert (alert.state, alert.handled_by) == ("looked_at", officer)

    colleague = client_of(agent)
    assert figure_of(agent, "Questions to you") == "1"
    assert "Why?" in colleague.get(reverse(QUESTIONS)).content.decode()
    colleague.post(reverse(QUESTIONS), {"alert": alert.pk, "answer": "She called."})
    assert figure_of(agent, "Questions to you") is None
    assert "She called." in browser.get(page).content.decode()

    browser.post(page, {"do": "close", "outcome": "justified", "reason": "A call."})
    alert.refresh_from_db()
    assert (alert.state, alert.outcome) == ("closed", "justified")
    actions = AuditEntry.objects.filter(object_id=str(alert.pk)).order_by("pk")
    assert [entry.action for entry in actions if entry.action != "record.viewed"] == [
        f"lookups.{what}"
        for what in ("raised", "taken_up", "asked", "answered", "closed")
    ]


def test_a_company_that_was_looked_at_is_called_by_its_name(
    officer, agent, anna, company, client_of
):
    alert = alert_about(agent, anna, rule="outside_hours")
    LookupAlert.objects.filter(pk=alert.pk).update(account=None)
    looked = AuditEntry.objects.create(
        action="record.viewed",
        actor_kind="staff",
        actor_id=str(agent.pk),
        object_type="contacts.company",
        object_id=str(company.pk),
    )
    alert.occasions.update(last_entry=looked.pk)
    alert.people.all().delete()

    page = client_of(officer).get(reverse(PAGE, args=[alert.pk])).content.decode()

    assert company.name in page
    assert f"Company {str(company.pk)[:8]}" not in page


def test_an_alert_is_closed_only_with_an_outcome_and_a_reason(
    officer, agent, client_of
):
    alert = alert_about(agent)
    page = reverse(PAGE, args=[alert.pk])
    answer = client_of(officer).post(
        page, {"do": "close", "outcome": "", "reason": " "}
    )

    assert answer.status_code == 200
    assert "This field is required" in answer.content.decode()
    alert.refresh_from_db()
    assert alert.state == "open"


def test_nobody_sees_or_closes_an_alert_about_themselves(
    officer, second_officer, client_of
):
    alert = alert_about(officer)
    browser, page = client_of(officer), reverse(PAGE, args=[alert.pk])
    assert str(alert.pk) not in browser.get(reverse(LIST)).content.decode()
    assert browser.get(page).status_code == 404
    data = {"do": "close", "outcome": "justified", "reason": "Mine."}
    assert browser.post(page, data).status_code == 404
    with pytest.raises(PermissionDenied):
        lookup_alerts.close(
            alert, outcome="justified", reason="x", actor=actors.of_user(officer)
        )
    assert figure_of(officer, "Unusual look-ups") == "0"
    assert figure_of(second_officer, "Unusual look-ups") == "1"

    client_of(second_officer).post(page, data)
    alert.refresh_from_db()
    assert alert.handled_by == second_officer


def test_an_auditor_decides_about_officers_and_reads_the_rest(
    auditor, officer, agent, client_of
):
    of_agent, of_officer = alert_about(agent), alert_about(officer)
    browser = client_of(auditor)
    data = {"do": "close", "outcome": "reminder", "reason": "Talked to."}
    refused = browser.post(reverse(PAGE, args=[of_agent.pk]), data)
    browser.post(reverse(PAGE, args=[of_officer.pk]), data)

    assert refused.status_code == 403
    of_agent.refresh_from_db()
    of_officer.refresh_from_db()
    assert (of_agent.state, of_officer.state) == ("open", "closed")


@pytest.mark.parametrize("role", ["agent", "seller", "marketer", "administrator"])
def test_other_roles_see_no_alert(role, request, officer, client_of):
    user = request.getfixturevalue(role)
    alert = alert_about(officer)
    browser = client_of(user)

    for page in (reverse(LIST), reverse(PAGE, args=[alert.pk])):
        assert browser.get(page).status_code == 403
    assert browser.get(reverse("admin:register_lookuprule_add")).status_code == 403
    assert figure_of(user, "Unusual look-ups") is None
    assert not lookup_alerts.visible_to(user).exists()


def test_every_account_can_read_what_is_watched(stranger, client_of):
    LookupRule.objects.filter(code="no_case").delete()
    LookupRule.objects.filter(code="colleagues").update(floor=7, note="Fewer alarms.")
    shown = client_of(stranger).get(reverse(WATCHED)).content.decode()

    assert "Colleagues in a day: 7 or more" in shown
    # A number stands behind what it counts: nothing has to agree with it.
    assert "1 looks" not in shown
    assert "Fewer alarms." in shown
    assert "3 times what is usual for the account" in shown
    assert "A person without a case" not in shown
    assert "06:30" in shown or "6:30" in shown


def test_only_who_was_asked_answers_once(agent, seller, officer, client_of):
    alert = alert_about(agent)
    by_officer = actors.of_user(officer)
    with pytest.raises(Conflict):
        lookup_alerts.answer(alert, "Early", actor=actors.of_user(agent))
    lookup_alerts.ask(alert, "Why?", actor=by_officer)
    with pytest.raises(Conflict):
        lookup_alerts.ask(alert, "And?", actor=by_officer)
    other = client_of(seller).post(
        reverse(QUESTIONS), {"alert": alert.pk, "answer": "x"}
    )
    assert other.status_code == 404
    for key in ("", "x", str(uuid.uuid4())):
        answer = client_of(agent).post(
            reverse(QUESTIONS), {"alert": key, "answer": "x"}
        )
        assert answer.status_code == 404
    with pytest.raises(DomainError):
        lookup_alerts.answer(alert, "  ", actor=actors.of_user(agent))
    lookup_alerts.answer(alert, "A case.", actor=actors.of_user(agent))
    with pytest.raises(Conflict):
        lookup_alerts.answer(alert, "Another.", actor=actors.of_user(agent))
    with pytest.raises(Conflict):
        lookup_alerts.ask(alert, "Which case?", actor=by_officer)

    alert.refresh_from_db()
    assert (alert.question, alert.answer) == ("Why?", "A case.")


def test_who_is_asked_sees_which_looks_it_is_about(agent, seller, anna, client_of):
    alert = alert_about(agent, anna)
    audit.record("record.viewed", actor=actors.of_user(seller), obj=anna)
    alert.occasions.update(last_entry=AuditEntry.objects.latest("id").pk)
    by = actors.of_user(make_user("other", "dpo"))
    lookup_alerts.ask(alert, "Why?", actor=by)

    page = client_of(agent).get(reverse(QUESTIONS))

    (asked,) = page.context["asked"]
    assert [each["whom"] for each in asked["looks"]] == ["Anna Virtanen"]
    assert "Anna Virtanen" in page.content.decode()


def test_a_closed_alert_stays_as_it_was(agent, officer):
    alert = alert_about(agent)
    by = actors.of_user(officer)
    lookup_alerts.close(alert, outcome="misuse", reason="No case.", actor=by)
    with pytest.raises(Conflict):
        lookup_alerts.close(alert, outcome="justified", reason="Oops", actor=by)
    with pytest.raises(Conflict):
        lookup_alerts.ask(alert, "Why?", actor=by)

    alert.refresh_from_db()
    assert (alert.outcome, alert.reason) == ("misuse", "No case.")


def test_an_alert_holds_no_name_and_no_address(agent, anna, officer):
    alert = alert_about(agent, anna)
    texts = [str(value) for value in vars(alert).values()] + [str(alert)]

    for word in ("Anna", "Virtanen", "Agent", agent.email):
        assert not any(word in text for text in texts)


def test_a_rule_is_changed_from_today_on(officer, client_of):
    browser, add = client_of(officer), reverse("admin:register_lookuprule_add")
    today = timezone.localdate()
    data = {"code": "no_case", "is_on": "on", "floor": 9, "factor": "", "note": ""}
    past = browser.post(add, {**data, "valid_from": today - timedelta(days=1)})
    assert past.status_code == 200
    tomorrow = today + timedelta(days=1)
    assert browser.post(add, {**data, "valid_from": tomorrow}).status_code == 302

    rules = LookupRule.objects.filter(code="no_case").order_by("valid_from")
    assert [rule.floor for rule in rules] == [4, 9]
    edit = reverse("admin:register_lookuprule_change", args=[rules[0].pk])
    browser.post(edit, {**data, "valid_from": today, "floor": 99})
    rules[0].refresh_from_db()
    assert LookupRule.objects.get(pk=rules[0].pk).floor == 4


def test_changing_a_rule_begins_with_what_is_in_force(officer, auditor, client_of):
    rule = LookupRule.objects.get(code="many_in_hour")
    browser = client_of(officer)
    page = reverse("admin:register_lookuprule_change", args=[rule.pk])
    link = f"/admin/register/lookuprule/{rule.pk}/to-change/"

    assert link in browser.get(page).content.decode()
    form = browser.get(link, follow=True).context["adminform"].form

    assert form["code"].value() == "many_in_hour"
    assert (form["floor"].value(), form["factor"].value()) == (60, rule.factor)
    # It began today, and each day has one row.
    assert form["valid_from"].value() == timezone.localdate() + timedelta(days=1)
    assert link not in client_of(auditor).get(page).content.decode()


def test_the_list_of_rules_says_which_row_is_in_force(officer, client_of):
    today = timezone.localdate()
    rule = LookupRule.objects.get(code="no_case")
    LookupRule.objects.filter(pk=rule.pk).update(valid_from=today - timedelta(days=2))
    for day in (today - timedelta(days=1), today + timedelta(days=1)):
        LookupRule.objects.create(code="no_case", valid_from=day, floor=5)

    page = client_of(officer).get("/admin/register/lookuprule/?code__exact=no_case")

    shown = page.context["cl"].result_list
    model_admin = page.context["cl"].model_admin
    told = [str(model_admin.state(each)) for each in shown]
    assert told == ["to come", "in force", "over"]


def test_a_factor_of_a_rule_that_knows_no_usual_is_refused(officer, client_of):
    data = {
        "code": "colleagues",
        "is_on": "on",
        "floor": 2,
        "factor": "3",
        "valid_from": timezone.localdate() + timedelta(days=1),
        "note": "",
    }

    page = client_of(officer).post(reverse("admin:register_lookuprule_add"), data)

    assert "knows no usual number" in page.content.decode()
    assert LookupRule.objects.filter(code="colleagues").count() == 1


def test_the_board_is_broken_by_an_alert_that_nobody_judges(agent):
    alert = alert_about(agent)
    assert running.answer("unusual_look_ups_are_judged").status == "kept"

    LookupAlert.objects.update(opened_at=timezone.now() - timedelta(days=15))
    found = running.answer("unusual_look_ups_are_judged")
    assert found.status == "broken"
    assert found.records == () or not found.records
    by = actors.of_user(make_user("other", "dpo"))
    lookup_alerts.close(alert, outcome="justified", reason="Ok.", actor=by)
    assert running.answer("unusual_look_ups_are_judged").status == "kept"


def test_deleting_an_account_takes_its_alerts(agent, anna):
    alert_about(agent, anna)
    User.objects.filter(pk=agent.pk).delete()

    assert not LookupAlert.objects.exists()


def test_the_board_is_broken_while_nothing_is_watched(agent, anna):
    code = "look_ups_are_watched"
    audit.record("record.viewed", actor=actors.of_user(agent), obj=anna)
    long_ago = timezone.now() - timedelta(hours=2)
    audit.seal(at=long_ago)
    assert running.answer(code).status == "broken"

    watching.watch()
    assert running.answer(code).status == "kept"

    LookupRule.objects.update(is_on=False)
    assert running.answer(code).status == "broken"
