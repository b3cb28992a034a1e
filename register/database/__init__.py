"""What the database itself enforces, derived from the data map."""

from __future__ import annotations
