"""Words before they are said: kept while they are typed, and for ten seconds after «Send» (docs/decisions/0041).

Locks are taken in one order: the draft, then its ticket.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox import clock
from outbox.contention import survives_deadlock
from outbox.services import enqueue
from sla.choices import ClockState
from sla.models import Clock
from tickets.choices import MessageKind
from tickets.models import Draft, Message, Ticket
from tickets.permissions import may
from tickets.services import conversation
from tickets.services.attachments import StoredFile, demand_few, forget_files, kept

logger = logging.getLogger(__name__)

#: How long a reply may be taken back.
HOLD = timedelta(seconds=10)
#: A promise that runs out within this time is not put at risk for second thoughts: the reply leaves at once. It is
#: longer than `HOLD`, because the worker may come some seconds late when the page is gone.
NEAR = timedelta(minutes=1)
_BATCH = 100


@dataclass(frozen=True)
class Words:
    """What stands in a composer; ``revision`` and ``seen`` are the state of the ticket that the writer knew."""

    kind: str
    body: str
    marks: Collection[str] = ()
    shareable: bool = False
    status: str = ""
    hold_reason: str = ""
    revision: int | None = None
    seen: int = 0

    @property
    def row(self) -> dict:
        """As fields of a `Draft`."""
        return asdict(self) | {"marks": sorted(self.marks)}


@survives_deadlock
@transaction.atomic
def save_draft(*, ticket: Ticket, actor: User, words: Words, now: datetime) -> Draft | None:
    """Keep what ``actor`` has typed so far; of two devices the later one wins. Nothing typed is nothing kept.

    What comes late changes nothing: when these words are on their way, or were sent meanwhile.
    """
    if not words.body.strip():
        discard(ticket=ticket, actor=actor)
        return None
    values = words.row | {"updated_at": now}
    rows = Draft.objects.select_for_update()
    draft, is_new = rows.get_or_create(ticket=ticket, author=actor, defaults=values)
    if draft.sends_at is not None:
        return draft
    # After the insert: a sending that committed before it is seen here, one that comes later deletes the row.
    said = ticket.messages.filter(author=actor, pk__gt=words.seen).values_list("body", flat=True)
    if any(body.startswith(words.body.strip()) for body in said):
        if is_new:
            draft.delete()
        return None
    if not is_new:
        _write(draft, **values)
    return draft


@transaction.atomic
def discard(*, ticket: Ticket, actor: User) -> None:
    """Forget the draft; one that is on its way is none any more."""
    draft = _locked(ticket, actor)
    if draft is not None and draft.sends_at is None:
        _delete(draft)


@survives_deadlock
def send(
    *,
    ticket: Ticket,
    actor: User,
    words: Words,
    files: Sequence[UploadedFile] = (),
    kept_files: Collection[str] = (),
    hold: bool = False,
    now: datetime | None = None,
) -> Message | Draft:
    """Say what was drafted: a note at once, a public reply after `HOLD` when ``hold`` is set and no promise is near.

    ``kept_files`` are keys of files that came back with the draft and still go along. The draft ends in the
    transaction in which the message begins.

    Raises:
        ValidationError: when it cannot be said so; nothing has changed then, and nothing waits.
    """
    with kept(files) as stored, transaction.atomic():
        draft = _claimed(ticket, actor, words)
        if draft.sends_at is not None:
            raise ValidationError(
                _("Your last reply is still on its way. Take it back, or wait a moment."), code="held"
            )
        before = [StoredFile(**one) for one in draft.files]
        all_files = [*(one for one in before if one.key in kept_files), *stored]
        forget_files(one.key for one in before if one.key not in kept_files)
        if hold and words.kind == MessageKind.PUBLIC:
            moment = now or clock.now()
            fresh = Ticket.objects.get(pk=ticket.pk)
            conversation.check_reply(fresh, status=words.status, hold_reason=words.hold_reason, revision=words.revision)
            if not _is_a_promise_near(ticket, moment):
                demand_few(all_files)
                _put_on_its_way(draft, words, all_files, moment)
                return draft
        message = say(ticket=ticket, actor=actor, words=words, files=all_files, now=now)
        draft.delete()
    return message


def say(
    *,
    ticket: Ticket,
    actor: User,
    words: Words,
    files: Sequence[UploadedFile | StoredFile],
    now: datetime | None = None,
) -> Message:
    """Say ``words`` at once, by the service for what they are; a draft stays what it is."""
    if words.kind == MessageKind.NOTE:
        return conversation.add_note(
            ticket=ticket, actor=actor, body=words.body, shareable=words.shareable, files=files, now=now
        )
    return conversation.reply(
        ticket=ticket,
        actor=actor,
        body=words.body,
        marks=words.marks,
        status=words.status,
        hold_reason=words.hold_reason,
        files=files,
        revision=words.revision,
        now=now,
    )


@survives_deadlock
@transaction.atomic
def take_back(*, ticket: Ticket, actor: User) -> bool:
    """Make the reply on its way a draft again; False when it has left."""
    draft = _locked(ticket, actor)
    if draft is None or draft.sends_at is None:
        return False
    _write(draft, sends_at=None)
    return True


def send_now(*, ticket: Ticket, actor: User, now: datetime | None = None) -> bool:
    """Send the reply on its way without waiting longer; False when there is none, or it could not be sent."""
    draft = Draft.objects.filter(ticket=ticket, author=actor, sends_at__isnull=False).first()
    return draft is not None and _dispatch(draft.pk, now=now)


def send_due(*, now: datetime | None = None) -> int:
    """Send the replies whose ten seconds are over, each in a transaction of its own; how many. For the worker.

    The page does the same when it has counted down; whoever comes first sends it, the other finds nothing.
    """
    moment = now or clock.now()
    due = Draft.objects.filter(sends_at__lte=moment).order_by("sends_at").values_list("pk", flat=True)[:_BATCH]
    sent = 0
    for pk in list(due):
        try:
            sent += _dispatch(pk, now=now)
        except Exception:  # one that cannot be sent keeps no other waiting; the next ring tries it again
            logger.exception("reply %s could not be sent", pk)
    return sent


@survives_deadlock
@transaction.atomic
def _dispatch(pk: int, *, now: datetime | None) -> bool:
    rows = Draft.objects.select_for_update(of=("self",), skip_locked=True).select_related("ticket", "author")
    draft = rows.filter(pk=pk, sends_at__isnull=False).first()
    if draft is None:
        return False
    try:
        _demand_still_theirs(draft)
        with transaction.atomic():
            words = Words(**{name: getattr(draft, name) for name in Words.__dataclass_fields__})
            # The clocks are met now, when the customer can read it, and not when the button was pressed.
            files = [StoredFile(**one) for one in draft.files]
            say(ticket=draft.ticket, actor=draft.author, words=words, files=files, now=now)
    except ValidationError:
        _give_back(draft, now=now or clock.now())
        return False
    draft.delete()
    return True


def _demand_still_theirs(draft: Draft) -> None:
    seen = Ticket.objects.workable_by(draft.author).filter(pk=draft.ticket_id).exists()
    if not (draft.author.is_active and seen and may(draft.author, "reply", draft.ticket)):
        raise ValidationError("out of reach", code="reach")


def _give_back(draft: Draft, *, now: datetime) -> None:
    """It was decided by a look at another state of the ticket: a draft again, and its writer hears of it."""
    _write(draft, sends_at=None, returned=True)
    enqueue(
        kind="ticket.reply_returned",
        payload={"ticket": draft.ticket_id, "user": draft.author_id},
        stream=f"ticket:{draft.ticket.number}",
        now=now,
    )


def _is_a_promise_near(ticket: Ticket, now: datetime) -> bool:
    running = Clock.objects.filter(ticket=ticket, state=ClockState.RUNNING)
    return running.filter(due_at__gte=now, due_at__lte=now + NEAR).exists()


def _put_on_its_way(draft: Draft, words: Words, files: Sequence[StoredFile], now: datetime) -> None:
    facts = [asdict(one) for one in files]
    _write(draft, **words.row, files=facts, sends_at=now + HOLD, returned=False, updated_at=now)


def _claimed(ticket: Ticket, actor: User, words: Words) -> Draft:
    """The locked draft, made when there is none: what is saved at this very moment waits for it, and finds it sent."""
    rows = Draft.objects.select_for_update()
    return rows.get_or_create(ticket=ticket, author=actor, defaults=words.row | {"updated_at": clock.now()})[0]


def _locked(ticket: Ticket, actor: User) -> Draft | None:
    return Draft.objects.select_for_update().filter(ticket=ticket, author=actor).first()


def _write(draft: Draft, **values: object) -> None:
    for name, value in values.items():
        setattr(draft, name, value)
    draft.save(update_fields=sorted(values))


def _delete(draft: Draft) -> None:
    forget_files(one["key"] for one in draft.files)
    draft.delete()
