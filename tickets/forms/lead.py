"""What a lead does from the escalation queue and the board, beside the actions of the ticket page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from tickets.forms.base import ActionForm, lines
from tickets.selectors.handover import Candidate, candidates
from tickets.services import assigning, conversation


class ReassignForm(ActionForm):
    """To a person of the team, seen with load and duty. To another team it goes by `forms.handover.HandOverForm`."""

    action = "assign"
    title = _("Reassign")
    button = _("Reassign")
    icon = "user"
    done = _("Reassigned.")

    to = forms.ChoiceField(
        label=_("To whom"), widget=forms.RadioSelect, error_messages={"required": _("Choose a person.")}
    )
    #: Who had it when the form or the board was drawn, 0 for nobody.
    held_by = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def prepare(self) -> None:
        self.initial["held_by"] = self.ticket.assignee_id or 0
        self.people: list[Candidate] = candidates(ticket=self.ticket)
        choices = [(f"u{one.user.pk}", str(one.user)) for one in self.people if not one.has_it]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]

    @classmethod
    def allowed(cls, ticket: Any, user: User) -> bool:
        return ticket.is_unresolved

    def perform(self) -> Any:
        wanted = self.cleaned_data["to"]
        person = next(one.user for one in self.people if f"u{one.user.pk}" == wanted)
        held_by = self.cleaned_data["held_by"]
        return assigning.assign(ticket=self.ticket, actor=self.user, assignee=person, held_by=held_by)


class GiveBackForm(ActionForm):
    """The «Undo» of an assignment: back to whoever had it, while it is still with whom it was given to."""

    action = "assign"
    title = _("Undo")
    button = _("Undo")
    icon = "history"
    done = _("Undone.")

    held_by = forms.IntegerField(widget=forms.HiddenInput)
    to = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def perform(self) -> Any:
        back = User.objects.filter(pk=self.cleaned_data["to"]).first()
        return assigning.assign(
            ticket=self.ticket, actor=self.user, assignee=back, held_by=self.cleaned_data["held_by"]
        )


class NoteForm(ActionForm):
    """A word to the colleagues, without leaving the queue."""

    action = "note"
    title = _("Comment")
    explanation = _("An internal note: colleagues read it, the customer does not. @Name tells that colleague.")
    button = _("Write the note")
    icon = "note"
    done = _("Noted.")

    body = lines(_("Internal note"), rows=4)

    def perform(self) -> Any:
        return conversation.add_note(ticket=self.ticket, actor=self.user, body=self.cleaned_data["body"])
