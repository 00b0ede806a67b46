"""What can be told, to whom and in which words: every kind of message is one `Notice` that an app registers.

The outbox knows no domain model. A notice turns the payload of an intent into recipients and, later, into the
variables of its templates ``mail/<kind with dots as slashes>/subject.txt, text.txt, html.html`` and ``page.txt``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

from outbox.cards import Card
from outbox.quiet import QuietHours

if TYPE_CHECKING:
    from outbox.models import Delivery, Intent


@dataclass(frozen=True)
class Recipient:
    """Somebody to tell: ``key`` is ``user:ID`` or ``mail:ADDRESS``, one message per key, channel and intent."""

    key: str
    user_id: int | None = None
    address: str = ""
    language: str = "zh-hans"
    channels: tuple[str, ...] = ("mail", "page")
    quiet: QuietHours | None = None
    #: The ID under which a chat service of theirs knows them (`outbox.chat`).
    chat: str = ""

    @classmethod
    def of(cls, user: Any, channels: tuple[str, ...] = ("mail", "page")) -> Recipient:
        """The recipient that a user row stands for."""
        return cls(f"user:{user.pk}", user.pk, user.email, user.language, channels, QuietHours.of(user))


class Notice:
    """One kind of message; subclass it, set ``kind``, write `recipients` and `context`, and `register` an instance."""

    kind: str = ""
    #: The channels that this kind may use at all; a recipient's own list narrows them.
    channels: tuple[str, ...] = ("mail", "page")
    #: Whether many of this kind for one recipient may leave as one message when they fall due together.
    group: bool = False
    #: At most (count, seconds) messages of this kind to one address; what is beyond is held back, visibly.
    limit: tuple[int, int] | None = None
    #: The event in the words under which an administrator lets a chat robot tell of it; empty: robots never do.
    robots: str | Promise = ""
    #: Whether somebody has to hear of it: then `fallback_recipients` answer when `recipients` finds nobody.
    must_reach: bool = False
    #: What it is called where people choose what they hear; without a name there is nothing to choose.
    label: str | Promise = ""
    #: ``staff`` choose by kind, ``customers`` as a whole (`outbox.preferences`); nobody chooses what is of neither.
    audience: str = ""
    #: Why nobody may switch it off, in words; empty when one may.
    must_hear: str | Promise = ""
    #: Sent to many without being asked for: it says so in its head, and can be left with one click (RFC 8058).
    bulk: bool = False
    #: The kind whose subject all mails of one stream share, so that every mail program keeps them together.
    subject_of_thread: str = ""
    #: The kind whose text says that its mails can be answered; said only where mail is taken in (`outbox.replying`).
    answering: str = ""
    #: Whether open pages about its stream show what became of it, and hear when that changes.
    shows_progress: bool = False
    #: RFC 3834: ``auto-replied`` for what answers a message by itself, ``auto-generated`` for the rest.
    auto_submitted: str = "auto-generated"

    def recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        """Whom it concerns at this moment (not when the intent was written)."""
        raise NotImplementedError

    def fallback_recipients(self, intent: Intent, now: datetime) -> Sequence[Recipient]:
        """Who hears of it when nobody is there: by default whoever runs the installation."""
        people = get_user_model().objects.filter(is_superuser=True, is_active=True).order_by("pk")
        return [Recipient.of(user) for user in people[:10]]

    def wakes(self, intent: Intent) -> bool:
        """Whether it is sent at once even in its reader's quiet hours, as by default everything is.

        What does not wake waits for their end; the line in the page is there at once all the same.
        """
        return True

    def essential(self, intent: Intent) -> bool:
        """Whether a customer hears of it who wants to hear only answers and decisions."""
        return True

    def settled(self, intents: list[Intent]) -> set[int]:
        """Ids of those ``intents`` of which nothing is left to tell; asked of what waited for quiet hours to end."""
        return set()

    def prepare(self, intents: list[Intent]) -> None:
        """Read what many ``intents`` name in few queries, before each is resolved or rendered; by default nothing."""

    def context(self, intents: list[Intent], delivery: Delivery, now: datetime) -> dict[str, Any]:
        """Variables of the templates for one message that tells of ``intents`` (several when grouped).

        Links with secrets are minted here. Special keys: ``url`` is where the line in the bell leads;
        ``in_reply_to`` is a Message-ID to thread under, ``from_name``, ``from_address`` and ``reply_to`` go into the
        headers, ``signature`` stands below the words.
        """
        raise NotImplementedError

    def team_of(self, intent: Intent) -> int | None:
        """The team that it concerns, for robots that tell of one team only."""
        return None

    def card(self, intents: list[Intent], delivery: Delivery, now: datetime) -> Card:
        """What a chat robot shows of ``intents``; by default the line of the bell."""
        from outbox.rendering import line_of

        line = line_of(intents, delivery, now)
        return Card(title=line["text"], url=line["url"])

    def visible(self, intents: list[Intent], user: Any) -> set[int]:
        """Ids of those ``intents`` that ``user`` may still read in the bell; by default all of them."""
        return {intent.pk for intent in intents}


_NOTICES: dict[str, Notice] = {}


class UnknownKind(LookupError):
    """An intent names a kind that no app has registered."""


def register(notice: Notice) -> Notice:
    """Make ``notice`` known; called once per kind from an app's ``ready()``.

    Raises:
        ImproperlyConfigured: when the kind is empty or belongs to another class.
    """
    known = _NOTICES.get(notice.kind)
    if not notice.kind or (known is not None and type(known) is not type(notice)):
        raise ImproperlyConfigured(f"notice kind {notice.kind!r} is empty or taken by {type(known).__name__}")
    _NOTICES[notice.kind] = notice
    return notice


def get(kind: str) -> Notice:
    """The notice of ``kind``.

    Raises:
        UnknownKind: when no app registered it.
    """
    try:
        return _NOTICES[kind]
    except KeyError:
        raise UnknownKind(f"no notice is registered for {kind!r}") from None


def kinds() -> list[str]:
    """Every registered kind, sorted."""
    return sorted(_NOTICES)


def kinds_with_progress() -> list[str]:
    """The kinds of which pages show what became of each message."""
    return [kind for kind, notice in _NOTICES.items() if notice.shows_progress]


def template_folder(kind: str) -> str:
    """Where the templates of ``kind`` lie: ``ticket.reply.public`` → ``mail/ticket/reply/public``."""
    return "mail/" + kind.replace(".", "/")
