"""Speed, measured beside plain SQL in the same run.

``python -m benchmarks`` measures everything, ``python -m benchmarks NAME …`` some of
it. See :mod:`benchmarks.harness`.
"""

from __future__ import annotations
