"""To whom a ticket may go: people with how full they are and whether they are there, and other teams."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from accounts.models import Absence, Membership, Team, User
from accounts.selectors import deputies_of, members
from outbox import clock
from tickets.choices import MessageKind
from tickets.models import Handover, Ticket
from tickets.selectors.load import open_tickets

#: So many of the newest notes and answers stand in the draft of «what was tried», each cut at so many characters.
_TRIES, _TRY = 6, 400


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


def with_load(*, team: Team, now: datetime) -> QuerySet[Any]:
    """Members of ``team`` with `open_tickets` (of every team) and `absences_now`, in two queries."""
    return _laden(members(team=team), now)


def _laden(people: QuerySet[User], now: datetime) -> QuerySet[Any]:
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
    people = with_load(team=ticket.team, now=clock.now()).filter(works()).exclude(pk=ticket.requester_id)
    return _roomiest_first(Candidate(person, person.pk == ticket.assignee_id) for person in people)


def colleagues_of(*, person: User) -> list[Candidate]:
    """Who of ``person``'s teams may get all their tickets: who is there and has most room first."""
    people = _laden(deputies_of(user=person).filter(works()), clock.now())
    return _roomiest_first(Candidate(one, False) for one in people)


def works() -> Exists:
    """Whether a role of the outer person lets them work on tickets."""
    return Exists(Membership.objects.filter(user=OuterRef("pk"), role__permissions__contains=["ticket.work"]))


def candidates_in(*, teams: Collection[int | None], now: datetime) -> list[Candidate]:
    """Who of ``teams`` works on tickets: who is there and has most room first."""
    able = Membership.objects.filter(user=OuterRef("pk"), team__in=teams, role__permissions__contains=["ticket.work"])
    return _roomiest_first(Candidate(one, False) for one in _laden(User.objects.filter(Exists(able)), now))


def _roomiest_first(found: Iterable[Candidate]) -> list[Candidate]:
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


def receivers(*, ticket: Ticket) -> list[tuple[Team, list[Candidate]]]:
    """To whom another team's case may go: the next tier first; of each team who is there and has most room first."""
    teams = other_teams(ticket=ticket)
    above = ticket.team.next_level_id if ticket.team else None
    able = Membership.objects.filter(team__in=teams, role__permissions__contains=["ticket.work"])
    pairs = set(able.exclude(user=ticket.requester_id).values_list("team", "user"))
    people = _laden(User.objects.filter(pk__in={user for _team, user in pairs}), clock.now())
    known = [Candidate(person, False) for person in people]
    found = [(team, [one for one in known if (team.pk, one.user.pk) in pairs]) for team in teams]
    ordered = sorted(found, key=lambda each: (each[0].pk != above, each[0].label.casefold()))
    return [(team, _roomiest_first(those)) for team, those in ordered]


def note_for(*, ticket: Ticket) -> dict[str, str]:
    """What a hand-over's note begins with, from what is known; after a question back, the note that was not enough."""
    last = ticket.handovers.order_by("-pk").first()
    if last is not None and last.state == Handover.State.RETURNED:
        return {"symptom": last.symptom, "tried": last.tried, "asked": last.asked}
    first = ticket.messages.filter(kind=MessageKind.CUSTOMER).order_by("pk").values_list("body", flat=True).first()
    said = ticket.messages.filter(kind__in=[MessageKind.PUBLIC, MessageKind.NOTE]).select_related("author")
    tried = [_in_a_line(message) for message in said.order_by("-pk")[:_TRIES]][::-1]
    return {
        "symptom": f"{ticket.subject}\n{first or ''}".strip()[:2000],
        "tried": "\n".join(tried) or _("Nothing yet."),
        "asked": "",
    }


def _in_a_line(message: Any) -> str:
    at = formats.date_format(timezone.localtime(message.created_at), "SHORT_DATETIME_FORMAT")
    words = " ".join(message.body.split())
    return f"- {at} {message.author or '–'}: {words if len(words) <= _TRY else words[: _TRY - 1] + '…'}"


def open_handovers() -> QuerySet[Handover]:
    """Every hand-over that its receiver has not answered yet."""
    return Handover.objects.filter(state=Handover.State.OPEN)


def waiting_on(*, user: User, team: Team) -> list[Handover]:
    """The unanswered hand-overs to and from ``team`` as far as ``user`` sees their tickets, the oldest first."""
    rows = open_handovers().filter(Q(to_team=team) | Q(from_team=team), ticket__in=Ticket.objects.workable_by(user))
    return list(rows.select_related("ticket", "given_by", "from_team", "to_team", "to_user").order_by("created_at"))
