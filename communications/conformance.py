"""Clauses N4 about communication: what of them does not exist yet.

That chats and recordings end is checked by retention; that their tables hold what is
declared, and their files are there, by the register itself.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from register.conformance.registry import not_built

not_built(
    "messages",
    "N4.9",
    what=_(
        "Answers by e-mail and other incoming messages are not held yet; e-mail sent from here, notes, follow-ups, chats and calls are."
    ),
)
not_built(
    "other_channels",
    "N4.23",
    what=_(
        "The use of e-mail and of tickets is not held yet; that of chats and the telephone is."
    ),
)
