"""Who works on a ticket, how grave it is, what it is about."""

from typing import Any

from django import forms
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from accounts.selectors import colleagues
from catalog.models import Category, FaultType, Module, Version
from sla.choices import Severity
from tickets import custom
from tickets.forms.base import ActionForm, lines, separated
from tickets.models import Escalation, SeverityContest, Ticket
from tickets.permissions import may_hold
from tickets.selectors.choices import workers
from tickets.services import assigning, grades, lead
from tickets.services.properties import set_properties


class TakeForm(ActionForm):
    """An unassigned ticket becomes one's own; of two who try, the second is told by name."""

    action = "take"
    link = _("Take")
    title = _("Take this ticket")
    button = _("Take")
    icon = "hand"
    done = _("The ticket is yours.")

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return ticket.is_unresolved and may_hold(user, ticket)

    def perform(self) -> Any:
        return assigning.take(ticket=self.ticket, actor=self.user)


class TakeOverForm(ActionForm):
    """A lead takes it from whoever has it."""

    action = "take_over"
    link = _("Take over")
    title = _("Take this ticket over")
    button = _("Take over")
    icon = "hand"
    done = _("You took the ticket over.")

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return ticket.is_unresolved and may_hold(user, ticket)

    def perform(self) -> Any:
        return assigning.take_over(ticket=self.ticket, actor=self.user)


class AssignForm(ActionForm):
    """To a person of its team; a ticket that no team has yet, to a team. Between teams it is a hand-over."""

    action = "assign"
    link = _("Assign…")
    title = _("Assign the ticket")
    button = _("Assign")
    icon = "user"
    done = _("Assigned.")
    shows_present = ("assignee",)

    team = forms.ModelChoiceField(
        Team.objects.none(),
        label=_("Team"),
        required=False,
        empty_label=_("as it is"),
        help_text=_("It chooses a person by skill, load and duty unless you name one."),
    )
    assignee = forms.ModelChoiceField(User.objects.none(), label=_("Assignee"), required=False, empty_label=_("nobody"))

    def prepare(self) -> None:
        if self.ticket.team_id:
            del self.fields["team"]
        else:
            self.fields["team"].queryset = Team.objects.all()  # type: ignore[attr-defined]
        self.fields["assignee"].queryset = workers()  # type: ignore[attr-defined]
        self.initial.setdefault("assignee", self.ticket.assignee_id)

    def perform(self) -> Any:
        team = self.cleaned_data.get("team")
        assignee = self.cleaned_data["assignee"] if self.touched("assignee") else self.ticket.assignee
        return assigning.assign(ticket=self.ticket, actor=self.user, assignee=assignee, team=team)


class RegradeForm(ActionForm):
    """Another severity, with a reason that the customer reads."""

    action = "regrade"
    link = _("Change the severity…")
    title = _("Change the severity")
    explanation = _("Open deadlines move to the new targets; elapsed time counts. What is closed keeps its verdict.")
    button = _("Change")
    icon = "flag"
    done = _("The severity changed; the customer is told.")

    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices, widget=forms.RadioSelect)
    reason = lines(_("Reason"), help_text=_("The customer reads it."))

    def prepare(self) -> None:
        self.initial.setdefault("severity", self.ticket.severity)

    def perform(self) -> Any:
        return grades.regrade(ticket=self.ticket, actor=self.user, **self.cleaned_data)


class ContestForm(ActionForm):
    """The lead decides what the customer contests."""

    action = "decide_contest"
    link = _("Decide…")
    title = _("Decide the contested severity")
    button = _("Decide")
    icon = "flag"
    done = _("Decided; the customer is told.")

    verdict = forms.ChoiceField(label=_("Decision"), widget=forms.RadioSelect)
    answer = lines(_("Answer"), help_text=_("The customer reads it."))

    def prepare(self) -> None:
        self.row = SeverityContest.objects.filter(ticket=self.ticket, state="open").first()
        wanted = self.row.wanted if self.row else ""
        self.fields["verdict"].choices = [  # type: ignore[attr-defined]
            ("accept", _("Accept: grade %(wanted)s") % {"wanted": wanted}),
            ("decline", _("Decline: grade %(present)s stays") % {"present": self.ticket.severity}),
        ]

    def perform(self) -> Any:
        if self.row is None:
            raise forms.ValidationError(_("This has been decided already."), code="decided")
        accept = self.cleaned_data["verdict"] == "accept"
        return grades.decide_contest(row=self.row, actor=self.user, accept=accept, answer=self.cleaned_data["answer"])


