"""From kept messages of WeCom to tickets and replies: one message, one transaction, in the order in which they came.

A message goes to the newest ticket of its sender that came by WeCom and is not closed; «T100123 …» names another one
of their own, and «新问题 …» (or «new problem …») begins a new one.
"""

import hashlib
import logging
import re
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.models import Membership, Role, User
from accounts.services.people import stand_in
from intake.claiming import claim_next
from intake.wecom.models import WecomApp, WecomMessage, WecomPerson
from intake.wecom.reading import fields_of, words_of
from outbox import clock
from outbox.backoff import MAX_ATTEMPTS
from outbox.contention import survives_deadlock
from tickets.choices import Channel, Status
from tickets.models import Ticket
from tickets.services.conversation import customer_message
from tickets.services.intake import Submission, create_ticket

logger = logging.getLogger(__name__)
_ROUNDS = 200
#: What may stand between such a word and the message; the full-width ones by number, since they look like the others.
_BETWEEN = "[\\s:,.\uff1a\uff0c\u3001\u3002]*"
_NUMBER = re.compile(r"\A[#\uFF03]?(T\d{1,12})(?!\d)" + _BETWEEN, re.IGNORECASE)
_NEW = re.compile(r"\A(新问题|新工单|new problem|new ticket)" + _BETWEEN, re.IGNORECASE)
State = WecomMessage.State


def take_in_due(*, now: datetime | None = None) -> int:
    """Take in what is kept and due, the oldest first; how many. Safe to run twice and in parallel."""
    count = 0
    while count < _ROUNDS and _take_in_next(now or clock.now()):
        count += 1
    return count


def _take_in_next(now: datetime) -> bool:
    row = claim_next(WecomMessage.objects.filter(state=State.PENDING), now=now)
    if row is None:
        return False
    try:
        take_in(message=row, now=now)
    except Exception as error:  # whatever it is, the next message must be taken in; this one stays, with its reason
        logger.exception("WeCom message %s cannot be taken in", row.pk)
        given_up = row.attempts >= MAX_ATTEMPTS or isinstance(error, ValidationError)
        WecomMessage.objects.filter(pk=row.pk, state=State.PENDING).update(
            state=State.FAILED if given_up else State.PENDING, error=f"{type(error).__name__}: {error}"[:2000]
        )
    return True


@survives_deadlock
def take_in(*, message: WecomMessage, now: datetime) -> None:
    """Make a ticket or a reply of one message; one that was taken in before changes nothing."""
    with transaction.atomic():
        # One at a time of an application: the second line that somebody types must find the ticket of the first.
        app = WecomApp.objects.select_for_update(no_key=True).get(pk=message.app_id)
        row = WecomMessage.objects.select_for_update().get(pk=message.pk)
        if row.state != State.PENDING:
            return
        person = _person(app, row.userid)
        if person is None:
            row.state, row.error = State.HELD, ""
        else:
            with override(app.language):
                row.ticket = _say(app, person, words_of(fields_of(row.xml.encode())), now)
            row.state, row.error, row.processed_at = State.DONE, "", now
        row.save(update_fields=["state", "error", "processed_at", "ticket"])


def _person(app: WecomApp, userid: str) -> User | None:
    """Who wrote; None while that has to be said by somebody, also of a person whose doors were closed since."""
    known = WecomPerson.objects.filter(app=app, userid__iexact=userid).select_related("user").first()
    if known is not None:
        closed = not known.user.is_active and known.user.email != _stand_in_of(app, userid).email
        return None if closed else known.user
    if app.newcomers == WecomApp.Newcomers.HOLD:
        return None
    person = _stand_in_of(app, userid)
    WecomPerson.objects.create(app=app, userid=userid, user=person)
    Membership.objects.get_or_create(user=person, role=Role.objects.get(code="customer"), team=None)
    return person


def _stand_in_of(app: WecomApp, userid: str) -> User:
    mark = hashlib.sha256(userid.lower().encode()).hexdigest()[:24]
    return stand_in(key=f"wecom-{app.pk}-{mark}", name=userid, language=app.language)


def _say(app: WecomApp, person: User, text: str, now: datetime) -> Ticket:
    begins_anew = _NEW.match(text)
    if begins_anew:
        text = text[begins_anew.end() :] or text
    else:
        ticket, text = _ticket_for(person, text)
        if ticket is not None:
            said = customer_message(ticket=ticket, author=person, body=text, channel=Channel.WECOM, now=now)
            return said.ticket
    first_line = " ".join(next((line for line in text.splitlines() if line.strip()), "").split())
    submission = Submission(
        subject=first_line[:120] or _("Message by WeCom"),
        description=text or _("Message by WeCom"),
        requester=person,
        channel=Channel.WECOM,
        language=person.language,
        team=app.team,
        module=app.module,
    )
    return create_ticket(submission=submission, actor=person, now=now)


def _ticket_for(person: User, text: str) -> tuple[Ticket | None, str]:
    """The ticket that a message goes on in, and the message without the number that named it."""
    own = Ticket.objects.filter(requester=person)
    if named := _NUMBER.match(text):
        ticket = own.filter(number=named[1].upper()).first()
        if ticket is not None:
            return ticket, text[named.end() :] or text
    going_on = own.filter(channel=Channel.WECOM, merged_into=None).exclude(status=Status.CLOSED)
    return going_on.order_by("-updated_at", "-pk").first(), text


@transaction.atomic
def say_who(*, message: WecomMessage, user: User, actor: User, now: datetime) -> int:
    """Say who the sender of a held message is; all that waits of the same sender is taken in then. How many.

    Raises:
        PermissionDenied: ``actor`` does not set the system up.
        ValidationError: that person's doors are closed.
    """
    _demand_administrator(actor)
    if not user.is_active:
        raise ValidationError(_("This person was deactivated."))
    known = WecomPerson.objects.filter(app=message.app, userid__iexact=message.userid)
    if not known.update(user=user):
        WecomPerson.objects.create(app=message.app, userid=message.userid, user=user)
    held = WecomMessage.objects.filter(app=message.app, userid__iexact=message.userid, state=State.HELD)
    return held.update(state=State.PENDING, attempts=0, next_attempt_at=now)


def dismiss(*, message: WecomMessage, actor: User, now: datetime) -> bool:
    """Put a held or failed message away; False when it is none any more.

    Raises:
        PermissionDenied: ``actor`` does not set the system up.
    """
    _demand_administrator(actor)
    waiting = WecomMessage.objects.filter(pk=message.pk, state__in=[State.HELD, State.FAILED])
    return bool(waiting.update(state=State.DISMISSED, processed_at=now))


def retry(*, message: WecomMessage, actor: User, now: datetime) -> bool:
    """Try a failed message once more; False when it is none.

    Raises:
        PermissionDenied: ``actor`` does not set the system up.
    """
    _demand_administrator(actor)
    failed = WecomMessage.objects.filter(pk=message.pk, state=State.FAILED)
    return bool(failed.update(state=State.PENDING, attempts=0, next_attempt_at=now, error=""))


def _demand_administrator(actor: User) -> None:
    if not actor.may("admin.configure"):
        raise PermissionDenied
