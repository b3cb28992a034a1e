"""How the register is: may it serve, do its processes live, how does it do.

Meant for machines that watch (``/healthz``, ``/readyz``, ``/metrics``) and for the
administrator. Numbers and codes only: nothing here may name a person.
"""
