"""Translations, without the system's gettext.

=========================================  ============================================
``python -m settings.messages update``     collects the messages of the sources into
                                           ``locale/{fi,sv,en}/LC_MESSAGES/django.po``;
                                           translations stay, messages that are gone go
``python -m settings.messages compile``    makes the ``.mo`` files Django reads, where
                                           the ``.po`` is newer
``python -m settings.messages check``      lists what is missing, untranslated, fuzzy or
                                           wrong in Finnish and Swedish; status 1 if any
=========================================  ============================================

Messages are written in English in the sources, so the English catalogue may stay
empty. What the data map says about a field is collected, too: people read it in their
packages. The catalogues are sorted and name files but neither lines nor dates, so that a
change of a text is all a diff shows. A catalogue deeper in ``locale/`` (for words of a
library that has no Finnish) is compiled too, and otherwise left to its author.

Needs Babel, and neither Django's settings nor a database.
"""

from __future__ import annotations

from settings.messages.catalogues import check, compile_messages, update
from settings.messages.sources import BASE_DIR, collect

__all__ = ["BASE_DIR", "check", "collect", "compile_messages", "update"]
