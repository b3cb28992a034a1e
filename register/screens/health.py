"""Whether the register can serve, for a member of staff who watches over it.

Machines are answered before this by :mod:`register.monitoring.probes`.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from register import access
from register.datamap.vocabulary import Action, Category
from register.monitoring import probes, readiness


@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """Answer with sentences to those who may see the data map, which is what it is compared with."""
    may_see = access.may(request.user, Action.VIEW, Category.DATA_MAP)
    return probes.response_of(readiness.report(), with_details=may_see)
