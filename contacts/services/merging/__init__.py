"""Merging two records into one, and undoing it.

The record that goes is deleted; everything that pointed to it points to the one that
stays, in every table of the data map, also in those of apps above. What was changed or
deleted by it is among the earlier versions (``register.history``) under the number of
the merge, what was moved in the rows of the merge. Permissions are never higher after a
merge, or after undoing one, than the lower of both records had.
"""
