"""The ledger that every fault test closes with. Letters as in the list of faults (docs/operations.md).

A  every accepted input is one row
B  escalations equal the plain model, none twice
C  the mail sink has each outbox id once; twice only in the window that the test declares ambiguous
D  no due work is older than the bound
E  the events of a ticket fold to its present state
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import timedelta

from helpdesk.tests.faults.smtp_sink import SmtpSink
from outbox import clock
from outbox.models import Delivery, Intent
from sla.choices import MetricCode
from sla.models import Clock
from tickets.models import Escalation, Message, Ticket, TicketEvent

#: Two ticks of the sweep.
BOUND = timedelta(seconds=10)
ESCALATED = "ticket.escalated"
_FIRST = MetricCode.FIRST_RESPONSE


def check(*, accepted: Collection[str], escalated: Collection[int], sink: SmtpSink, ambiguous: int = 0) -> None:
    """All five: the numbers of all accepted tickets, the ids of those whose first response is escalated.

    ``ambiguous`` is how many messages at most may have arrived twice: as many as were between 250 and commit.
    """
    inputs_are_rows(accepted)
    escalations_equal_model({(ticket, _FIRST, 1, 1) for ticket in escalated})
    mails_arrived_once(sink, ambiguous=ambiguous)
    nothing_due_is_left()
    events_fold_to_state()


def inputs_are_rows(accepted: Collection[str]) -> None:
    """A: these ticket numbers and no others, each with the one message that it came with and one event that says so."""
    numbers = Ticket.objects.values_list("number", flat=True)
    assert Counter(numbers) == Counter(accepted)
    words = Message.objects.filter(kind="customer").values_list("ticket__number", flat=True)
    assert Counter(words) == Counter(accepted)
    born = TicketEvent.objects.filter(code="ticket.created").values_list("ticket__number", flat=True)
    assert Counter(born) == Counter(accepted)


def replies_are_rows(expected: Iterable[int]) -> None:
    """A, of public replies: one for each of these ticket ids, as often as it is named."""
    assert Counter(Message.objects.filter(kind="public").values_list("ticket", flat=True)) == Counter(expected)


def escalations_equal_model(model: Collection[tuple[int, str, int, int]]) -> None:
    """B: (ticket, metric, cycle, level) of every rung; each with one breach, one event and one intent to tell."""
    once = Counter(dict.fromkeys(model, 1))
    rungs = list(Escalation.objects.all())
    assert Counter((row.ticket_id, row.metric, row.cycle, row.level) for row in rungs) == once
    events = TicketEvent.objects.filter(code=ESCALATED).values_list("ticket", "data")
    told = Counter((ticket, data["metric"], data["cycle"], data["level"]) for ticket, data in events)
    assert told == once
    breaches = Counter((ticket, metric, cycle) for ticket, metric, cycle, level in model if level == 1)
    clocks = Clock.objects.filter(breached_at__isnull=False).values_list("ticket", "metric", "cycle")
    assert Counter(clocks) == breaches
    events = TicketEvent.objects.filter(code="clock.breached").values_list("ticket", "data")
    assert Counter((ticket, data["metric"], data["cycle"]) for ticket, data in events) == breaches
    keys = Intent.objects.filter(kind=ESCALATED).values_list("dedupe_key", flat=True)
    assert Counter(keys) == Counter(row.dedupe_key for row in rungs)


def mails_arrived_once(sink: SmtpSink, *, ambiguous: int = 0) -> None:
    """C: what the rows call accepted is what the server accepted, under the same Message-ID."""
    sent = Delivery.objects.filter(channel="mail", state="accepted")
    arrived = sink.message_ids()
    assert set(sent.values_list("message_id", flat=True)) == set(arrived)
    twice = [message for message, times in arrived.items() if times > 1]
    assert len(twice) <= ambiguous
    assert all(arrived[message] == 2 for message in twice)


def nothing_due_is_left() -> None:
    """D: no clock unrecorded, no rung unclimbed, no intent and no message waiting for longer than the bound."""
    late = clock.now() - BOUND
    assert not Clock.objects.filter(state="running", breached_at=None, due_at__lt=late).exists()
    assert not Escalation.objects.filter(acknowledged_at=None, climbs_at__lt=late).exists()
    assert not Intent.objects.filter(state="pending", available_at__lt=late).exists()
    assert not Delivery.objects.filter(state="queued", next_attempt_at__lt=late).exists()
    assert not Intent.objects.filter(state="dead").exists()
    assert not Delivery.objects.filter(state__in=["dead", "bounced"]).exists()


def events_fold_to_state() -> None:
    """E: what the history tells of every ticket is what its row says."""
    histories: dict[int, list[TicketEvent]] = defaultdict(list)
    for event in TicketEvent.objects.order_by("id"):
        histories[event.ticket_id].append(event)
    for ticket in Ticket.objects.all():
        assert fold(histories[ticket.pk]) == {
            "status": ticket.status,
            "severity": ticket.severity,
            "team": ticket.team_id,
            "assignee": ticket.assignee_id,
            "cycle": ticket.cycle,
        }


def fold(events: Iterable[TicketEvent]) -> dict:
    """The state that a history of one ticket leads to."""
    state: dict = {}
    for event in events:
        state |= _step(event.code, event.data)
    return state


def _step(code: str, data: dict) -> dict:
    match code:
        case "ticket.created":
            begin = {"status": "new", "assignee": None, "cycle": 1}
            return begin | {"severity": data["severity"], "team": data["team"]}
        case "ticket.assigned" | "ticket.taken" | "ticket.taken_over":
            return {"assignee": data["assignee"]}
        case "ticket.released":
            return {"assignee": None}
        case "ticket.team":
            return {"team": data["target"], "assignee": data["assignee"]}
        case "ticket.status":
            return {"status": data["target"]}
        case "ticket.regraded":
            return {"severity": data["target"]}
        case "ticket.resolved":
            return {"status": "resolved"}
        case "ticket.confirmed" | "ticket.closed.silence":
            return {"status": "closed"}
        case "ticket.reopened":
            return {"status": "open", "cycle": data["cycle"]}
    return {}
