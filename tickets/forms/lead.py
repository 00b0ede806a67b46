"""What a lead does from the escalation queue and the board, beside the actions of the ticket page."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from tickets.forms.base import ActionForm, lines
from tickets.selectors.handover import Candidate, candidates, other_teams
from tickets.services import assigning, conversation


class HandOverForm(ActionForm):
    """To a person of the team, seen with load and duty, or to another team, which chooses by skill and load."""

    action = "assign"
    title = _("Reassign")
    button = _("Reassign")
    icon = "transfer"
    done = _("Reassigned.")

    to = forms.ChoiceField(
        label=_("To whom"), widget=forms.RadioSelect, error_messages={"required": _("Choose a person or a team.")}
    )

    def prepare(self) -> None:
        self.people: list[Candidate] = candidates(ticket=self.ticket)
        self.teams: list[Team] = other_teams(ticket=self.ticket)
        choices = [(f"u{one.user.pk}", str(one.user)) for one in self.people if not one.has_it]
        choices += [(f"t{team.pk}", team.label) for team in self.teams]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]

    @classmethod
    def allowed(cls, ticket: Any, user: User) -> bool:
        return ticket.is_unresolved

    def perform(self) -> Any:
        wanted = self.cleaned_data["to"]
        if wanted.startswith("t"):
            team = next(team for team in self.teams if f"t{team.pk}" == wanted)
            return assigning.assign(ticket=self.ticket, actor=self.user, team=team)
        person = next(one.user for one in self.people if f"u{one.user.pk}" == wanted)
        return assigning.assign(ticket=self.ticket, actor=self.user, assignee=person)


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
