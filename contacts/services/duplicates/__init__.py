"""Records that may be of one person or company: found while typing, and in the whole base."""
