"""Which tickets belong together, as far as the reader sees them from the inside."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from tickets.models import Announcement, AnnouncementPart, Message, Ticket, TicketLink
from tickets.permissions import may

#: What a panel lists; an incident with more is opened as a list of its own.
LISTED = 200
#: Tickets that one form names at once.
MOST_NAMED = 50
_SHOWN = ("number", "subject", "severity", "status", "merged_into", "parent")

#: What a link says from its source, and from its target.
LINK_WORDS: dict[tuple[str, bool], str | Promise] = {
    (TicketLink.Kind.RELATED, False): pgettext_lazy("link", "related to"),
    (TicketLink.Kind.RELATED, True): pgettext_lazy("link", "related to"),
    (TicketLink.Kind.DUPLICATE, False): pgettext_lazy("link", "duplicate of"),
    (TicketLink.Kind.DUPLICATE, True): pgettext_lazy("link", "has the duplicate"),
    (TicketLink.Kind.BLOCKS, False): pgettext_lazy("link", "blocks"),
    (TicketLink.Kind.BLOCKS, True): pgettext_lazy("link", "blocked by"),
}


@dataclass(frozen=True)
class Relative:
    """One linked ticket, and what the ticket at hand is to it; ``inward`` where the other one says it of this."""

    id: int
    kind: str
    inward: bool
    ticket: Ticket

    @property
    def words(self) -> Any:
        return LINK_WORDS[self.kind, self.inward]


@dataclass
class Told:
    """How far an announcement got."""

    announcement: Announcement
    counts: dict[str, int]
    failed: list[AnnouncementPart]

    @property
    def waiting(self) -> int:
        return self.counts.get(AnnouncementPart.State.WAITING, 0)

    @property
    def done(self) -> int:
        return self.counts.get(AnnouncementPart.State.DONE, 0)

    @property
    def total(self) -> int:
        return sum(self.counts.values()) - self.counts.get(AnnouncementPart.State.LEFT, 0)


@dataclass
class Family:
    """Everything that stands in the panel."""

    parent: Ticket | None = None
    parent_is_seen: bool = False
    children: list[Ticket] = field(default_factory=list)
    merged: list[Ticket] = field(default_factory=list)
    links: list[Relative] = field(default_factory=list)
    told: Told | None = None

    @property
    def open_children(self) -> int:
        return sum(child.is_unresolved for child in self.children)

    @property
    def is_empty(self) -> bool:
        return not (self.parent or self.children or self.merged or self.links)


def family_of(*, ticket: Ticket, user: User) -> Family:
    """The panel of a ticket that came through `workable_ticket`: two queries where it stands alone."""
    seen = Ticket.objects.workable_by(user)
    below = seen.filter(Q(parent=ticket) | Q(merged_into=ticket)).only(*_SHOWN).order_by("-id")
    family = Family(parent=ticket.parent)
    for row in below[: LISTED * 2]:
        (family.children if row.parent_id == ticket.pk else family.merged).append(row)
    family.children.sort(key=lambda row: (not row.is_unresolved, "SAB".index(row.severity), -row.pk))
    family.links = _links(ticket, seen)
    if ticket.parent_id:
        family.parent_is_seen = seen.filter(pk=ticket.parent_id).exists()
    if family.children:
        family.told = _told(ticket)
    return family


def with_trail(messages: Any) -> QuerySet[Message]:
    """Messages that know by number which ticket they came from and in which one they go on."""
    origin = Coalesce("written_to__number", "copy_of__ticket__number")
    return messages.annotate(origin=origin, goes_on=F("continued_as__ticket__number"))


def links_of(*, ticket: Ticket, user: User) -> list[Relative]:
    """The links of ``ticket`` to tickets that ``user`` sees from the inside."""
    return _links(ticket, Ticket.objects.workable_by(user))


def _links(ticket: Ticket, seen: Any) -> list[Relative]:
    here = Q(source=ticket, target__in=seen) | Q(target=ticket, source__in=seen)
    shown = [f"{side}__{name}" for side in ("source", "target") for name in _SHOWN[:4]]
    rows = TicketLink.objects.filter(here).select_related("source", "target").only("kind", *shown)
    found = []
    for row in rows:
        inward = row.target_id == ticket.pk
        found.append(Relative(row.pk, row.kind, inward, row.source if inward else row.target))
    return found


def _told(ticket: Ticket) -> Told | None:
    """The newest announcement, in three queries where there is one."""
    newest = ticket.announcements.select_related("actor").first()
    if newest is None:
        return None
    counts = dict(newest.parts.values_list("state").annotate(count=Count("pk")).order_by())
    failed = newest.parts.filter(state=AnnouncementPart.State.FAILED).select_related("ticket")
    shown = failed.only("announcement", "problem", "ticket__number")[:LISTED] if counts.get("failed") else []
    return Told(newest, counts, list(shown))


def tickets_named(*, user: User, numbers: str, action: str = "link") -> list[Ticket]:
    """The tickets of these ``numbers``, with commas or spaces between them, that ``user`` may do ``action`` with.

    Raises:
        ValidationError: when one is not there; what is not visible and what is not there look the same.
    """
    wanted = list(dict.fromkeys(re.split(r"[\s,;，、]+", numbers.strip().upper())))
    if len(wanted) > MOST_NAMED:
        raise ValidationError(_("At most %(most)d tickets at once.") % {"most": MOST_NAMED})
    found = {row.number: row for row in Ticket.objects.workable_by(user).numbered(wanted)}
    missing = [number for number in wanted if number not in found or not may(user, action, found[number])]
    if missing:
        raise ValidationError(_("You work on no ticket with the number %(number)s.") % {"number": missing[0]})
    return [found[number] for number in wanted]


def children_to_tell(*, ticket: Ticket, user: User) -> tuple[int, int]:
    """How many open tickets below ``user`` works on, and how many are of others."""
    below = ticket.children.unresolved()
    total = below.count()
    mine = below.filter(pk__in=Ticket.objects.workable_by(user)).count()
    return mine, total - mine
