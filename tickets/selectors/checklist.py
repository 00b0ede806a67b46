"""What the checklist's panel shows."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.models import Team, User
from tickets.models import ChecklistItem, ChecklistTemplate, Ticket
from tickets.selectors.choices import workers


@dataclass(frozen=True)
class Checklist:
    """The items in their order, and how far they are."""

    items: list[ChecklistItem]

    @property
    def done(self) -> int:
        return sum(1 for item in self.items if item.done_at)

    @property
    def is_done(self) -> bool:
        return self.done == len(self.items)


def checklist(*, ticket: Ticket) -> Checklist:
    """The list of a ticket in one query."""
    return Checklist(list(ticket.checklist.select_related("owner", "done_by")))


def templates_for(*, ticket: Ticket) -> QuerySet[ChecklistTemplate]:
    """The templates that fit a ticket's category."""
    fits = Q(category=None) | Q(category=ticket.category_id)
    return ChecklistTemplate.objects.filter(fits, is_active=True)


def owners_for(*, ticket: Ticket) -> QuerySet[User]:
    """Who may own an item: the people of the ticket's team and the leads above it."""
    people = workers().exclude(pk=ticket.requester_id).order_by("name", "pk")
    if ticket.team is None:
        return people
    above = list(_up(ticket.team))
    led = Q(memberships__team__in=above, memberships__role__code="lead")
    return people.filter(Q(memberships__team=ticket.team) | led).distinct()


def _up(team: Team) -> list[int]:
    found: list[int] = []
    here: Team | None = team.next_level
    while here is not None and here.pk not in found:
        found.append(here.pk)
        here = here.next_level
    return found
