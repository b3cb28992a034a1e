"""What is raised for a text that is not what it should be."""

from __future__ import annotations


class InvalidIdentifier(ValueError):
    """A text is not the identifier it should be.

    `code` is stable and for programs; `message` is a sentence for people, without
    the text itself.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
