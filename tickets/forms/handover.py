"""Handing a case to another team with its note, and what the receiver says to it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import Team, User
from tickets.forms.base import ActionForm, lines
from tickets.models import Ticket
from tickets.selectors.handover import Candidate, note_for, receivers
from tickets.services import handover


class HandOverForm(ActionForm):
    """One list of whom: a team, which chooses by skill and load, or a person of it."""

    action = "hand_over"
    link = gettext_lazy("Hand over…")
    title = gettext_lazy("Hand over to another team")
    explanation = gettext_lazy(
        "The note goes with the case, and somebody there says that they understood it. Deadlines stay as they are; "
        "you follow the ticket."
    )
    button = gettext_lazy("Hand over")
    icon = "transfer"
    done = gettext_lazy("Handed over. You are told when somebody has understood it.")

    to = forms.ChoiceField(label=gettext_lazy("To whom"))
    symptom = lines(gettext_lazy("Symptom"), rows=4, help_text=gettext_lazy("What the customer sees."))
    tried = lines(gettext_lazy("What was tried"), rows=5, help_text=gettext_lazy("And what came of it."))
    asked = lines(gettext_lazy("What is asked"), help_text=gettext_lazy("What you expect of them, by when."))

    def prepare(self) -> None:
        self.whom: dict[str, tuple[Team, User | None]] = {}
        above = self.ticket.team.next_level_id if self.ticket.team else None
        choices: list[tuple[str, Any]] = [("", _("Choose a team or a person"))]
        for team, people in receivers(ticket=self.ticket):
            name = _("%(team)s (next tier)") % {"team": team.label} if team.pk == above else team.label
            choices.append((name, [self._choice(team), *(self._choice(team, one) for one in people)]))
        self.fields["to"].choices = choices  # type: ignore[attr-defined]
        if not self.is_bound:
            for field, words in note_for(ticket=self.ticket).items():
                self.initial.setdefault(field, words)

    def _choice(self, team: Team, one: Candidate | None = None) -> tuple[str, str]:
        key = f"t{team.pk}u{one.user.pk}" if one else f"t{team.pk}"
        self.whom[key] = (team, one.user if one else None)
        return key, _person(one) if one else _("%(team)s: chooses for itself") % {"team": team.label}

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return ticket.is_unresolved and ticket.team_id is not None

    def perform(self) -> Any:
        note = dict(self.cleaned_data)
        team, assignee = self.whom[note.pop("to")]
        return handover.hand_over(ticket=self.ticket, actor=self.user, team=team, assignee=assignee, **note)


def _person(one: Candidate) -> str:
    words = ngettext("%(name)s · %(count)d ticket", "%(name)s · %(count)d tickets", one.load)
    said = words % {"name": one.user.name, "count": one.load}
    return said if one.is_there else _("%(person)s · not there") % {"person": said}


class _Answer(ActionForm):
    """For the side that receives an open hand-over; the ticket comes from `selectors.ticket_page.workable_ticket`."""

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        row = getattr(ticket, "open_handover", None)
        return row is not None and handover.may_answer(user, ticket, row)


class UnderstandForm(_Answer):
    """The receiver knows what is asked."""

    action = "understand"
    link = gettext_lazy("I have understood it")
    title = gettext_lazy("Acknowledge the hand-over")
    explanation = gettext_lazy("The giver is told that the note is clear and that you go on from here.")
    button = gettext_lazy("I have understood it")
    done = gettext_lazy("Acknowledged; the giver is told.")

    def perform(self) -> Any:
        return handover.acknowledge_handover(ticket=self.ticket, actor=self.user)


class AskBackForm(_Answer):
    """The note is not enough: the case goes back with a question."""

    action = "ask_back"
    link = gettext_lazy("Ask back…")
    title = gettext_lazy("Ask back")
    explanation = gettext_lazy("The ticket goes back to whom it came from. Your question becomes an internal note.")
    button = gettext_lazy("Send back with the question")
    icon = "reply"
    done = gettext_lazy("Sent back with your question.")

    question = lines(gettext_lazy("What is missing?"))

    def perform(self) -> Any:
        return handover.ask_back(ticket=self.ticket, actor=self.user, question=self.cleaned_data["question"])
