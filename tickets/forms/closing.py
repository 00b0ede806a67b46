"""Ending a ticket and opening it again."""

from typing import Any

from django import forms
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import clock
from tickets import custom
from tickets.choices import Status
from tickets.forms.base import ActionForm, lines
from tickets.forms.files import FilesField
from tickets.models import Resolution, Ticket
from tickets.selectors.merging import ticket_to_merge_into
from tickets.services import moves
from tickets.services.articles import draft_article_from_ticket
from tickets.services.cause_reports import report_cause
from tickets.services.links import revoke_status_links
from tickets.services.merging import merge_ticket
from tickets.transitions import MOVES, choices_by_hand


class ResolveForm(ActionForm):
    """Cause, solution, verification: what the next colleague needs, and what becomes an article."""

    action = "resolve"
    changes_composer = True
    link = _("Resolve…")
    title = _("Resolve the ticket")
    explanation = _("The customer reads the message and is asked whether the problem is solved.")
    button = _("Resolve")
    done = _("Resolved. The customer is asked to confirm.")

    cause = lines(_("Cause"), help_text=_("What was wrong, for colleagues and the knowledge base."))
    solution = lines(_("Solution"), rows=4, help_text=_("What was done, step by step."))
    verification = forms.ChoiceField(
        label=_("How it was verified"),
        choices=Resolution.Verification.choices,
        widget=forms.RadioSelect,
        initial=Resolution.Verification.CUSTOMER,
    )
    proof = lines(
        _("Proof"),
        rows=2,
        required=False,
        help_text=_("Needed unless the customer confirms: what shows that it works."),
    )
    message = lines(
        _("Message to the customer"),
        rows=3,
        required=False,
        help_text=_("Left empty, the customer reads the solution."),
    )
    files = FilesField(label=_("Files"), required=False)  # type: ignore[assignment]  # a field, not BaseForm.files

    def prepare(self) -> None:
        needed = custom.missing(self.ticket.custom, custom.fields_of(self.ticket.category))
        self.fields |= custom.form_fields(needed, required=True)
        left = self.ticket.checklist.filter(done_at=None).count()
        if left:
            words = ngettext(
                "%(count)d item of the checklist is not done.", "%(count)d items of the checklist are not done.", left
            )
            self.warning = words % {"count": left}

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return ticket.is_unresolved

    def perform(self) -> Any:
        rest, answers = custom.split(self.cleaned_data)
        return moves.resolve_ticket(ticket=self.ticket, actor=self.user, custom=answers, **rest)


class ReopenForm(ActionForm):
    """Staff opens it again."""

    action = "reopen"
    changes_composer = True
    link = _("Reopen…")
    title = _("Open the ticket again")
    explanation = _("New deadlines begin. The reason becomes an internal note.")
    button = _("Reopen")
    icon = "refresh"
    done = _("Open again; its deadlines run.")

    reason = lines(_("Reason"))

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return not ticket.is_unresolved

    def perform(self) -> Any:
        return moves.reopen_ticket(ticket=self.ticket, actor=self.user, reason=self.cleaned_data["reason"])


class MergeForm(ActionForm):
    """A duplicate goes on in another ticket of the same customer."""

    action = "merge"
    changes_composer = True
    link = _("Merge into…")
    title = _("Merge the ticket into another one")
    explanation = _(
        "For a duplicate of the same customer. The conversation goes on in the other ticket, with the longer waiting "
        "time and the graver severity of both; this one is closed and says where it went."
    )
    button = _("Merge")
    icon = "transfer"
    done = _("Merged. The customer reads your words in the other ticket.")

    into = forms.CharField(label=_("Number of the other ticket"), max_length=20, help_text=_("For example T1024."))
    words = lines(_("Message to the customer"), help_text=_("A public reply in the other ticket."))

    def prepare(self) -> None:
        with override(self.ticket.language):
            words = gettext(
                "Your ticket %(number)s is about the same problem as this one. We go on with both here; everything "
                "that you wrote there is kept."
            )
            self.initial.setdefault("words", words % {"number": self.ticket.number})

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return ticket.is_unresolved

    def clean_into(self) -> Ticket:
        return ticket_to_merge_into(user=self.user, number=self.cleaned_data["into"])

    def perform(self) -> Any:
        return merge_ticket(ticket=self.ticket, actor=self.user, **self.cleaned_data)


