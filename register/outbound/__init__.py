"""The one door through which anything leaves the register for the outside.

Nothing else imports a mail or HTTP client for it (ruff refuses), so that who gets what
can be said and switched off in one place.
"""

from __future__ import annotations
