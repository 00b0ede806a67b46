"""What colleagues are told: work that arrives, promises that run out, escalations."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from django.db.models import prefetch_related_objects

from accounts.models import User
from outbox.models import Intent
from outbox.registry import Recipient
from sla.choices import ClockState
from sla.models import Clock
from tickets.choices import Channel
from tickets.models import Escalation, SeverityContest, Ticket
from tickets.notices.base import StaffNotice
from tickets.notices.ladder import nobody_else, people_for_rung, responsible_lead
from tickets.presence import present

_Rung = tuple[int | None, str, int]


class ToPeople(StaffNotice):
    """Goes to whoever ``whom`` finds at the time of delivery; ``settled`` says when nothing is left to tell."""

    def __init__(
        self,
        kind: str,
        whom: Callable[[Ticket, dict, datetime], list[User | None]],
        *,
        group: bool = False,
        settled: Callable[[Ticket, dict], bool] | None = None,
    ) -> None:
        self.kind = kind
        self.group = group
        self._whom = whom
        self._settled = settled

    def is_settled(self, intent: Intent) -> bool:
        return self._settled is not None and self._settled(self.ticket_of(intent), intent.payload)

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        return self.people(*self._whom(self.ticket_of(intent), intent.payload, now))


class MustReach(ToPeople):
    """Somebody has to hear of it: when nobody is found, the managers and administrators do."""

    must_reach = True

    def fallback_recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        return self.people(*nobody_else())


class Wrote(MustReach):
    """A customer wrote. Who has the ticket of a chat open reads along: no mail for each line, the bell all the same."""

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        found, message = super().recipients(intent, now), self.row_of(intent, "message")
        if message is None or message.channel != Channel.CHAT:
            return found
        ticket = self.ticket_of(intent)
        here = present(tickets=[ticket.pk], besides=ticket.requester, now=now).get(ticket.pk, [])
        reading = {one.user.pk for one in here}
        return [replace(one, channels=("page",)) if one.user_id in reading else one for one in found]


class Warning(MustReach):
    """A promise is about to be missed: the assignee and the lead still have time."""

    also = {"clock": Clock}

    def prepare(self, intents: list[Intent]) -> None:
        """A promise that was planned anew meanwhile is told of as it is now."""
        super().prepare(intents)
        for intent in intents:
            clock = self.row_of(intent, "clock")
            if clock and clock.state == ClockState.SUPERSEDED:
                heirs = Clock.objects.filter(ticket=clock.ticket_id, metric=clock.metric, subject=clock.subject)
                self.put_row(intent, "clock", heirs.filter(ended_at=None).first() or clock)

    def subject_of(self, intent: Intent) -> int:
        return intent.payload["clock"]

    def is_settled(self, intent: Intent) -> bool:
        """Answered, or missed: of that the escalation tells."""
        clock = self.row_of(intent, "clock")
        return clock is None or not clock.is_open or clock.breached_at is not None


class Escalated(MustReach):
    """A promise was missed: one rung of the ladder."""

    also = {"escalation": Escalation}

    def is_settled(self, intent: Intent) -> bool:
        row = self.row_of(intent, "escalation")
        return row is None or row.acknowledged_at is not None or not row.still_matters

    def prepare(self, intents: list[Intent]) -> None:
        super().prepare(intents)
        found: dict[_Rung, list[User]] = {}
        for intent in intents:
            intent.__dict__.setdefault("people_of_rungs", found)

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        """Asked once for all of a round who stand on the same first rung; higher up it depends on who was told."""
        row = self.escalation_of(intent)
        row.ticket = self.ticket_of(intent)
        rung = (row.ticket.team_id, row.severity, row.level)
        found = intent.__dict__.setdefault("people_of_rungs", {})
        if row.level > 1 or rung not in found:
            found[rung] = people_for_rung(row, now=now)
        return self.people(*found[rung])


class Missed(StaffNotice):
    """Whoever had the ticket at the due instant is asked for the reason, by a line in the bell."""

    kind = "ticket.missed"
    channels = ("page",)
    group = True
    also = {"escalation": Escalation}

    def subject_of(self, intent: Intent) -> int:
        return intent.payload["escalation"]

    def prepare(self, intents: list[Intent]) -> None:
        super().prepare(intents)
        rows = [row for intent in intents if (row := self.row_of(intent, "escalation"))]
        prefetch_related_objects(rows, "missed_by")

    def recipients(self, intent: Intent, now: datetime) -> list[Recipient]:
        return self.people(self.escalation_of(intent).missed_by)


class Contested(MustReach):
    """A customer finds the grade wrong; the lead decides."""

    also = {"contest": SeverityContest}

    def is_settled(self, intent: Intent) -> bool:
        row = self.row_of(intent, "contest")
        return row is None or row.state != SeverityContest.State.OPEN


def _named(ticket: Ticket, payload: dict, now: datetime) -> list[User | None]:
    return list(User.objects.filter(pk__in=[payload.get("user") or payload.get("assignee")]))


def _owner_or_lead(ticket: Ticket, payload: dict, now: datetime) -> list[User | None]:
    return [_owner(ticket) or responsible_lead(ticket.team, now=now)]


def _owner(ticket: Ticket) -> User | None:
    """The assignee, if they still work here (`services.assigning.hand_on_orphans` finds another soon)."""
    return ticket.assignee if ticket.assignee and ticket.assignee.may("ticket.work") else None


def _lead(ticket: Ticket, payload: dict, now: datetime) -> list[User | None]:
    return [responsible_lead(ticket.team, now=now)]


def _owner_and_lead(ticket: Ticket, payload: dict, now: datetime) -> list[User | None]:
    return [_owner(ticket), responsible_lead(ticket.team, now=now)]


def _resolved(ticket: Ticket, payload: dict) -> bool:
    return not ticket.is_unresolved


def _not_theirs(ticket: Ticket, payload: dict) -> bool:
    return _resolved(ticket, payload) or ticket.assignee_id != payload.get("assignee")


def _answered(ticket: Ticket, payload: dict) -> bool:
    return _resolved(ticket, payload) or ticket.waiting_since is None


def _calm(ticket: Ticket, payload: dict) -> bool:
    return ticket.urged_at is None


NOTICES = [
    ToPeople("ticket.assigned", _named, group=True, settled=_not_theirs),
    MustReach("ticket.unassigned", _lead, group=True, settled=_not_theirs),
    Wrote("ticket.customer_message", _owner_or_lead, group=True, settled=_answered),
    MustReach("ticket.mail_held", _owner_or_lead, group=True),
    MustReach("ticket.undelivered", _owner_or_lead, group=True, settled=_resolved),
    MustReach("ticket.urged", _owner_or_lead, group=True, settled=_calm),
    Warning("ticket.warning", _owner_and_lead, group=True),
    Warning("ticket.progress_due", _owner_or_lead, group=True),
    Escalated("ticket.escalated", _lead, group=True),
    Missed(),
    Contested("ticket.contested", _lead),
    MustReach("ticket.reopened", _owner_and_lead, settled=_resolved),
    ToPeople("ticket.mentioned", _named),
    ToPeople("ticket.called_in", _named),
    ToPeople("ticket.reply_returned", _named),
]
