"""One ticket as its customer reads it: where it stands, who has it, what was promised, what was said.

Internal notes and escalations never come near this module, nor events but the change of grade that a message explains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Prefetch, QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from sla.selectors import clocks_to_show
from tickets.choices import Mark, MessageKind, Status
from tickets.message_html import is_long, message_html
from tickets.models import Attachment, Message, Resolution, SeverityContest, Ticket
from tickets.previews import shape_of
from tickets.promises import Pledge, next_pledge, pledges
from tickets.selectors.conversation import newest_part
from tickets.selectors.family import with_trail
from tickets.wording import regrades_of

_TOLD = (MessageKind.CUSTOMER, MessageKind.PUBLIC, MessageKind.AUTOMATIC)


@dataclass(frozen=True)
class Step:
    """One station on the way; ``state`` is done, current or empty."""

    label: str
    state: str = ""


@dataclass(frozen=True)
class Line:
    """One message, ready to be shown."""

    kind: str
    author: str
    at: datetime
    html: SafeString
    mark: str = ""
    files: list[dict] = field(default_factory=list)
    id: str = ""
    is_long: bool = False
    origin: str = ""
    """The number of the ticket that it was written to, if not this one."""
    goes_on: str = ""
    """The number of the ticket that it was split into."""


@dataclass(frozen=True)
class Story:
    ticket: Ticket
    steps: list[Step]
    pledges: list[Pledge]
    next: Pledge | None
    lines: list[Line]
    hidden: int
    """How many earlier messages of a long conversation are not among the lines."""
    resolution: Resolution | None
    contest: SeverityContest | None
    asks: bool
    """Whether the customer is asked now if the solution works."""


def for_list(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """What a line of a customer's list needs, in a fixed number of queries."""
    related = ("assignee", "team", "requester", "merged_into")
    clocks = Prefetch("clocks", clocks_to_show().filter(ended_at=None), to_attr="open_clocks")
    return tickets.select_related(*related).prefetch_related(clocks)


def for_page(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """What the page of one ticket needs, in a fixed number of queries."""
    related = ("assignee", "team", "requester", "organization", "category", "module__product", "version")
    return tickets.select_related(*related, "follow_up_of", "merged_into").prefetch_related(
        Prefetch("clocks", clocks_to_show()),
        "resolutions",
        "contests",
        "follow_ups",
    )


def next_of(ticket: Ticket) -> Pledge | None:
    """The next promise of a ticket that came through `for_list`."""
    return next_pledge(pledges(ticket, ticket.open_clocks))  # type: ignore[attr-defined]


def story_of(ticket: Ticket, *, reader: User, file_url: Callable[[Attachment], str], whole: bool = False) -> Story:
    """The story of a ticket that came through `for_page`, told to ``reader``; ``whole`` with all of a long one."""
    promised = pledges(ticket, ticket.clocks.all())
    resolution = next((row for row in ticket.resolutions.all() if row.cycle == ticket.cycle), None)
    said = with_trail(ticket.messages.filter(kind__in=_TOLD)).select_related("author").prefetch_related("attachments")
    told, hidden = newest_part(said, whole=whole)
    opening = None if hidden or not told else told[0]
    grades = regrades_of(ticket, told)
    answered = resolution is not None and bool(resolution.confirmed_at or resolution.refuted_at)
    return Story(
        ticket=ticket,
        steps=steps_of(ticket),
        pledges=promised,
        next=next_pledge(promised) if ticket.is_unresolved else None,
        lines=[_line(message, reader, file_url, grades.get(message.pk, ""), opening) for message in told],
        hidden=hidden,
        resolution=resolution,
        contest=next(iter(ticket.contests.all()), None),
        asks=ticket.status == Status.RESOLVED and not answered,
    )


def steps_of(ticket: Ticket) -> list[Step]:
    """Received → in progress → solved → closed, with what it waits for in between."""
    working = {
        Status.PENDING: _("Waiting for you"),
        Status.ON_HOLD: _("Waiting for somebody else"),
    }.get(Status(ticket.status), _("In progress"))
    names = [pgettext("step of a ticket", "Received"), working, _("Solved"), _("Closed")]
    position = {Status.NEW: 0, Status.RESOLVED: 2, Status.CLOSED: 3}.get(Status(ticket.status), 1)
    return [
        Step(name, "done" if index < position else "current" if index == position else "")
        for index, name in enumerate(names)
    ]


def _line(
    message: Message, reader: User, file_url: Callable[[Attachment], str], grade: str, opening: Message | None
) -> Line:
    """Customers' words are shown as they were typed; only staff writes Markdown.

    The reader is «You» and no name: by a private link, the name behind the address is nobody's business.
    """
    own = message.author_id == reader.pk and message.kind == MessageKind.CUSTOMER
    return Line(
        kind=message.kind,
        author=_("You") if own else message.author.name if message.author else "",
        at=message.created_at,
        html=message_html(message, opens=message is opening),
        mark=grade or ", ".join(str(Mark(mark).label) for mark in message.marks),
        files=[
            {"url": file_url(item), "name": item.name, "size": item.size, "shape": shape_of(item)}
            for item in message.attachments.all()
        ],
        id=f"m{message.pk}",
        is_long=is_long(message),
        origin=message.origin or "",  # type: ignore[attr-defined]  # annotated by `with_trail`
        goes_on=message.goes_on or "",  # type: ignore[attr-defined]
    )