class CauseReportForm(ActionForm):
    """What a grave problem teaches the house."""

    action = "report_cause"
    link = _("Root cause report…")
    title = _("Root cause report")
    explanation = _("For colleagues. It can be written again: the newest stands.")
    button = _("Hand in")
    icon = "edit"
    done = _("The report is handed in.")

    course = lines(_("What happened"), rows=4, help_text=_("From the first sign to the solution, with times."))
    cause = lines(_("Root cause"), help_text=_("Why it could happen: not what broke, but why it broke."))
    prevention = lines(_("What keeps it from coming back"), help_text=_("One action a line: what, who, by when."))

    def prepare(self) -> None:
        resolution = _present_resolution(self.ticket)
        report = getattr(resolution, "cause_report", None)
        if report:
            self.initial.update({name: getattr(report, name) for name in self.fields})
        elif resolution:
            self.initial["cause"] = resolution.cause

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return not ticket.is_unresolved and _present_resolution(ticket) is not None

    def perform(self) -> Any:
        return report_cause(ticket=self.ticket, actor=self.user, **self.cleaned_data)


def _present_resolution(ticket: Ticket) -> Resolution | None:
    return ticket.resolutions.select_related("cause_report").filter(cycle=ticket.cycle).first()


class StatusForm(ActionForm):
    """A move without a message; moves that need one stand in the composer."""

    action = "status"
    changes_composer = True
    link = _("Change the status…")
    title = _("Change the status")
    explanation = _("Waiting for the customer needs a question: choose it below a public reply.")

    status = forms.ChoiceField(label=_("Status"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("What the ticket waits for"), max_length=200, required=False, help_text=_("Needed for “on hold”.")
    )

    def prepare(self) -> None:
        self.fields["status"].choices = silent_moves(self.ticket)  # type: ignore[attr-defined]

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return bool(silent_moves(ticket))

    def perform(self) -> Any:
        return moves.set_status(ticket=self.ticket, actor=self.user, **self.cleaned_data)


def silent_moves(ticket: Ticket) -> list[tuple[str, Any]]:
    """Statuses that may be chosen without writing to the customer."""
    names = choices_by_hand(ticket.status)
    return [
        (name, Status(name).label) for name in names if not MOVES[(Status(ticket.status), Status(name))].needs_reply
    ]


class ArticleForm(ActionForm):
    """One step from a resolved ticket to a draft."""

    action = "draft_article"
    link = _("Create an article")
    title = _("Create an article from this ticket")
    explanation = _(
        "Problem, cause and solution become a draft without names, addresses and numbers of people. "
        "You look through it before a reviewer does."
    )
    button = _("Create a draft")
    icon = "book"
    done = _("The draft is ready.")

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return (ticket.cycle > 1 or not ticket.is_unresolved) and ticket.resolutions.exists()

    def perform(self) -> Any:
        return draft_article_from_ticket(ticket=self.ticket, actor=self.user, now=clock.now())


class RevokeLinksForm(ActionForm):
    """The customer's private links stop working."""

    action = "revoke_links"
    link = _("Revoke private links…")
    title = _("Make the private links useless")
    explanation = _(
        "Every private status link of this ticket that was sent so far stops working at once, for example because one "
        "was passed on. Mails from now on carry a new one."
    )
    button = _("Revoke the links")
    icon = "lock"
    done = _("The private links no longer work.")
    danger = True

    def perform(self) -> Any:
        return revoke_status_links(ticket=self.ticket, actor=self.user)
