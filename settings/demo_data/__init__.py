"""Demo data: a Finnish company's register, invented, the same at every run.

Nothing here is read by the product; it is what `make demo` fills an empty register
with, through the models and services that real data takes.
"""

from __future__ import annotations

from settings.demo_data.accounts import write_logins
from settings.demo_data.register_of_a_company import make, wipe

__all__ = ["make", "wipe", "write_logins"]
