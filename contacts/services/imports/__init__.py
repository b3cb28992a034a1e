"""Bringing in a file of people.

A file goes through four steps, each a job that may be killed and started again:
it is read into rows (``staging``), its columns are given targets (``batches``), every
row is tried without writing anything (``runs.check``), and then written (``runs.write``).

Nothing is lost silently: a row that cannot be written keeps its cells and says why.
Nothing that is stored is overwritten: a row only adds what is missing.
"""
