"""Following a ticket, and the time that was spent on it."""

from typing import Any

from django import forms
from django.utils import formats
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.selectors import colleagues
from outbox import clock
from tickets.forms.base import ActionForm
from tickets.models import Participant, TimeEntry
from tickets.selectors.time import correctable
from tickets.services import time, watching


class WatchForm(ActionForm):
    """One follows the ticket oneself."""

    action = "watch"
    link = _("Follow")
    title = _("Follow this ticket")
    explanation = _("The bell tells you what is said on it and how it ends.")
    button = _("Follow")
    icon = "eye"
    done = _("You follow this ticket.")

    def perform(self) -> Any:
        return watching.follow(ticket=self.ticket, people=[self.user], actor=self.user)


class UnwatchForm(ActionForm):
    """And not any more."""

    action = "unwatch"
    link = _("Do not follow")
    title = _("Do not follow this ticket any more")
    button = _("Do not follow")
    icon = "x"
    done = _("You do not follow this ticket any more.")

    def perform(self) -> Any:
        return watching.unfollow(ticket=self.ticket, person=self.user, actor=self.user)


class AddWatchersForm(ActionForm):
    """Colleagues who should know, without being asked for help."""

    action = "add_watchers"
    link = _("Add watchers…")
    title = _("Let colleagues follow this ticket")
    explanation = _("They see this ticket from now on, and the bell tells them what is said on it.")
    button = _("Add")
    icon = "eye"
    done = _("They are told.")

    people = forms.ModelMultipleChoiceField(
        User.objects.none(), label=_("Colleagues"), widget=forms.CheckboxSelectMultiple
    )

    def prepare(self) -> None:
        known = colleagues().exclude(participations__ticket=self.ticket).exclude(pk=self.ticket.requester_id)
        self.fields["people"].queryset = known.exclude(pk=self.user.pk).order_by("name", "pk")  # type: ignore[attr-defined]

    def perform(self) -> Any:
        return watching.follow(ticket=self.ticket, people=list(self.cleaned_data["people"]), actor=self.user)


class RemoveWatcherForm(ActionForm):
    """Somebody takes part no longer."""

    action = "remove_watcher"
    title = _("Take somebody off this ticket")
    button = _("Take off")
    done = _("Taken off.")

    part = forms.ModelChoiceField(Participant.objects.none(), label=_("Who"), empty_label=None)

    def prepare(self) -> None:
        self.fields["part"].queryset = self.ticket.participants.select_related("user")  # type: ignore[attr-defined]

    def perform(self) -> Any:
        return watching.unfollow(ticket=self.ticket, person=self.cleaned_data["part"].user, actor=self.user)


def _minutes(**more: Any) -> forms.IntegerField:
    return forms.IntegerField(label=_("Minutes"), max_value=time.MOST, **more)


class LogTimeForm(ActionForm):
    """Some minutes, by hand."""

    action = "log_time"
    link = _("Add time…")
    title = _("Add time spent")
    button = _("Add")
    icon = "clock"
    done = _("Noted.")

    minutes = _minutes(min_value=1)
    day = forms.DateField(label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    words = forms.CharField(label=_("On what"), max_length=200, required=False)

    def prepare(self) -> None:
        self.initial.setdefault("day", time.today(self.user, clock.now()))

    def perform(self) -> Any:
        return time.log_time(ticket=self.ticket, actor=self.user, **self.cleaned_data)


class CorrectTimeForm(ActionForm):
    """One's own entry; what stands stays, another entry counts against it."""

    action = "correct_time"
    link = _("Correct…")
    title = _("Correct your time")
    explanation = _("The entry stays; another one takes it back.")
    done = _("Corrected.")

    entry = forms.ModelChoiceField(
        TimeEntry.objects.none(),
        label=_("Entry"),
        empty_label=None,
        help_text=_("If there is none, nothing of yours counts here."),
    )
    minutes = _minutes(min_value=0, help_text=_("0 takes it back."))

    def prepare(self) -> None:
        self.fields["entry"].queryset = correctable(ticket=self.ticket, user=self.user)  # type: ignore[attr-defined]
        self.fields["entry"].label_from_instance = _entry_words  # type: ignore[attr-defined]

    def perform(self) -> Any:
        data = self.cleaned_data
        return time.correct_time(entry=data["entry"], actor=self.user, minutes=data["minutes"])


def _entry_words(entry: TimeEntry) -> str:
    minutes = ngettext("%(count)d minute", "%(count)d minutes", entry.minutes) % {"count": entry.minutes}
    day = formats.date_format(entry.day, "SHORT_DATE_FORMAT")
    return " · ".join(part for part in (day, minutes, entry.words) if part)
