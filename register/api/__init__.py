"""What all addresses of the HTTP interface share; the apps add their own routers.

``settings.api`` puts them together, because it stands above all apps.
"""

from __future__ import annotations
