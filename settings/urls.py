"""All addresses of the register."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from register import staff_site
from register.screens import dashboard, finding, health
from settings.api import api

admin.autodiscover()

# Importing it replaced the log-out with one that is recorded, before the addresses of
# the site are made.
assert staff_site.log_out is admin.site.logout  # noqa: S101

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
    path("admin/find/", admin.site.admin_view(finding.find), name="find"),
    path(
        "admin/overview/",
        admin.site.admin_view(dashboard.arrange),
        name="overview_arrange",
    ),
    # Before the site's own, whose log-in and change of passwords they replace.
    path("admin/", include("register.log_in.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", api.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("readyz", health.ready, name="readyz"),
]

handler500 = "register.screens.trouble.failed"
