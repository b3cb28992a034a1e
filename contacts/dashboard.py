"""What the overview shows about contacts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from dateutil.relativedelta import relativedelta
from django.db.models import Count
from django.db.models.functions import TruncMonth
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from contacts import quality
from contacts.models import Company, Contact, Export, QualityCount
from contacts.models.people import Source
from contacts.screens.exports import sees_all
from contacts.screens.quality import BOARD, lines_for
from contacts.services.exports import contents, endings as export_endings
from register import dashboard, handing_over
from register.dashboard import Figure, Plot, Text
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


dashboard.register(
    "contacts",
    title=_("Contacts"),
    category=Category.IDENTITY,
    order=10,
    load=_contacts,
)
dashboard.register(
    "new contacts",
    title=_("New contacts by month"),
    category=Category.IDENTITY,
    order=110,
    load=_new_contacts,
)


def _shares(reader: object, codes: Sequence[str]) -> tuple[list[Text], list[int]]:
    wanted = [one for code in codes if (one := quality.measure(code)) is not None]
    lines, _counted_at, is_complete = lines_for(reader, wanted)
    if not is_complete:
        return [], []
    return [line.measure.title for line in lines], [line.people for line in lines]


def by_share(
    title: Text, codes: Sequence[str], axis: Text, reader: object
) -> Plot | None:
    """Return a plot of measures side by side; None before they are counted."""
    labels, values = _shares(reader, codes)
    if not any(values):
        return None
    return Plot(title, labels, values, _("contacts"), axis=axis)


def _sources(reader: object) -> Plot | None:
    codes = [f"source_{source.value}" for source in Source]
    return by_share(_("Contacts by source"), codes, _("Source"), reader)


def _relationships(reader: object) -> Plot | None:
    """How prospects became customers: both numbers at the end of each month."""
    kinds = [Contact.Relationship.CUSTOMER, Contact.Relationship.PROSPECT]
    codes = [f"relationship_{kind.value}" for kind in kinds]
    measures = [one for code in codes if (one := quality.measure(code)) is not None]
    if any(not one.is_for(reader) or one.is_limited(reader) for one in measures):
        return None  # the counts of a day are of everybody
    since = timezone.localdate().replace(day=1) - relativedelta(months=11)
    found: dict[tuple[int, int], dict[str, int]] = {}
    rows = QualityCount.objects.filter(code__in=codes, day__gte=since).order_by("day")
    for row in rows:
        found.setdefault((row.day.year, row.day.month), {})[row.code] = row.people
    if not found:
        return None
    customers, prospects = (
        [counts.get(code, 0) for counts in found.values()] for code in codes
    )
    return Plot(
        _("Customers and prospects by month"),
        [f"{month}/{year}" for year, month in found],
        customers,
        _("customers"),
        axis=_("End of the month"),
        more=[(_("prospects"), prospects)],
    )


def _unreachable(reader: object) -> Figure | None:
    return _of_measure(reader, "unreachable", reverse(BOARD))


def _duty_overdue(reader: object) -> Figure | None:
    url = reverse("admin:contacts_informationgiven_due")
    return _of_measure(reader, "duty_overdue", f"{url}?list=overdue")


def _of_measure(reader: object, code: str, url: str) -> Figure | None:
    measure = quality.measure(code)
    lines, _counted_at, _is_complete = lines_for(reader, [measure] if measure else [])
    if not lines:
        return None
    # It cuts off what it does not show; the board of data quality rounds.
    share = formats.number_format(round(lines[0].share, 1), 1)
    return Figure(
        lines[0].measure.title,
        lines[0].people,
        format_lazy(_("{} % of all people"), share) if lines[0].people else "",
        url,
        "warn" if lines[0].people else "good",
    )


def _exports_to_delete(user: object) -> Figure | None:
    """Files that the user took and has not said to have deleted."""
    count = (
        Export.objects.filter(downloads__user=user, copies_deleted_at=None)  # type: ignore[misc]
        .distinct()
        .count()
    )
    return _exports(
        _("Exports to delete"), count, _("confirm when your copies are gone")
    )


def _exports_ending(user: object) -> Figure | None:
    """Files that end soon: of everybody for those who watch over exports."""
    ending = export_endings.ending_soon()
    if not sees_all(user):
        ending = ending.filter(created_by=user)  # type: ignore[misc]
    return _exports(_("Export files that end soon"), ending.count(), "")


def _exports_unconfirmed(user: object) -> Figure | None:
    """Files that are gone here and of which nobody said that the copies are."""
    count = export_endings.unconfirmed().count()
    return _exports(
        _("Exports with copies about"), count, _("not confirmed as deleted")
    )


def _exports(title: Text, count: int, hint: Text) -> Figure | None:
    if not count:
        return None
    url = reverse("admin:contacts_export_changelist")
    return Figure(title, count, hint, url, "warn")


dashboard.register(
    "unreachable",
    title=_("Unreachable"),
    category=Category.IDENTITY,
    order=12,
    load_for=_unreachable,
)
dashboard.register(
    "duty overdue",
    title=_("Information duty overdue"),
    category=Category.INFORMATION,
    order=13,
    load_for=_duty_overdue,
)
dashboard.register(
    "exports to delete",
    title=_("Exports to delete"),
    category=Category.IDENTITY,
    order=14,
    load_for=_exports_to_delete,
    may_see=contents.may_export,
)
dashboard.register(
    "exports ending",
    title=_("Export files that end soon"),
    category=Category.EXPORTS,
    order=15,
    load_for=_exports_ending,
    may_see=lambda user: contents.may_export(user) or sees_all(user),
)
dashboard.register(
    "exports unconfirmed",
    title=_("Exports with copies about"),
    category=Category.EXPORTS,
    order=16,
    load_for=_exports_unconfirmed,
)
dashboard.register(
    "sources",
    title=_("Contacts by source"),
    category=Category.IDENTITY,
    order=111,
    load_for=_sources,
)
dashboard.register(
    "relationships",
    title=_("Customers and prospects by month"),
    category=Category.IDENTITY,
    order=112,
    load_for=_relationships,
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
