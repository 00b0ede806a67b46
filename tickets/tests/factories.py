"""Tickets for tests, made by the service that the product itself calls."""

from datetime import UTC, datetime

from accounts.models import Team, User
from accounts.tests.factories import make_customer
from tickets.models import Handover, Ticket
from tickets.services import handover
from tickets.services.intake import Submission, create_ticket

#: A Monday morning in Shanghai, an hour after the opening.
MONDAY = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def make_ticket(
    *,
    team: Team | None = None,
    requester: User | None = None,
    assignee: User | None = None,
    severity: str = "B",
    now: datetime = MONDAY,
    **fields,
) -> Ticket:
    """A ticket of the wished severity; ``team`` becomes the fallback team, so that it is routed there."""
    said = {"S": ("business", "blocked"), "A": ("many", "blocked"), "B": ("one", "normal")}[severity]
    if team is not None and not team.is_fallback:
        Team.objects.filter(is_fallback=True).update(is_fallback=False)
        Team.objects.filter(pk=team.pk).update(is_fallback=True)
        team.refresh_from_db()
    submission = Submission(
        subject=fields.pop("subject", "qwx zvb"),
        description=fields.pop("description", "qwx zvb nnm"),
        requester=requester or make_customer(),
        impact=said[0],
        urgency=said[1],
        **fields,
    )
    ticket = create_ticket(submission=submission, actor=None, now=now)
    if assignee is not None and ticket.assignee_id != assignee.pk:
        Ticket.objects.filter(pk=ticket.pk).update(assignee=assignee)
        ticket.refresh_from_db()
    return ticket


def handed_over(*, ticket: Ticket, actor: User, team: Team, **also) -> Handover:
    """A hand-over to ``team`` with a note."""
    note = {"symptom": "It stands still.", "tried": "Restarted it.", "asked": "Read the dump."}
    return handover.hand_over(ticket=ticket, actor=actor, team=team, **{**note, **also})
