"""Why a request about many people was made and ended: that stays when they are erased.

It says whose decision it was, and is the only place that does. What is noted of one
person's request is the person's, and emptied.
"""

from __future__ import annotations

from dsar.models import RequestEvent
from dsar.services.erasure_rows import Keys, Selection
from register.datamap.graph import graph


def reasons(selection: Selection) -> Keys:
    """Return the rows whose reason is not emptied: whoever is named is taken out."""
    label = graph().of(RequestEvent).label
    events = RequestEvent.objects.filter(
        pk__in=selection.keep.get(label, ()), request__is_collective=True
    )
    keys = set(events.order_by().values_list("pk", flat=True))
    return {label: keys} if keys else {}
