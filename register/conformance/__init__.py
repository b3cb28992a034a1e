"""The conformance board: every clause of the privacy notice, and whether it is kept.

``clauses`` names the clauses, ``registry`` takes the live checks that each app brings
(its module ``conformance``), ``running`` asks them all and keeps what they answered.
The other modules here are the register's own checks.
"""
