"""What the overview shows about contacts."""

from __future__ import annotations

from datetime import date

from dateutil.relativedelta import relativedelta
from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact
from register import dashboard, handing_over
from register.dashboard import Figure, Plot
from register.datamap.vocabulary import Category
from register.models import User
from register.staff_site import estimated_count


def _contacts() -> Figure:
    count = estimated_count(Contact.objects.all())
    return Figure(
        _("Contacts"), count, url=reverse("admin:contacts_contact_changelist")
    )


def _new_contacts() -> Plot:
    this_month = timezone.localtime().replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    since = this_month - relativedelta(months=11)
    first = since.date()
    counted = dict(
        Contact.objects.filter(created_at__gte=since)
        .annotate(month=TruncMonth("created_at"))
        .values_list("month")
        .annotate(count=Count("pk"))
    )
    by_month: dict[date, int] = {
        month.date().replace(day=1): count for month, count in counted.items()
    }
    months = [first + relativedelta(months=number) for number in range(12)]
    return Plot(
        _("New contacts by month"),
        [f"{month.month}/{month.year}" for month in months],
        [by_month.get(month, 0) for month in months],
        _("contacts"),
    )


dashboard.register("contacts", category=Category.IDENTITY, order=10, load=_contacts)
dashboard.register(
    "new contacts", category=Category.IDENTITY, order=110, load=_new_contacts
)


@handing_over.register
def _in_hands(user: User) -> list[handing_over.OpenWork]:
    return [
        handing_over.OpenWork(
            _("Contacts they are responsible for"),
            Contact.objects.filter(responsible=user).count(),
            reverse("admin:contacts_contact_changelist"),
        ),
        handing_over.OpenWork(
            _("Companies they are responsible for"),
            Company.objects.filter(responsible=user).count(),
            reverse("admin:contacts_company_changelist"),
        ),
    ]
