"""Logging in: password, second factor, passkeys, single sign-on; sessions and their ends.

django-allauth does the work; this package says what the register asks of it: no
sign-up, a second factor where a role requires one, secrets sealed, no address of a
browser kept, every attempt in the audit trail.
"""

from __future__ import annotations
