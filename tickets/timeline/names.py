"""Who and what the events of a ticket name, read at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Team, User
from knowledge.models import Article
from tickets.models import TicketEvent


@dataclass(frozen=True)
class Names:
    """Everybody and everything that the events of a ticket name, read at once."""

    people: dict[int, str]
    teams: dict[int, str]
    articles: dict[int, str]

    def person(self, pk: Any) -> str:
        return self.people.get(pk) or _("nobody")

    def team(self, pk: Any) -> str:
        return self.teams.get(pk) or _("no team")

    def article(self, pk: Any) -> str:
        return self.articles.get(pk) or _("an article that was deleted")


def names_in(events: Iterable[TicketEvent]) -> Names:
    """The names in ``events``, in three queries at most."""
    people = {event.actor_id for event in events}
    teams: set[Any] = set()
    articles: set[Any] = set()
    for event in events:
        data = event.data
        between = {data.get("source"), data.get("target")}
        people |= {data.get("assignee"), data.get("user")}
        if event.code == "ticket.team":
            teams |= between
        elif event.code in ("ticket.assigned", "ticket.taken", "ticket.taken_over", "ticket.released"):
            people.add(data.get("source"))
        teams.add(data.get("team"))
        articles.add(data.get("article"))
    return Names(
        people=dict(User.objects.filter(pk__in=_ids(people)).values_list("pk", "name")),
        teams={team.pk: team.label for team in Team.objects.filter(pk__in=_ids(teams))} if _ids(teams) else {},
        articles=dict(Article.objects.filter(pk__in=_ids(articles)).values_list("pk", "title")),
    )


def _ids(found: set[Any]) -> set[int]:
    return {pk for pk in found if isinstance(pk, int)}