class PropertiesForm(ActionForm):
    """What it is about."""

    action = "properties"
    link = _("Edit the properties…")
    title = _("Edit the properties")
    explanation = _("Another category may mean other deadlines; open ones then follow it.")
    shows_present = ("category", "module", "version", "fault_type", "tags")

    category = forms.ModelChoiceField(Category.objects.none(), label=_("Category"), required=False)
    module = forms.ModelChoiceField(Module.objects.none(), label=_("Product module"), required=False)
    version = forms.ModelChoiceField(Version.objects.none(), label=_("Product version"), required=False)
    fault_type = forms.ModelChoiceField(FaultType.objects.none(), label=_("Fault type"), required=False)
    tags = forms.CharField(
        label=_("Tags"),
        max_length=400,
        required=False,
        help_text=_("Separated by commas; new ones are made."),
        widget=forms.TextInput(attrs={"data-shortcut": "t"}),
    )

    def prepare(self) -> None:
        rows: dict[str, Any] = {
            "category": Category.objects.all(),
            "module": Module.objects.select_related("product"),
            "version": Version.objects.select_related("product"),
            "fault_type": FaultType.objects.all(),
        }
        for name, choices in rows.items():
            self.fields[name].queryset = choices  # type: ignore[attr-defined]
            self.initial.setdefault(name, getattr(self.ticket, f"{name}_id"))
        self.fields["version"].label_from_instance = _version_words  # type: ignore[attr-defined]
        own = custom.fields_of(self.ticket.category)
        self.initial = {**self.initial, **custom.initial_of(own, self.ticket.custom)}
        for name, field in custom.form_fields(own).items():
            field.show_hidden_initial = True
            self.fields[name] = field
        if not self.is_bound:
            self.initial.setdefault("tags", ", ".join(str(tag) for tag in self.ticket.tags.all()))

    def clean_tags(self) -> list[str]:
        return separated(self.cleaned_data["tags"])

    def perform(self) -> Any:
        wanted = {name: value for name, value in self.cleaned_data.items() if self.touched(name)}
        rest, answers = custom.split(wanted)
        return set_properties(ticket=self.ticket, actor=self.user, custom=answers, **rest)


def _version_words(version: Version) -> str:
    return f"{version.product} {version.name}"


class CallInForm(ActionForm):
    """Colleagues of other teams, product or R&D see the ticket and are told."""

    action = "call_in"
    link = _("Call in…")
    title = _("Call colleagues in")
    explanation = _("They see this ticket from now on, can write internal notes, and are told.")
    button = _("Call in")
    icon = "users"
    done = _("They are told.")

    people = forms.ModelMultipleChoiceField(
        User.objects.none(), label=_("Colleagues"), widget=forms.CheckboxSelectMultiple
    )

    def prepare(self) -> None:
        self.fields["people"].queryset = (  # type: ignore[attr-defined]
            colleagues().exclude(participations__ticket=self.ticket).exclude(pk=self.user.pk).order_by("name", "pk")
        )
        self.fields["people"].label_from_instance = _person_words  # type: ignore[attr-defined]

    def perform(self) -> Any:
        return lead.call_in(ticket=self.ticket, people=list(self.cleaned_data["people"]), actor=self.user)


def _person_words(person: User) -> str:
    return f"{person.name} · {person.title}" if person.title else person.name


class AcknowledgeForm(ActionForm):
    """A lead has seen it; the ladder stops."""

    action = "acknowledge"
    link = _("Acknowledge")
    title = _("Acknowledge the escalation")
    explanation = _("It stops climbing: you care for it from here.")
    button = _("Acknowledge")
    done = _("Acknowledged.")

    def perform(self) -> Any:
        return lead.acknowledge(ticket=self.ticket, actor=self.user)


class BreachReasonForm(ActionForm):
    """Asked once of whoever had the ticket when the deadline passed."""

    action = "breach_reason"
    link = _("Say why…")
    title = _("Why was the deadline missed?")
    explanation = _("One sentence for the team lead and the figures, not for the customer. It is asked once.")
    done = _("Thank you.")

    escalation = forms.ModelChoiceField(Escalation.objects.none(), label=_("Missed deadline"))
    reason = lines(_("Reason"))

    def prepare(self) -> None:
        rows = Escalation.objects.missed_by(self.user).filter(ticket=self.ticket, reason="")
        self.fields["escalation"].queryset = rows  # type: ignore[attr-defined]
        self.fields["escalation"].label_from_instance = _escalation_words  # type: ignore[attr-defined]
        self.fields["escalation"].empty_label = None  # type: ignore[attr-defined]

    @classmethod
    def allowed(cls, ticket: Ticket, user: User) -> bool:
        return Escalation.objects.missed_by(user).filter(ticket=ticket).exists()

    def perform(self) -> Any:
        data = self.cleaned_data
        return lead.give_breach_reason(escalation=data["escalation"], reason=data["reason"], actor=self.user)


def _escalation_words(row: Escalation) -> str:
    due = formats.date_format(timezone.localtime(row.due_at), "SHORT_DATETIME_FORMAT")
    return f"{row.get_metric_display()} · {due}"
