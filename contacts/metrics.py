"""The numbers of contacts for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import Metric

from contacts.models import ImportBatch
from register import metrics
from register.metrics import gauge


def _imports() -> Iterator[Metric]:
    counted = dict(
        ImportBatch.objects.order_by()
        .values_list("state")
        .annotate(batches=Count("pk"))
        .values_list("state", "batches")
    )
    yield gauge(
        "imports",
        "import batches by state",
        {(state,): counted.get(state, 0) for state in ImportBatch.State.values},
        ("state",),
    )


metrics.register("imports", _imports)
