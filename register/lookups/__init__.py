"""Unusual look-ups: what is watched in the audit trail, and how it becomes an alert.

``rules`` says what is watched and why, ``watching`` reads the trail seal by seal,
``register.services.lookup_alerts`` keeps the matters that come of it. All of it is
counting: an alert shows its numbers, and a person judges them.
"""
