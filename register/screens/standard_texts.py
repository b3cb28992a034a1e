"""Texts that come with the product, edited in the language of whoever edits them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext as _


class StandardTexts:
    """A part of a model form: shows ``standard_texts`` translated, and keeps them so.

    What is sent back as it was shown stays the text that is translated for everybody.
    What was rewritten is kept as it was written, for readers of every language.
    """

    standard_texts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        form: Any = self
        for name in self.standard_texts:
            if stored := getattr(form.instance, name, ""):
                form.initial[name] = _(stored)

    def clean(self) -> Any:
        """Put the stored text back where nothing was rewritten."""
        cleaned: Any = super().clean()  # type: ignore[misc]
        form: Any = self
        for name in self.standard_texts:
            stored = form.instance._meta.get_field(name).value_from_object(
                form.instance
            )
            if stored and form.cleaned_data.get(name) == _(stored):
                form.cleaned_data[name] = stored
        return cleaned
