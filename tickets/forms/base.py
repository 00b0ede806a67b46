"""The shape of an action on the ticket page: a form that calls exactly one service."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.form_errors import add_errors
from tickets.models import Ticket

Words = Any  # str or a lazy translation; django-stubs has no public name for both
MOST_TEXT = 50_000  # characters


class ActionForm(forms.Form):
    """What somebody does with one ticket. Subclasses name their words and call their service in `perform`.

    Attributes:
        action: the action of `tickets.permissions`, by which it is allowed.
        link: what leads here; the title when empty.
        title, explanation, button, icon: what the dialog shows.
        warning: what one should know before pressing the button; it forbids nothing.
        done: what is said afterwards; nothing when it is seen anyway.
        danger: whether the button is red.
        shows_present: fields that come filled with how the ticket stands. Each carries along what it showed, so that a
            form which lay open does not undo what a colleague changed meanwhile (`touched`).
        changes_composer: whether other things may be written afterwards, so that the composer is drawn anew.
    """

    action: ClassVar[str]
    link: ClassVar[Words] = ""
    title: ClassVar[Words] = ""
    explanation: ClassVar[Words] = ""
    warning: Words = ""
    button: ClassVar[Words] = _("Save")
    icon: ClassVar[str] = "check"
    done: ClassVar[Words] = _("Saved.")
    danger: ClassVar[bool] = False
    changes_composer: ClassVar[bool] = False
    shows_present: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, ticket: Ticket, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ticket = ticket
        self.user = user
        for name in self.shows_present:
            self.fields[name].show_hidden_initial = True
        self.prepare()

    def prepare(self) -> None:
        """Set choices and first values from ``self.ticket``."""

    def touched(self, name: str) -> bool:
        """Whether somebody changed this field from what they saw; who does not say what they saw means every field."""
        return self[name].html_initial_name not in self.data or name in self.changed_data

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        """A condition beside the permission; where it fails the action does not exist."""
        return True

    @property
    def draft(self) -> str:
        """The name under which the browser keeps what is typed; empty where there is nothing to write."""
        has_words = any(isinstance(field.widget, forms.Textarea) for field in self.fields.values())
        return f"desk-{self.ticket.number}-{self.action}" if has_words else ""

    def perform(self) -> Any:
        """Call the service with the cleaned data."""
        raise NotImplementedError

    def send(self) -> bool:
        """Validate and perform; what the service refuses stands beside its field."""
        if not self.is_valid():
            return False
        try:
            self.result = self.perform()
        except ValidationError as error:
            add_errors(self, error)
            return False
        return True


def lines(label: Words, *, rows: int = 3, required: bool = True, help_text: Words = "") -> forms.CharField:
    """A field for a few lines of text."""
    return forms.CharField(
        label=label,
        required=required,
        max_length=MOST_TEXT,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": rows, "data-send": True}),
    )


def revision_seen() -> forms.IntegerField:
    """The state of the ticket that the writer had before their eyes: sent twice, the second finds a changed ticket."""
    return forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**31 - 1, required=False)


def separated(text: str) -> list[str]:
    """The names in a list typed by hand, with Western or Chinese commas."""
    return text.replace("，", ",").replace("、", ",").split(",")
