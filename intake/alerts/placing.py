"""Which ticket a new alert goes to: one of its own, or the one of the storm that it is part of.

A storm begins when more than `storm_above` tickets were made for one group of a source within `storm_minutes`, or
four times as many for all its groups. From then on one ticket takes what fires, until it was quiet for as long.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from django.core.exceptions import ValidationError
from django.db.models import Count
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Module
from intake.alerts.models import Alert, AlertSource, AlertStorm
from intake.alerts.signals import Signal
from intake.alerts.telling import note_joined
from sla.choices import Severity
from tickets.choices import Channel
from tickets.foresight import judge
from tickets.models import Ticket
from tickets.services.grades import regrade
from tickets.services.intake import Submission, check_began_at, create_ticket

#: So many times more tickets in all groups of a source together are a storm too.
ALL_GROUPS = 4
_Pair = tuple[Alert, Signal]


@dataclass
class Placing:
    """The placing of one message's new alerts."""

    source: AlertSource
    now: datetime
    made: list[Ticket] = field(default_factory=list)
    joined: int = 0
    _new_of: Counter[int] = field(default_factory=Counter)
    _graded: dict[tuple[str, str], str] = field(default_factory=dict)

    def place(self, pairs: Sequence[_Pair]) -> None:
        """Give every alert its ticket (not saved here)."""
        if not pairs:
            return
        since = self.now - timedelta(minutes=self.source.storm_minutes)
        recent = Alert.objects.filter(source=self.source, opened_at__gt=since).values_list("group")
        made = Counter(dict(recent.annotate(Count("pk")).order_by()))
        running = {
            storm.group: storm
            for storm in AlertStorm.objects.filter(source=self.source, last_at__gt=since).order_by("last_at")
            if storm.ticket.is_unresolved
        }
        waiting: dict[str, list[_Pair]] = {}
        for alert, signal in pairs:
            group = "" if "" in running or "" in waiting else signal.group
            if group in running or group in waiting:
                waiting.setdefault(group, []).append((alert, signal))
            elif made[signal.group] >= self.source.storm_above:
                waiting[signal.group] = [(alert, signal)]
            elif made.total() >= self.source.storm_above * ALL_GROUPS:
                waiting[""] = [(alert, signal)]
            else:
                self._open(alert, signal)
                made[signal.group] += 1
        for group, members in waiting.items():
            self._join(running.get(group), group, members)

    def tell(self) -> None:
        """Write into the history of each storm's ticket how many came; once the alerts are saved."""
        for ticket_id, count in self._new_of.items():
            note_joined(Ticket.objects.get(pk=ticket_id), source=self.source, now=self.now, count=count)

    def _open(self, alert: Alert, signal: Signal) -> None:
        alert.ticket = self._create(signal, subject=signal.name, description=in_words(signal))
        alert.opened_at = self.now

    def _join(self, storm: AlertStorm | None, group: str, members: Sequence[_Pair]) -> None:
        gravest = min((signal for _alert, signal in members), key=lambda one: Severity(self._severity(one)).rank)
        if storm is None:
            subject = _("Alert storm: %(source)s") % {"source": self.source.name}
            text = _(
                "So much fires at once that a ticket for each would help nobody. All alerts are listed on this page; "
                "the gravest one so far:"
            )
            ticket = self._create(gravest, subject=subject, description=f"{text}\n\n{in_words(gravest)}")
            storm = AlertStorm.objects.create(
                source=self.source, group=group, ticket=ticket, began_at=self.now, last_at=self.now
            )
        else:
            AlertStorm.objects.filter(pk=storm.pk).update(last_at=self.now)
            self._raise(storm.ticket, gravest)
        for alert, _signal in members:
            alert.ticket = storm.ticket
        self.joined += len(members)
        self._new_of[storm.ticket_id] += len(members)

    def _raise(self, ticket: Ticket, signal: Signal) -> None:
        """A storm is as grave as the gravest of what is in it."""
        severity = self._severity(signal)
        if Severity(severity).rank < Severity(ticket.severity).rank:
            reason = _("A graver alert came: %(name)s") % {"name": signal.name}
            regrade(ticket=ticket, actor=self._person, severity=severity, reason=reason, now=self.now)

    @property
    def _person(self) -> User:
        person = self.source.person
        if person is None:  # `sources.settle_source` gives it one before it can receive
            raise LookupError(f"nobody stands for {self.source}")
        return person

    def _severity(self, signal: Signal) -> str:
        terms = self.terms(signal)
        if terms not in self._graded:
            said = judge(subject="", description="", impact=terms[0], urgency=terms[1], data_loss=False)
            self._graded[terms] = said.grade.severity
        return self._graded[terms]

    def terms(self, signal: Signal) -> tuple[str, str]:
        """Impact and urgency of ``signal`` by the source's rows."""
        found = self._words.get(signal.severity.strip().lower())
        return found or (self.source.impact, self.source.urgency)

    @cached_property
    def _words(self) -> dict[str, tuple[str, str]]:
        rows = self.source.grades.values_list("word", "impact", "urgency")
        return {word.strip().lower(): (impact, urgency) for word, impact, urgency in rows}

    def _create(self, signal: Signal, *, subject: str, description: str) -> Ticket:
        submission = self.submission(signal, subject, description)
        ticket = create_ticket(submission=submission, actor=self._person, now=self.now)
        self.made.append(ticket)
        return ticket

    def submission(self, signal: Signal, subject: str, description: str) -> Submission:
        """What a ticket for ``signal`` is made of; the preview asks for it too."""
        impact, urgency = self.terms(signal)
        named = Module.objects.filter(code=signal.module).first() if signal.module else None
        return Submission(
            subject=subject[:200],
            description=description,
            requester=self._person,
            channel=Channel.ALERT,
            language=self.source.language,
            impact=impact,
            urgency=urgency,
            data_loss=False,
            module=named or self.source.module,
            team=self.source.team,
            began_at=_possible(signal.started_at, self.now),
        )


def in_words(signal: Signal) -> str:
    """An alert as the first message of a ticket."""
    facts = [f"{name}: {value}" for name, value in signal.labels.items() if value]
    parts = [signal.name, signal.summary, "\n".join(facts), signal.url]
    return "\n\n".join(part for part in parts if part)[:20_000]


def _possible(started_at: datetime | None, now: datetime) -> datetime | None:
    try:
        check_began_at(started_at, now=now)
    except ValidationError:  # a wrong clock of the sender loses no alert
        return None
    return started_at
