"""The callers of the HTTP interface, and a chat and a call that they send."""

from __future__ import annotations

from tests.api.conftest import call_body, caller, caller_with, chat_body

__all__ = ["call_body", "caller", "caller_with", "chat_body"]
