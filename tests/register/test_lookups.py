"""What the audit trail says that is unusual, and what is not."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import connection, transaction

from contacts.models import Affiliation
from register import actors, audit
from register.lookups import rules, watching
from register.lookups.hours import hours_of, is_outside
from register.lookups.trail import bounds
from register.models import (
    AddressProtection,
    ApiKey,
    AuditEntry,
    Controller,
    LookupAlert,
    LookupDay,
    LookupOccasion,
    LookupPerson,
    LookupPosition,
    LookupRule,
    Role,
    WhereaboutsReader,
    WorkingHours,
)
from register.periods import HELSINKI
from register.services import api_keys, lookup_alerts
from tests.conftest import make_contact, make_user

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 11, 10, 0, tzinfo=UTC)  # a Wednesday, noon in Helsinki


@pytest.fixture(autouse=True)
def _rules_of_old(db):
    audit.anchor_path().unlink(missing_ok=True)
    LookupRule.objects.update(valid_from=date(2020, 1, 1))
    yield
    audit.anchor_path().unlink(missing_ok=True)


def allow(code: str, floor: int, factor: float | None = None) -> None:
    LookupRule.objects.filter(code=code).update(floor=floor, factor=factor)


def look(user, people, *, at=NOON, action="record.viewed", seconds=1, **entry):
    actor = (
        actors.of_api_key(user) if isinstance(user, ApiKey) else actors.of_user(user)
    )
    AuditEntry.objects.bulk_create(
        AuditEntry(
            at=at + timedelta(seconds=seconds * number),
            action=action,
            actor_kind=actor.kind,
            actor_id=actor.id,
            purpose=actor.purpose,
            object_type="contacts.contact",
            object_id=str(getattr(person, "pk", person)),
            subject_id=getattr(person, "pk", person),
            **entry,
        )
        for number, person in enumerate(people)
    )


def strangers(count: int) -> list[uuid.UUID]:
    return [uuid.uuid4() for _ in range(count)]


def watch(at=None) -> list[str]:
    """Seal, watch, and return the rules of the alerts, oldest first."""
    while audit.seal(at=at):
        pass
    watching.watch(at=at)
    return list(
        LookupAlert.objects.order_by("opened_at").values_list("rule", flat=True)
    )


# --- many people ---------------------------------------------------------------------


def test_one_fewer_than_the_limit_is_ordinary_and_the_limit_raises_one_alert(agent):
    allow("many_in_day", 20)
    look(agent, strangers(19))
    assert watch() == []

    look(agent, strangers(1), at=NOON + timedelta(hours=2))
    assert watch() == ["many_in_day"]

    occasion = LookupOccasion.objects.get()
    assert (occasion.counted, occasion.threshold, occasion.day) == (20, 20, NOON.date())
    assert (occasion.usual, occasion.usual_of_role) == (None, None)


def test_the_same_person_opened_often_is_one_person(agent):
    allow("many_in_day", 3)
    look(agent, strangers(2) * 30)

    assert watch() == []


def test_an_hour_is_counted_by_itself(agent):
    allow("many_in_hour", 10)
    look(agent, strangers(9))
    look(agent, strangers(9), at=NOON + timedelta(hours=1))
    assert watch() == []

    look(agent, strangers(1), at=NOON + timedelta(hours=1, minutes=40))
    assert watch() == ["many_in_hour"]


def test_an_alert_grows_and_is_not_raised_twice(agent):
    allow("many_in_day", 5)
    look(agent, strangers(5))
    assert watch() == ["many_in_day"]
    look(agent, strangers(4), at=NOON + timedelta(hours=1))
    look(agent, strangers(7), at=NOON + timedelta(days=1))

    assert watch() == ["many_in_day"]
    assert list(LookupOccasion.objects.values_list("counted", flat=True)) == [9, 7]
    assert AuditEntry.objects.filter(action="lookups.raised").count() == 1


def test_what_is_decided_is_not_raised_again_but_what_comes_later_is(agent, officer):
    allow("many_in_day", 5)
    look(agent, strangers(5))
    watch()
    alert = LookupAlert.objects.get()
    by_officer = actors.of_user(officer)
    lookup_alerts.close(
        alert, outcome="justified", reason="A recall.", actor=by_officer
    )

    look(agent, strangers(4), at=NOON + timedelta(hours=1))
    assert watch() == ["many_in_day"]
    look(agent, strangers(1), at=NOON + timedelta(hours=2))
    assert watch() == ["many_in_day"] * 2


def test_who_always_opens_many_people_has_a_limit_of_their_own(agent):
    allow("many_in_day", 10, 2)
    allow("outside_hours", 500)
    for back in range(1, 7):
        look(agent, strangers(8), at=NOON - timedelta(days=back))
    look(agent, strangers(15))
    assert watch() == []

    look(agent, strangers(1), at=NOON + timedelta(hours=1))
    assert watch() == ["many_in_day"]
    occasion = LookupOccasion.objects.get()
    assert (occasion.usual, occasion.threshold, occasion.counted) == (8, 16, 16)


def test_a_new_account_is_measured_by_its_role(agent):
    allow("many_in_day", 4, 2)
    allow("outside_hours", 500)
    LookupRule.objects.filter(code="many_in_day").update(valid_from=NOON.date())
    for back in range(1, 6):
        look(agent, strangers(6), at=NOON - timedelta(days=back))
    newcomer = make_user("newcomer", "service")
    look(newcomer, strangers(11))
    assert watch() == []

    look(newcomer, strangers(1), at=NOON + timedelta(hours=1))
    assert watch() == ["many_in_day"]
    occasion = LookupOccasion.objects.get()
    assert (occasion.usual, occasion.usual_of_role, occasion.threshold) == (None, 6, 12)


def test_a_month_without_history_leaves_the_fixed_limit(agent):
    allow("many_in_day", 3, 5)
    for back in range(40, 46):
        look(agent, strangers(2), at=NOON - timedelta(days=back))
    look(agent, strangers(3))

    assert watch() == ["many_in_day"]
    assert LookupOccasion.objects.get().usual is None


def test_days_before_a_rule_was_in_force_raise_nothing(agent):
    allow("many_in_day", 3)
    LookupRule.objects.filter(code="many_in_day").update(valid_from=NOON.date())
    look(agent, strangers(9), at=NOON - timedelta(days=1))

    assert watch() == []
    assert LookupDay.objects.get().people == 9


def test_a_rule_may_be_switched_off_from_a_day_on(agent):
    allow("many_in_day", 3)
    LookupRule.objects.create(
        code="many_in_day", valid_from=NOON.date(), is_on=False, floor=3
    )
    look(agent, strangers(9))
    assert watch() == []

    look(agent, strangers(9), at=NOON - timedelta(days=1))
    assert watch() == ["many_in_day"]


def test_an_api_key_has_its_own_rule_and_no_other(db):
    key, _secret = api_keys.create(
        name="Shop", scopes=[ApiKey.Scope.values[0]], actor=actors.system()
    )
    allow("many_in_day", 3)
    allow("outside_hours", 1)
    allow("api_key", 8)
    sunday_night = datetime(2026, 3, 8, 1, tzinfo=UTC)
    look(key, strangers(7), at=sunday_night)
    assert watch() == []

    look(key, strangers(1), at=sunday_night + timedelta(hours=1))
    assert watch() == ["api_key"]
    alert = LookupAlert.objects.get()
    assert (alert.api_key_id, alert.account_id) == (key.pk, None)


def test_long_lists_are_counted_by_their_rows(agent):
    allow("long_lists", 100)
    for number in range(2):
        look(
            agent,
            [None],
            at=NOON + timedelta(minutes=number),
            action="record.listed",
            details={"count": 49},
        )
    assert watch() == []

    look(
        agent,
        [None],
        at=NOON + timedelta(hours=1),
        action="register.searched",
        details={"count": 2},
    )
    assert watch() == ["long_lists"]
    assert LookupOccasion.objects.get().counted == 100


# --- whom ----------------------------------------------------------------------------


def test_ones_own_record_is_known_by_the_address(agent, anna):
    me = make_contact(first_name="A", last_name="S", email=agent.email)
    look(agent, [anna])
    assert watch() == []

    look(agent, [me])
    assert watch() == ["own_record"]
    assert LookupPerson.objects.get().subject_id == me.pk


def test_colleagues_are_known_by_address_and_by_the_company(
    agent, seller, company, anna, bruno
):
    colleague = make_contact(first_name="C", last_name="D", email=seller.email)
    look(agent, [colleague])
    assert watch() == ["colleagues"]

    Controller.objects.all().delete()
    Controller.objects.create(name="We", business_id=company.business_id)
    Affiliation.objects.filter(contact=bruno).update(valid_to=date(2020, 1, 1))
    look(agent, [anna, bruno], at=NOON + timedelta(hours=1))
    assert watch() == ["colleagues"]
    assert LookupOccasion.objects.get().counted == 2
    people = set(LookupPerson.objects.values_list("subject_id", flat=True))
    assert people == {colleague.pk, anna.pk}


def test_a_protected_person_is_for_named_readers(agent, seller, anna):
    AddressProtection.objects.create(
        subject_id=anna.pk, ground="own_request", set_at=NOON - timedelta(days=1)
    )
    WhereaboutsReader.objects.create(user=seller, approved_at=NOON)
    look(seller, [anna] * 4)
    assert watch() == []

    look(agent, [anna])
    assert watch() == ["protected"]
    look(seller, [anna], at=NOON + timedelta(hours=1))
    assert watch() == ["protected", "protected_often"]
    assert LookupAlert.objects.get(rule="protected").account_id == agent.pk


def test_protecting_somebody_is_no_look_at_a_protected_person(agent, seller, anna):
    look(seller, [anna], at=NOON - timedelta(hours=1))
    AddressProtection.objects.create(
        subject_id=anna.pk, ground="own_request", set_by=agent, set_at=NOON
    )
    look(agent, [anna], at=NOON + timedelta(minutes=1))
    assert watch() == []

    look(seller, [anna], at=NOON + timedelta(hours=1))
    assert watch() == ["protected"]
    assert LookupAlert.objects.get().account_id == seller.pk


def test_looking_again_and_again_without_a_case_is_unusual(agent, seller, anna, bruno):
    for back in range(4):
        look(agent, [anna, bruno], at=NOON - timedelta(days=back))
        look(seller, [anna], at=NOON - timedelta(days=back * 20))
    look(agent, [bruno], action="record.changed", at=NOON - timedelta(days=2))

    assert watch() == ["no_case"]
    alert = LookupAlert.objects.get()
    assert alert.account_id == agent.pk
    assert alert.people.get().subject_id == anna.pk
    assert alert.occasions.get().counted == 4


def test_a_person_who_called_is_a_case(agent, anna):
    from communications.models import Call

    Call.objects.create(
        contact=anna,
        direction="inbound",
        number="+358401234567",
        started_at=NOON - timedelta(days=3),
        ended_at=NOON - timedelta(days=3),
    )
    for back in range(5):
        look(agent, [anna], at=NOON - timedelta(days=back))

    assert watch() == []


def test_a_person_whom_many_look_at_is_an_alert_about_no_account(anna):
    allow("many_accounts", 3)
    users = [make_user(f"a{number}", "service") for number in range(3)]
    for number, user in enumerate(users):
        look(user, [anna], at=NOON - timedelta(days=number * 4))
    assert watch() == []

    look(users[2], [anna], at=NOON)
    assert watch() == ["many_accounts"]
    assert LookupAlert.objects.get().account_id is None


def test_refused_pages_are_recorded_and_counted(seller, client_of):
    allow("refused", 2)
    browser = client_of(seller)
    page = f"/admin/register/apikey/{uuid.uuid4()}/change/"
    assert browser.get(page).status_code == 403
    entry = AuditEntry.objects.get(action="record.refused")
    assert entry.object_type == "register.apikey"
    assert watch() == []

    browser.get("/admin/register/auditentry/")
    assert watch() == ["refused"]


# --- when ----------------------------------------------------------------------------


def helsinki(year: int, month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=HELSINKI)


@pytest.mark.parametrize(
    ("moment", "outside"),
    [
        (helsinki(2026, 3, 11, 6, 29), True),
        (helsinki(2026, 3, 11, 6, 30), False),
        (helsinki(2026, 3, 11, 18, 59), False),
        (helsinki(2026, 3, 11, 19, 0), True),
        (helsinki(2026, 3, 14, 12, 0), True),  # Saturday
        (helsinki(2026, 3, 15, 12, 0), True),  # Sunday
        (helsinki(2026, 12, 25, 12, 0), True),
        (helsinki(2026, 12, 24, 12, 0), False),  # an eve is no public holiday
        (helsinki(2026, 6, 19, 12, 0), False),  # Midsummer Eve, a Friday
        (helsinki(2026, 1, 6, 12, 0), True),
        # The clock moves: half past six is 04:30 UTC in winter, 03:30 in summer.
        (datetime(2026, 3, 27, 4, 29, tzinfo=UTC), True),
        (datetime(2026, 3, 30, 3, 30, tzinfo=UTC), False),
        (datetime(2026, 10, 26, 3, 30, tzinfo=UTC), True),
    ],
)
def test_working_hours_go_by_the_clock_and_the_calendar_of_finland(moment, outside):
    hours = [WorkingHours(begins=time(6, 30), ends=time(19))]

    assert is_outside(moment, hours) is outside


def test_a_role_has_hours_of_its_own_and_shifts_have_none(agent, seller, stranger):
    sales = Role.objects.get(code="sales")
    WorkingHours.objects.create(
        role=sales, begins=time(9), ends=time(12), on_saturdays=True
    )
    found = hours_of({agent.pk, seller.pk, stranger.pk})
    saturday = helsinki(2026, 3, 14, 10, 0)
    assert [
        is_outside(saturday, found[user.pk]) for user in (agent, seller, stranger)
    ] == [
        True,
        False,
        True,
    ]

    WorkingHours.objects.filter(role=None).update(is_shift=True)
    assert not is_outside(saturday, hours_of({agent.pk})[agent.pk])


def test_days_are_as_long_as_the_clock_makes_them():
    lengths = [
        end.astimezone(UTC) - start.astimezone(UTC)
        for start, end in (bounds(date(2026, 3, 29)), bounds(date(2026, 10, 25)))
    ]

    assert lengths == [timedelta(hours=23), timedelta(hours=25)]


def test_people_opened_at_night_are_counted_without_those_of_the_day(agent):
    day, night = NOON, NOON + timedelta(hours=11)
    look(agent, strangers(30), at=day)
    look(agent, strangers(2), at=night)
    assert watch() == []

    look(agent, strangers(1), at=night + timedelta(minutes=5))
    assert watch() == ["outside_hours"]
    assert LookupOccasion.objects.get().counted == 3
    assert not LookupPerson.objects.exists()


# --- the job -------------------------------------------------------------------------


def test_a_killed_job_does_again_what_it_had_not_finished(agent, monkeypatch):
    allow("many_in_day", 5)
    look(agent, strangers(6))
    audit.seal()

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("register.lookups.special.judge", die)
        with pytest.raises(KeyboardInterrupt), transaction.atomic():
            watching.watch()
    assert not LookupAlert.objects.exists()
    assert not LookupPosition.objects.exists()

    assert watch() == ["many_in_day"]
    LookupPosition.objects.update(seal_id=0)
    assert watch() == ["many_in_day"]
    assert LookupOccasion.objects.get().counted == 6


def test_an_entry_that_commits_late_is_counted_with_its_seal(agent):
    allow("many_in_day", 3)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('register_auditentry', 'id'))"
        )
        (number,) = cursor.fetchone()
    look(agent, strangers(2), at=NOON + timedelta(minutes=1))
    assert watch() == []

    look(agent, strangers(1), pk=number)
    assert watch() == ["many_in_day"]


def test_what_no_account_did_is_no_look(anna):
    audit.record("record.viewed", actor=actors.system(), obj=anna)
    ghost = actors.Actor(AuditEntry.Actor.STAFF, id=str(uuid.uuid4()))
    audit.record("record.viewed", actor=ghost, obj=anna)
    broken = actors.Actor(AuditEntry.Actor.STAFF, id="nobody")
    audit.record("record.viewed", actor=broken, obj=anna)

    assert watch() == []
    assert not LookupDay.objects.exists()


def test_the_standard_rules_are_all_described():
    assert set(rules.DESCRIPTIONS) == set(LookupRule.Code.values)
    assert set(rules.in_force(NOON.date())) == set(LookupRule.Code.values)
