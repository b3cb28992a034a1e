"""What lacks in the demo's data, and how that has changed over the month."""

from __future__ import annotations

import random
from datetime import timedelta

from django.utils import timezone

from contacts import quality
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    QualityCount,
)
from contacts.models.people import Source
from contacts.services import search_words
from contacts.services.duplicates import scan
from contacts.services.quality import count_due
from register.models import NoticeRevision

DAYS = 29
# People who stand in the register twice.
DOUBLES = 14


def make_gaps(choice: random.Random) -> None:
    """Let some data be missing or out of date, as in any register that is used."""
    now = timezone.now()
    Contact.objects.update(notice=NoticeRevision.objects.order_by("pk").last())
    people = sorted(Contact.objects.values_list("pk", flat=True))
    chosen = choice.sample(people, len(people) // 5)
    part = max(len(chosen) // 6, 1)
    mute, bounced, gone, moved, old, unknown = (
        chosen[number * part : (number + 1) * part] for number in range(6)
    )
    Contact.objects.filter(pk__in=mute).update(language="")
    ContactPoint.objects.filter(contact__in=bounced, kind="email").update(
        undeliverable_since=now - timedelta(days=9)
    )
    ContactPoint.objects.filter(contact__in=gone[: part // 2]).delete()
    yesterday = timezone.localdate() - timedelta(days=1)
    Affiliation.objects.filter(contact__in=moved, is_main=False).update(
        valid_to=yesterday
    )
    Contact.objects.filter(pk__in=old[: part // 2]).update(
        created_at=now - timedelta(days=800)
    )
    Contact.objects.filter(pk__in=unknown[: part // 4]).update(notice=None)
    # Lists find who lacks something by words.
    search_words.refresh([*gone[: part // 2], *moved])


def make_doubles(choice: random.Random) -> None:
    """Enter some people and companies a second time, as a trade fair and a typist would."""
    now = timezone.now()
    people = list(Contact.objects.order_by("pk"))
    made = []
    for person in choice.sample(people, DOUBLES):
        point = person.points.filter(kind="email").first()
        role = person.affiliations.select_related("company").first()
        if point is None or role is None:
            continue
        double = Contact.objects.create(
            # The initial alone, or the names swapped, as people are written on lists.
            first_name=choice.choice([person.first_name[0], person.first_name]),
            last_name=person.last_name,
            source=Source.STAFF,
            notice=person.notice,
            relationship=person.relationship,
        )
        Affiliation.objects.create(
            contact=double, company=role.company, source=Source.STAFF
        )
        if choice.random() < 0.5:
            ContactPoint.objects.create(
                contact=double, kind="email", value=point.value, source=Source.STAFF
            )
        phone = person.points.filter(kind="phone").first()
        if phone is not None and choice.random() < 0.5:
            ContactPoint.objects.create(
                contact=double, kind="phone", value=phone.value, source=Source.STAFF
            )
        earlier = now - timedelta(days=choice.randint(2, 25))
        Contact.objects.filter(pk=double.pk).update(
            created_at=earlier, collected_at=earlier
        )
        made.append(double.pk)
    search_words.refresh(made)
    companies = []
    for company in choice.sample(list(Company.objects.order_by("pk")), 4):
        companies.append(
            Company.objects.create(
                name=company.name.replace(" ", "  ").upper(),
                kind=company.kind,
                street=company.street,
                postcode=company.postcode,
                town=company.town,
                source=Source.STAFF,
            ).pk
        )
    search_words.refresh_of_companies(companies)
    scan.order_daily()


def count_with_history(choice: random.Random) -> None:
    """Count today, and invent the counts of the days before."""
    count_due()
    today = timezone.localdate()
    for row in list(QualityCount.objects.filter(day=today)):
        is_fault = (found := quality.measure(row.code)) is not None and found.on_board
        people, rows = row.people, []
        for ago in range(1, DAYS + 1):
            step = people * (0.012 if is_fault else -0.004)
            people = max(people + round(step * choice.uniform(-0.5, 2)), 0)
            day = today - timedelta(days=ago)
            rows.append(
                QualityCount(
                    code=row.code,
                    day=day,
                    people=people,
                    counted_at=row.counted_at - timedelta(days=ago),
                )
            )
        QualityCount.objects.bulk_create(rows)
