"""Writing to the customer or to colleagues."""

from typing import Any

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.form_errors import add_errors
from tickets.choices import Mark, Status
from tickets.forms.base import MOST_TEXT, revision_seen
from tickets.forms.files import FilesField
from tickets.message_html import reply_html
from tickets.models import Draft, Message, Ticket
from tickets.permissions import may
from tickets.services import drafts
from tickets.services.drafts import Words
from tickets.services.locking import StaleTicket
from tickets.transitions import choices_by_hand
from tickets.ways import Ways, ways_to_customer

KINDS = [("public", _("Public reply")), ("note", _("Internal note"))]
MARKS = [
    (Mark.WORKAROUND, _("contains a workaround: the customer can go on working")),
    (Mark.SOLUTION_PATH, _("names the path to the solution: what we will do, and by when")),
    (Mark.PROGRESS, _("reports progress: what we found out or did since the last message")),
]


class DraftForm(forms.Form):
    """What the page sends while one types. A draft may be anything that can be kept; it is judged when it is sent."""

    kind = forms.ChoiceField(choices=KINDS)
    body = forms.CharField(max_length=MOST_TEXT, required=False)
    marks = forms.MultipleChoiceField(choices=MARKS, required=False)
    shareable = forms.BooleanField(required=False)
    status = forms.ChoiceField(choices=[("", ""), *Status.choices], required=False)
    hold_reason = forms.CharField(max_length=200, required=False)
    seen = forms.IntegerField(min_value=0, max_value=2**62, required=False)

    @property
    def words(self) -> Words:
        """What stands in a valid form."""
        return Words(**(self.cleaned_data | {"seen": self.cleaned_data["seen"] or 0}))


class ComposerForm(forms.Form):
    """One message. `revision` and `seen` say which state of the ticket the writer had before their eyes."""

    kind = forms.ChoiceField(
        label=_("Audience"),
        choices=KINDS,
        error_messages={
            "invalid_choice": _("You cannot write this here. A resolved ticket is reopened before it is answered.")
        },
    )
    body = forms.CharField(label=_("Text"), max_length=MOST_TEXT, error_messages={"required": _("Write something.")})
    marks = forms.MultipleChoiceField(
        label=_("This answer"), choices=MARKS, required=False, widget=forms.CheckboxSelectMultiple
    )
    shareable = forms.BooleanField(
        label=_("may be told to the customer: goes into the draft of the next progress update"), required=False
    )
    status = forms.ChoiceField(label=_("And then"), required=False)
    hold_reason = forms.CharField(label=_("What the ticket waits for"), max_length=200, required=False)
    files = FilesField(label=_("Files"), required=False)  # type: ignore[assignment]  # a field, not BaseForm.files
    revision = revision_seen()
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**62, required=False)
    #: What was typed here, and not drafted by the product: it ends the draft, and may be taken back for a while.
    draft = forms.BooleanField(required=False)
    kept_files = forms.MultipleChoiceField(label=_("Files"), required=False, widget=forms.CheckboxSelectMultiple)
    then = forms.ChoiceField(label=_("Then go on"), choices=User.AfterSend.choices, required=False)

    def __init__(
        self, *args: Any, ticket: Ticket, user: User, last_id: int = 0, kept: Draft | None = None, live: bool = False
    ) -> None:
        """``kept`` is what this person left here; ``live`` says that the page can count down and take back."""
        self.ticket = ticket
        self.user = user
        self.kept = kept
        self.live = live
        self.stale = False
        self.meanwhile: list[Any] = []
        kinds = [kind for kind, action in (("public", "reply"), ("note", "note")) if may(user, action, ticket)]
        if not ticket.is_unresolved and not ticket.merged_into_id:  # of a merged one the service says where it went
            kinds = [kind for kind in kinds if kind == "note"]  # a resolved ticket is reopened first
        first = {
            "kind": kinds[0] if kinds else "",
            "revision": ticket.revision,
            "seen": last_id,
            "then": user.after_send,
        }
        if kept is not None:
            first |= {name: getattr(kept, name) for name in ("body", "marks", "shareable", "status", "hold_reason")}
            first["kind"] = kept.kind if kept.kind in kinds else first["kind"]
            first["kept_files"] = [one["key"] for one in kept.files]
        super().__init__(*args, initial=first)  # type: ignore[misc]
        self.fields["kind"].choices = [choice for choice in KINDS if choice[0] in kinds]  # type: ignore[attr-defined]
        self.fields["status"].choices = status_choices(ticket)  # type: ignore[attr-defined]
        files = [(one["key"], one["name"]) for one in kept.files] if kept else []
        self.fields["kept_files"].choices = files  # type: ignore[attr-defined]

    @property
    def usable(self) -> bool:
        """Whether this person may write anything at all."""
        return bool(self.fields["kind"].choices)  # type: ignore[attr-defined]

    @cached_property
    def ways(self) -> Ways:
        """Where a public reply arrives."""
        return ways_to_customer(self.ticket)

    @property
    def chosen_kind(self) -> str:
        return str(self["kind"].value() or "")

    @property
    def kept_html(self) -> str:
        """What is on its way, as it will stand in the conversation."""
        return reply_html(self.kept.body) if self.kept else ""

    @property
    def words(self) -> Words:
        """What stands in a valid form."""
        data, is_note = self.cleaned_data, self.cleaned_data["kind"] == "note"
        return Words(
            kind=data["kind"],
            body=data["body"],
            marks=() if is_note else data["marks"],
            shareable=is_note and data["shareable"],
            status="" if is_note else data["status"],
            hold_reason="" if is_note else data["hold_reason"],
            revision=data["revision"],
            seen=data["seen"] or 0,
        )

    def send(self) -> Message | Draft | None:
        """Send it, or put it on its way; None when something is to be mended first. A stale ticket sets `stale`."""
        if not self.is_valid():
            return None
        data = self.cleaned_data
        common = {"ticket": self.ticket, "actor": self.user, "words": self.words, "files": data["files"]}
        try:
            if data["draft"]:
                return drafts.send(**common, kept_files=data["kept_files"], hold=self.live)
            return drafts.say(**common)
        except StaleTicket:
            self.stale = True
        except forms.ValidationError as error:
            self._refused(error)
        return None

    def _refused(self, error: forms.ValidationError) -> None:
        code = getattr(error, "code", "")
        if code == "reason":
            self.add_error("hold_reason", error)
        elif code in ("move", "reply"):
            self.add_error("status", error)
        else:
            add_errors(self, error)

    def caught_up(self, ticket: Ticket, last_id: int) -> None:
        """Keep what was typed and point it at the present state, so that sending again is a decision."""
        data = self.data.copy()  # type: ignore[attr-defined]
        data["revision"], data["seen"] = str(ticket.revision), str(last_id)
        self.data = data


def status_choices(ticket: Ticket) -> list[tuple[str, str]]:
    """What may follow a public reply; staying is the first."""
    present = gettext("stay “%(status)s”") % {"status": ticket.get_status_display()}
    if ticket.status == Status.NEW:
        present = gettext("open it (an answered ticket is not new)")
    words = {
        Status.OPEN: gettext("open: we go on working"),
        Status.PENDING: gettext("wait for the customer"),
        Status.ON_HOLD: gettext("on hold: wait for somebody else"),
    }
    moves = [(name, words[Status(name)]) for name in choices_by_hand(ticket.status)]
    return [("", present), *(move for move in moves if not (ticket.status == Status.NEW and move[0] == Status.OPEN))]
