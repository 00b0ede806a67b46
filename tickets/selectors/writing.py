"""What the composer offers: the draft, articles to point to, colleagues to call."""

from typing import Any

from accounts.models import User
from accounts.selectors import colleagues
from knowledge.selectors import search_articles
from tickets.models import Draft, Ticket
from tickets.selectors.canned import OFFERED
from tickets.services.articles import article_link


def draft_of(*, ticket: Ticket, user: User) -> Draft | None:
    """What ``user`` has begun to write here, or what is on its way."""
    return Draft.objects.filter(ticket=ticket, author=user).first()


def articles_offered(*, ticket: Ticket, user: User, text: str, public: bool) -> list[dict[str, Any]]:
    """Articles to point to: in a ``public`` reply only those that the customer may open."""
    reader = ticket.requester if public else user
    rows = search_articles(user=reader, text=text or ticket.subject)[:OFFERED]
    return [
        {"label": row.title, "hint": row.get_visibility_display(), "insert": f"{article_link(row)} "} for row in rows
    ]


def colleagues_offered(*, ticket: Ticket, user: User, text: str) -> list[dict[str, Any]]:
    """Colleagues whom a note may call; not whom it is about."""
    rows = colleagues().filter(name__icontains=text).exclude(pk__in=[user.pk, ticket.requester_id])
    return [
        {"label": row.name, "hint": row.title, "insert": f"@{row.name} "} for row in rows.order_by("name")[:OFFERED]
    ]
