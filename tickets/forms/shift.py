"""What is written at the end of a shift, and to whom the tickets of who goes away go."""

import re
from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from tickets.forms.base import MOST_TEXT
from tickets.models import ShiftNote, Ticket
from tickets.selectors.handover import Candidate, colleagues_of
from tickets.services.handing_over import hand_over
from tickets.services.shift_notes import write_note


class ShiftNoteForm(forms.Form):
    """A note for the next shift. `write_note` checks the rest."""

    body = forms.CharField(
        label=_("Note"),
        max_length=MOST_TEXT,
        help_text=_("Markdown. Drafted from how things stand; shorten it and add what only you know."),
        widget=forms.Textarea(attrs={"rows": 14, "data-send": True}),
    )
    tickets = forms.CharField(
        label=_("Tickets to link"),
        required=False,
        max_length=1000,
        help_text=_("Numbers, parted by spaces or commas. Each gets a line in its history."),
    )

    def clean_tickets(self) -> list[str]:
        return [number for number in re.split(r"[\s,，、;]+", self.cleaned_data["tickets"]) if number]

    def perform(self, *, team: Team, actor: User) -> ShiftNote:
        """Write it.

        Raises:
            ValidationError: what the service refuses.
        """
        return write_note(team=team, actor=actor, body=self.cleaned_data["body"], numbers=self.cleaned_data["tickets"])


class HandOverAllForm(forms.Form):
    """Which tickets of one person go, and to whom; the deputy of the absence that comes is proposed."""

    tickets = forms.MultipleChoiceField(error_messages={"required": _("Tick the tickets first.")})
    to = forms.ChoiceField(label=_("To whom"), error_messages={"required": _("Choose a person.")})

    def __init__(self, *args: Any, person: User, tickets: list[Ticket], deputy: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        self.rows = {ticket.number: ticket for ticket in tickets}
        self.people: list[Candidate] = colleagues_of(person=person)
        self.deputy = deputy
        cast(forms.MultipleChoiceField, self.fields["tickets"]).choices = [(number, number) for number in self.rows]
        cast(forms.ChoiceField, self.fields["to"]).choices = [(str(one.user.pk), str(one.user)) for one in self.people]

    def perform(self, *, actor: User) -> tuple[int, list[str]]:
        """Hand over what was ticked: how many went, and the numbers that could not."""
        chosen = next(one.user for one in self.people if str(one.user.pk) == self.cleaned_data["to"])
        rows = [self.rows[number] for number in self.cleaned_data["tickets"]]
        return hand_over(tickets=rows, actor=actor, person=self.person, to=chosen)
