"""Staff screens: conversations, and the work with people."""

from __future__ import annotations

from communications.admin import conversations, work

__all__ = ["conversations", "work"]
