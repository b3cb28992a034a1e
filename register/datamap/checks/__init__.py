"""System checks that make silence about personal data impossible.

Each finding names the table or field and what to write. They stop ``check``,
``makemigrations``, ``migrate`` and the tests.
"""

from __future__ import annotations

from register.datamap.checks.models import check_data_map, check_model

__all__ = ["check_data_map", "check_model"]
