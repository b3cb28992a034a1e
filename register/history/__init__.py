"""Earlier versions of records: what stood in a row before it was changed or deleted.

A model with :func:`register.history.versions.keeps_history` has a table of versions
beside it. A trigger of the database writes it (:mod:`register.database.history`),
whatever changes the row; :mod:`register.history.acting` says who does so and why.
"""
