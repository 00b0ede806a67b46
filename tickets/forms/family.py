"""Tickets that belong together: links, incidents with what is below them, splitting, undoing a merge."""

from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext, override, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import clock
from tickets.choices import MessageKind
from tickets.forms.base import ActionForm, lines, revision_seen
from tickets.forms.composer import MARKS
from tickets.models import Ticket, TicketLink
from tickets.selectors.family import children_to_tell, links_of, tickets_named
from tickets.services.announcing import resolve_children, tell_again, tell_children
from tickets.services.linking import link_tickets, set_parent, unlink_tickets
from tickets.services.splitting import split_ticket
from tickets.services.unmerging import UNDO_WITHIN, standing_merge, undo_merge

#: Messages that one form offers; what is older is another conversation.
_OFFERED = 30
_EXCERPT = 140  # characters


class LinkForm(ActionForm):
    """Says what other tickets are to this one."""

    action = "link"
    link = _("Link to another ticket…")
    title = _("Link to another ticket")
    explanation = _("Colleagues see it on both tickets; customers see nothing of it.")
    button = _("Link")
    icon = "link"
    done = _("Linked.")

    kind = forms.ChoiceField(
        label=_("This ticket"),
        widget=forms.RadioSelect,
        initial="related",
        choices=[
            ("related", _("is related to")),
            ("duplicate", _("is a duplicate of")),
            ("blocks", _("blocks")),
            ("blocked", _("is blocked by")),
            ("part", _("is part of the incident")),
            ("incident", _("is the incident of which these are part")),
        ],
    )
    numbers = forms.CharField(
        label=_("Numbers of the other tickets"), max_length=1000, help_text=_("For example T1024, T1031.")
    )

    def clean_numbers(self) -> list[Ticket]:
        return tickets_named(user=self.user, numbers=self.cleaned_data["numbers"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("kind") in ("part", "blocked") and len(data.get("numbers", [])) > 1:
            self.add_error("numbers", _("Name one ticket."))
        return data

    def perform(self) -> Any:
        kind, others = self.cleaned_data["kind"], self.cleaned_data["numbers"]
        if kind == "incident":
            return set_parent(tickets=others, parent=self.ticket, actor=self.user)
        if kind == "part":
            return set_parent(tickets=[self.ticket], parent=others[0], actor=self.user)
        if kind == "blocked":
            return link_tickets(ticket=others[0], others=[self.ticket], kind=TicketLink.Kind.BLOCKS, actor=self.user)
        return link_tickets(ticket=self.ticket, others=others, kind=kind, actor=self.user)


class UnlinkForm(ActionForm):
    """Takes one link away, or the ticket out of its incident."""

    action = "unlink"
    title = _("Take a link away")
    button = _("Take away")
    icon = "x"
    done = _("The link is gone.")

    other = forms.ChoiceField(label=pgettext_lazy("noun", "Link"), widget=forms.RadioSelect)

    def prepare(self) -> None:
        self.links = {str(row.id): row for row in links_of(ticket=self.ticket, user=self.user)}
        choices = [(pk, f"{row.words} {row.ticket.number} · {row.ticket.subject}") for pk, row in self.links.items()]
        if self.ticket.parent:
            choices.append(("parent", f"{gettext('part of')} {self.ticket.parent.number}"))
        self.fields["other"].choices = choices  # type: ignore[attr-defined]

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return not ticket.merged_into_id

    def perform(self) -> Any:
        chosen = self.cleaned_data["other"]
        if chosen == "parent":
            return set_parent(tickets=[self.ticket], parent=None, actor=self.user)
        return unlink_tickets(link=TicketLink.objects.get(pk=chosen), actor=self.user)


class SplitForm(ActionForm):
    """Messages of the customer that speak of something else become a ticket of their own."""

    action = "split"
    link = _("Split into a new ticket…")
    title = _("Split into a new ticket")
    explanation = _(
        "For another problem of the same customer. The chosen messages with their files begin the new ticket, whose "
        "deadlines count from their receipt; here they stay readable and say where they go on. The customer is told "
        "the new number."
    )
    button = _("Split")
    icon = "branch"

    messages = forms.TypedMultipleChoiceField(
        label=_("Messages of the customer"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    subject = forms.CharField(label=_("Subject of the new ticket"), max_length=200)

    def prepare(self) -> None:
        first = str(self.initial.get("first", ""))
        asked = self.ticket.messages.filter(kind=MessageKind.CUSTOMER, continued_as=None)
        self.rows = {row.pk: row for row in asked.order_by("-pk")[:_OFFERED][::-1]}
        offered = {pk: row for pk, row in self.rows.items() if not first.isdecimal() or pk >= int(first)}
        choices = [(pk, _excerpt(row)) for pk, row in (offered or self.rows).items()]
        self.fields["messages"].choices = choices  # type: ignore[attr-defined]
        if first.isdecimal() and int(first) in self.rows:
            row = self.rows[int(first)]
            self.initial.update(messages=[row.pk], subject=row.body.strip().splitlines()[0][:200])

    @property
    def done(self) -> str:
        return gettext("Split: it goes on in %(number)s.") % {"number": self.result.number}

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return not ticket.merged_into_id

    def perform(self) -> Any:
        chosen = [self.rows[pk] for pk in self.cleaned_data["messages"]]
        return split_ticket(ticket=self.ticket, messages=chosen, subject=self.cleaned_data["subject"], actor=self.user)


def _excerpt(message: Any) -> str:
    words = " ".join(message.body.split())
    when = date_format(localtime(message.created_at), "SHORT_DATETIME_FORMAT")
    return f"{when} · {words[:_EXCERPT]}{'…' if len(words) > _EXCERPT else ''}"


class UnmergeForm(ActionForm):
    """The duplicate was none."""

    action = "unmerge"
    changes_composer = True
    link = _("Undo the merge…")
    title = _("Undo the merge")
    explanation = _(
        "What was written to this ticket returns to it, and its deadlines go on with the time that passed. What is "
        "used up by now and was not answered is missed at once."
    )
    button = _("Undo the merge")
    icon = "history"
    done = _("The ticket goes on by itself.")

    words = lines(
        _("Message to the customer"), help_text=_("An automatic message in this ticket; it meets no deadline.")
    )

    def prepare(self) -> None:
        with override(self.ticket.language):
            words = gettext("%(number)s is about another problem after all. We go on with it here, in its own ticket.")
            self.initial.setdefault("words", words % {"number": self.ticket.number})

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        merge = standing_merge(ticket=ticket)
        return merge is not None and clock.now() - merge.merged_at <= UNDO_WITHIN

    def perform(self) -> Any:
        return undo_merge(ticket=self.ticket, actor=self.user, words=self.cleaned_data["words"])


class _ChildrenForm(ActionForm):
    """What is done with all open tickets below at once."""

    @cached_property
    def explanation(self) -> str:
        """How many they are."""
        mine, others = children_to_tell(ticket=self.ticket, user=self.user)
        said = ngettext(
            "%(count)d open ticket is part of this one.", "%(count)d open tickets are part of this one.", mine
        )
        more = ngettext(
            "%(count)d more belongs to a team that you do not work for and is left as it is.",
            "%(count)d more belong to teams that you do not work for and are left as they are.",
            others,
        )
        return " ".join([said % {"count": mine}, *([more % {"count": others}] if others else [])])


class TellChildrenForm(_ChildrenForm):
    """One answer for the incident and everything below it."""

    action = "tell_children"
    changes_composer = True
    link = _("Tell all tickets below…")
    title = _("Tell this ticket and all below it")
    button = _("Tell all")
    icon = "send"
    done = _("Sent here; the tickets below are being told.")

    words = lines(_("Message to the customers"), rows=5)
    marks = forms.MultipleChoiceField(
        label=_("This answer"), choices=MARKS, required=False, widget=forms.CheckboxSelectMultiple
    )
    revision = revision_seen()

    def prepare(self) -> None:
        self.initial["revision"] = self.ticket.revision

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return ticket.is_unresolved

    def perform(self) -> Any:
        return tell_children(ticket=self.ticket, actor=self.user, **self.cleaned_data)


class ResolveChildrenForm(_ChildrenForm):
    """The solution of the incident is that of every ticket below it."""

    action = "resolve_children"
    link = _("Resolve all tickets below…")
    title = _("Resolve all tickets below with this solution")
    button = _("Resolve all")
    icon = "check"
    done = _("The tickets below are being resolved.")

    words = lines(_("Message to the customers"), rows=5)

    def prepare(self) -> None:
        resolution = self.ticket.resolutions.filter(cycle=self.ticket.cycle).first()
        self.initial.setdefault("words", resolution.solution if resolution else "")

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return not ticket.is_unresolved and not ticket.merged_into_id

    def perform(self) -> Any:
        return resolve_children(ticket=self.ticket, actor=self.user, words=self.cleaned_data["words"])


class TellAgainForm(ActionForm):
    """What failed below is tried again, in the name of whoever presses; offered where failures are listed."""

    action = "tell_again"
    link = _("Try again…")
    title = _("Try again what failed")
    explanation = _(
        "The tickets below that refused are told again, in your name. What is closed meanwhile is left as it is."
    )
    button = _("Try again")
    icon = "refresh"
    done = _("The tickets below are being told.")

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return not ticket.merged_into_id

    def perform(self) -> Any:
        return tell_again(ticket=self.ticket, actor=self.user)
