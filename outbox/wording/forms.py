"""The editor's form: the words of one kind in one language."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from outbox.wording.catalogue import Entry
from outbox.wording.rows import MOST, clean


class WordsForm(forms.Form):
    """As many fields as the kind has parts; what is wrong with the words stands at their field."""

    subject = forms.CharField(label=pgettext_lazy("mail", "Subject"), max_length=300)
    text = forms.CharField(label=_("Text"), max_length=MOST, widget=forms.Textarea(attrs={"rows": 12, "class": "mono"}))
    html = forms.CharField(
        label=_("HTML"),
        required=False,
        max_length=MOST,
        widget=forms.Textarea(attrs={"rows": 10, "class": "mono"}),
        help_text=_("The inside of the mail; the frame is the house's. Empty: it is made of the text."),
    )

    def __init__(self, *args: Any, entry: Entry, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry = entry
        for name in list(self.fields):
            if name not in entry.parts:
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        words = {part: self.cleaned_data.get(part, "") for part in self.entry.parts}
        for part, error in clean(self.entry, words).items():
            if part not in self.errors:
                self.add_error(part, error)
        return self.cleaned_data

    @property
    def words(self) -> dict[str, str]:
        """By part, as the services take them."""
        return {part: self.cleaned_data.get(part, "") for part in self.entry.parts}

    @property
    def differs(self) -> bool:
        """Whether other words were typed than those that hold."""
        typed = {part: self.data.get(self.add_prefix(part)) for part in self.entry.parts}
        present = {part: str(self.initial.get(part, "")) for part in typed}
        return any(text is not None and text.split() != present[part].split() for part, text in typed.items())

    def refuse(self, error: ValidationError) -> None:
        """What the service found stands where it belongs."""
        self.add_error(None, error)
