"""Why a request about many people was made and ended: that stays when they are erased.

It says whose decision it was, and is the only place that does. What is noted of one
person's request is the person's, and emptied.
"""

from __future__ import annotations

from django.db import connection

from dsar.models import RequestEvent
from dsar.services.erasure_rows import Selection
from dsar.services.erasure_sql import Keys
from register.database.arrays import array
from register.datamap.graph import graph

_REASONS = """
    SELECT e.id FROM dsar_requestevent e JOIN dsar_request r ON r.id = e.request_id
    WHERE e.id = ANY(%s) AND r.is_collective
"""


def reasons(selection: Selection) -> Keys:
    """Return the rows whose reason is not emptied: whoever is named is taken out."""
    label = graph().of(RequestEvent).label
    events = selection.keep.get(label)
    if not events:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_REASONS, [array(events)])
        keys = {key for (key,) in cursor.fetchall()}
    return {label: keys} if keys else {}
