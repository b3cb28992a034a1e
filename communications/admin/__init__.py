"""Staff screens: conversations, and the work with people."""

from __future__ import annotations

from communications.admin import conversations, information, work

__all__ = ["conversations", "information", "work"]
