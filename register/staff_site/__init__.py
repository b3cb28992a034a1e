"""The staff site: what all its screens have in common.

Rights come from the data category of each table, changes and reads go to the audit
trail instead of Django's own log (whose lines would hold names), and lists stay fast
at a million rows.
"""

from __future__ import annotations

from django.contrib import admin

from register.staff_site.completion import Autocomplete
from register.staff_site.counting import EstimatedPaginator, estimated_count
from register.staff_site.seen import not_editable, reaches_row, without
from register.staff_site.sessions import log_out
from register.staff_site.tables import ReadOnlyAdmin, RegisterAdmin

__all__ = [
    "EstimatedPaginator",
    "ReadOnlyAdmin",
    "RegisterAdmin",
    "estimated_count",
    "log_out",
    "not_editable",
    "reaches_row",
    "without",
]

# Every way in and every search is recorded, so Django's own must not be reached.
admin.site.logout = log_out  # type: ignore[method-assign, assignment]
admin.site.autocomplete_view = Autocomplete.as_view(admin_site=admin.site)  # type: ignore[assignment, method-assign]
