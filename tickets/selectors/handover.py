"""To whom a ticket may go: people with how full they are and whether they are there, and other teams."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch

from accounts.models import Absence, Membership, Team, User
from accounts.selectors import members
from outbox import clock
from tickets.models import Ticket
from tickets.selectors.load import open_tickets


@dataclass(frozen=True)
class Candidate:
    """One person of the ticket's team."""

    user: Any
    has_it: bool

    @property
    def load(self) -> int:
        return self.user.open_tickets

    @property
    def away_until(self) -> datetime | None:
        return self.user.absences_now[0].ends_at if self.user.absences_now else None

    @property
    def is_there(self) -> bool:
        return self.user.on_duty and not self.user.absences_now

    @property
    def is_full(self) -> bool:
        return self.load >= self.user.capacity


def with_load(*, team: Team, now: datetime) -> Any:
    """Members of ``team`` with `open_tickets` (of every team) and `absences_now`, in two queries."""
    return _loaded(members(team=team), now=now)


def _loaded(people: Any, *, now: datetime) -> Any:
    absences = Absence.objects.filter(starts_at__lte=now, ends_at__gt=now).order_by("-ends_at")
    return (
        people.filter(is_active=True)
        .annotate(open_tickets=open_tickets())
        .prefetch_related(Prefetch("absences", absences, to_attr="absences_now"))
        .order_by("name", "pk")
    )


def candidates(*, ticket: Ticket) -> list[Candidate]:
    """Who of the ticket's team may get it: who is there and has most room first."""
    if ticket.team is None:
        return []
    works = Membership.objects.filter(user=OuterRef("pk"), role__permissions__contains=["ticket.work"])
    people = with_load(team=ticket.team, now=clock.now()).filter(Exists(works)).exclude(pk=ticket.requester_id)
    return _by_room([Candidate(person, person.pk == ticket.assignee_id) for person in people])


def candidates_in(*, teams: Collection[int | None], now: datetime) -> list[Candidate]:
    """Who of ``teams`` works on tickets: who is there and has most room first."""
    works = Membership.objects.filter(user=OuterRef("pk"), team__in=teams, role__permissions__contains=["ticket.work"])
    return _by_room([Candidate(person, False) for person in _loaded(User.objects.filter(Exists(works)), now=now)])


def _by_room(found: list[Candidate]) -> list[Candidate]:
    return sorted(found, key=lambda one: (not one.is_there, one.load / max(one.user.capacity, 1)))


def other_teams(*, ticket: Ticket) -> list[Team]:
    """The teams beside the ticket's own that have somebody who works on tickets."""
    return [team for team in staffed_teams() if team.pk != ticket.team_id]


def staffed_teams() -> list[Team]:
    """The teams that have somebody who works on tickets."""
    staffed = Membership.objects.filter(
        team=OuterRef("pk"), role__permissions__contains=["ticket.work"], user__is_active=True
    )
    return list(Team.objects.filter(Exists(staffed)))
