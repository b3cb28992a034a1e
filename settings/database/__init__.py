"""PostgreSQL as Django has it, with connections that do not wait for ever."""

from __future__ import annotations
