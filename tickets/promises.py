"""Promises in the customer's words: what a grade promises, and by when something happens on one ticket."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sla.choices import ClockState, MetricCode, Unit
from sla.models import Clock, Target
from tickets.models import Ticket

#: In the order in which a customer meets them.
_WITHIN = {
    MetricCode.FIRST_RESPONSE: gettext_lazy("An engineer answers you within %(time)s."),
    MetricCode.NEXT_RESPONSE: gettext_lazy("Each further message of yours is answered within %(time)s."),
    MetricCode.WORKAROUND: gettext_lazy("You get a way round the problem within %(time)s."),
    MetricCode.SOLUTION_PATH: gettext_lazy("You hear how it will be solved within %(time)s."),
    MetricCode.PROGRESS_REPORT: gettext_lazy("You get a report of progress within %(time)s."),
    MetricCode.RESOLUTION: gettext_lazy("Your problem is solved within %(time)s."),
    MetricCode.PROGRESS_UPDATE: gettext_lazy("You hear from us every %(time)s while we work on it."),
}
_AWAITED = {
    MetricCode.FIRST_RESPONSE: gettext_lazy("An engineer answers you"),
    MetricCode.NEXT_RESPONSE: gettext_lazy("The answer to your message"),
    MetricCode.WORKAROUND: gettext_lazy("A way round the problem"),
    MetricCode.SOLUTION_PATH: gettext_lazy("How it will be solved"),
    MetricCode.PROGRESS_REPORT: gettext_lazy("A report of progress"),
    MetricCode.RESOLUTION: gettext_lazy("The solution"),
    MetricCode.PROGRESS_UPDATE: gettext_lazy("The next news for you"),
}
#: The root cause report is promised to the house alone.
TOLD_TO_CUSTOMERS = frozenset(_AWAITED)
_NOT_TOLD = (ClockState.SUPERSEDED, ClockState.CANCELLED)


@dataclass(frozen=True)
class Pledge:
    """One promise of one ticket: what is awaited, and the clock that counts it."""

    label: str
    clock: Clock


def amount_text(amount: Decimal, unit: str, *, working_hours: bool = False) -> str:
    """A stretch of time as a sentence says it: «30 minutes», «2 hours of working time», «1 working day»."""
    if unit == Unit.WORKING_DAYS:
        return ngettext("%(count)d working day", "%(count)d working days", int(amount)) % {"count": int(amount)}
    seconds = round(amount * 60)
    if seconds % 60:
        text = ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    elif seconds % 3600:
        minutes = seconds // 60
        text = ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    else:
        hours = seconds // 3600
        text = ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return _("%(time)s of working time") % {"time": text} if working_hours else text


def promise_text(fact: dict[str, Any] | None) -> str:
    """A promise as an event keeps it (`tickets.services.policies`), or that there is none."""
    if fact is None:
        return _("no promise")
    return amount_text(Decimal(fact["amount"]), fact["unit"], working_hours=fact["working_hours"])


def promises_in_words(targets: Mapping[str, Target]) -> list[str]:
    """What the targets of a policy promise, one sentence each."""
    rows = {
        code: amount_text(target.amount, target.unit, working_hours=target.calendar_id is not None)
        for code, target in targets.items()
    }
    return _sentences(rows)


def promises_of_ticket(ticket: Ticket) -> list[str]:
    """What was promised for this very ticket, whatever policy it came under."""
    clocks = ticket.clocks.exclude(state=ClockState.SUPERSEDED).order_by("pk")
    rows = {
        clock.metric: amount_text(
            clock.target_amount, clock.target_unit, working_hours=clock.calendar_version_id is not None
        )
        for clock in clocks
    }
    return _sentences(rows)


def _sentences(times: Mapping[str, str]) -> list[str]:
    return [str(sentence) % {"time": times[code]} for code, sentence in _WITHIN.items() if code in times]


def pledges(ticket: Ticket, clocks: Iterable[Clock]) -> list[Pledge]:
    """The promises of the present cycle, the latest of each kind, in the order in which a customer meets them."""
    latest: dict[str, Clock] = {}
    for clock in sorted(clocks, key=lambda clock: clock.pk):
        if clock.state not in _NOT_TOLD and clock.started_at >= ticket.cycle_started_at:
            latest[clock.metric] = clock
    return [Pledge(str(label), latest[code]) for code, label in _AWAITED.items() if code in latest]


def next_pledge(found: Iterable[Pledge]) -> Pledge | None:
    """The promise that falls due next; one that is missed already stands before all others."""
    waiting = [pledge for pledge in found if pledge.clock.state == ClockState.RUNNING]
    return min(waiting, key=lambda pledge: (pledge.clock.breached_at is None, pledge.clock.due_at), default=None)
