"""The numbers of requests for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Q
from django.utils import timezone
from prometheus_client.core import Metric

from dsar.models import Request
from register import metrics
from register.metrics import gauge


def _requests() -> Iterator[Metric]:
    late = Q(due_on__lt=timezone.localdate())
    counted = {
        kind: (unfinished, overdue)
        for kind, unfinished, overdue in Request.objects.exclude(
            state=Request.State.CLOSED
        )
        .order_by()
        .values_list("kind")
        .annotate(unfinished=Count("pk"), overdue=Count("pk", filter=late))
    }
    kinds = {kind: counted.get(kind, (0, 0)) for kind in Request.Kind.values}
    yield gauge(
        "requests_open",
        "requests of data subjects that are not closed",
        {(kind,): unfinished for kind, (unfinished, _) in kinds.items()},
        ("kind",),
    )
    yield gauge(
        "requests_overdue",
        "requests of data subjects past their legal due date",
        {(kind,): overdue for kind, (_, overdue) in kinds.items()},
        ("kind",),
    )


metrics.register("requests", _requests)
