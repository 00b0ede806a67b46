"""What can be done with many tickets at once. Each form reads its values and calls one service for all of them."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import clock
from outbox.form_errors import add_errors
from sla.choices import Severity
from tickets.choices import Status
from tickets.forms.base import Words, lines, separated
from tickets.models import BulkEdit, Ticket
from tickets.permissions import STAFF_ACTIONS
from tickets.selectors.handover import candidates_in, staffed_teams
from tickets.services.bulk import OPERATIONS, bulk_edit


class BulkForm(forms.Form):
    """One change of ``tickets``, which ``user`` sees from the inside.

    Attributes:
        action: the operation of `tickets.services.bulk`.
        link, icon, key: its button in the bar above the table.
        title, explanation, button: what the dialog shows.
    """

    action: ClassVar[str]
    link: ClassVar[Words]
    title: ClassVar[Words]
    explanation: ClassVar[Words] = ""
    button: ClassVar[Words]
    icon: ClassVar[str]
    key: ClassVar[str]
    do_not_call_in_templates: ClassVar[bool] = True  # the bar shows the classes themselves

    def __init__(self, *args: Any, tickets: Sequence[Ticket], user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tickets = tickets
        self.user = user
        self.prepare()

    def prepare(self) -> None:
        """Set choices from ``self.tickets``."""

    def values(self) -> dict[str, Any]:
        """What the service of one ticket is called with."""
        return self.cleaned_data

    def send(self) -> BulkEdit | None:
        """The change, or None when the form has errors."""
        if not self.is_valid():
            return None
        try:
            return bulk_edit(tickets=self.tickets, actor=self.user, action=self.action, values=self.values())
        except ValidationError as error:
            add_errors(self, error)
            return None


class BulkAssignForm(BulkForm):
    """To a person, seen with load and duty, or to a team, which chooses for each."""

    action = BulkEdit.Action.ASSIGN
    link = _("Assign")
    title = _("Hand to…")
    button = _("Assign")
    icon = "transfer"
    key = "a"

    to = forms.ChoiceField(
        label=_("To whom"), widget=forms.RadioSelect, error_messages={"required": _("Choose a person or a team.")}
    )

    def prepare(self) -> None:
        teams = {ticket.team_id for ticket in self.tickets}
        self.people = candidates_in(teams=teams, now=clock.now())
        self.teams = [team for team in staffed_teams() if teams != {team.pk}]
        choices = [(f"u{one.user.pk}", str(one.user)) for one in self.people]
        choices += [(f"t{team.pk}", team.label) for team in self.teams]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]

    def values(self) -> dict[str, Any]:
        wanted = self.cleaned_data["to"]
        person = next((one.user for one in self.people if f"u{one.user.pk}" == wanted), None)
        return {"assignee": person, "team": next((team for team in self.teams if f"t{team.pk}" == wanted), None)}


class BulkStatusForm(BulkForm):
    """The moves that need no words to the customer: waiting for one needs a question, asked in the ticket itself."""

    action = BulkEdit.Action.STATUS
    link = _("Status")
    title = _("Change the status")
    explanation = _("To wait for a customer, ask them in the ticket; to resolve one, say there how.")
    button = _("Change")
    icon = "play"
    key = "s"

    status = forms.ChoiceField(
        label=_("Status"),
        choices=[(status.value, status.label) for status in (Status.OPEN, Status.ON_HOLD)],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Waits for"), max_length=200, required=False, help_text=_("Needed for “on hold”: what it waits for.")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("status") == Status.ON_HOLD and not data.get("reason", "").strip():
            self.add_error("reason", _("Say what the ticket waits for."))
        return data


class BulkRegradeForm(BulkForm):
    """Another severity, with a reason that every customer reads."""

    action = BulkEdit.Action.REGRADE
    link = _("Severity")
    title = _("Change the severity")
    explanation = _("Open deadlines move to the new targets; elapsed time counts. What is closed keeps its verdict.")
    button = _("Change")
    icon = "flag"
    key = "g"

    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices, widget=forms.RadioSelect)
    reason = lines(_("Reason"), help_text=_("Every one of these customers reads it."))


class BulkTagsForm(BulkForm):
    """Tags that come and tags that go; the others stay."""

    action = BulkEdit.Action.TAGS
    link = _("Tags")
    title = _("Add and remove tags")
    button = _("Change")
    icon = "tag"
    key = "t"

    add = forms.CharField(
        label=_("Add"), max_length=400, required=False, help_text=_("Separated by commas; new ones are made.")
    )
    remove = forms.CharField(label=_("Remove"), max_length=400, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not any(data.get(name) for name in ("add", "remove")):
            self.add_error("add", _("Name at least one tag."))
        return data

    def values(self) -> dict[str, Any]:
        return {name: separated(self.cleaned_data[name]) for name in ("add", "remove")}


FORMS: dict[str, type[BulkForm]] = {
    str(form.action): form for form in (BulkAssignForm, BulkStatusForm, BulkRegradeForm, BulkTagsForm)
}


def offered(user: User) -> list[type[BulkForm]]:
    """What ``user`` may do with many tickets at once."""
    return [
        form for action, form in FORMS.items() if STAFF_ACTIONS[OPERATIONS[action].permission] <= user.permission_codes
    ]
