"""The secret mark in the address that answers go to: ``support+r-<ticket>-<person>-<mark>@…``.

The mark is 130 bits of an HMAC over ticket, person and the generation of the ticket's private links, so that revoking
those voids it too. It proves that whoever wrote had a mail of ours to this person; the sender's address has to be
that person's besides. ``n`` instead of ``r`` asks for an internal note, which only colleagues can write.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import User
from intake.models import Mailbox
from outbox.replying import Answers
from tickets.models import Ticket

_MARK = 26  # characters of base32, five bits each
_TAG = re.compile(r"([rn])-([0-9a-z]{1,13})-([0-9a-z]{1,13})-([a-z2-7]{26})")
_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Token:
    """What an address says that a mail was sent to."""

    ticket: Ticket
    holder: User
    is_note: bool


def answers_to(stream: str, user: Any) -> Answers | None:
    """Where answers of ``user`` to a message about the ticket of ``stream`` go; for `outbox.replying`."""
    kind, _sep, number = stream.partition(":")
    if kind != "ticket" or user is None:
        return None
    ticket = Ticket.objects.only("pk", "team", "requester", "link_generation").filter(number=number).first()
    mailbox = mailbox_for(ticket) if ticket else None
    if ticket is None or mailbox is None:
        return None
    is_colleague = user.pk != ticket.requester_id and not user.is_customer
    if not mailbox.plus_addresses:
        return None if is_colleague else Answers(mailbox.address)  # nothing would prove a colleague
    reply = address_of(ticket=ticket, user=user, mailbox=mailbox)
    note = address_of(ticket=ticket, user=user, mailbox=mailbox, is_note=True) if is_colleague else ""
    return Answers(reply, note)


def address_of(*, ticket: Ticket, user: User, mailbox: Mailbox, is_note: bool = False) -> str:
    """The address of ``mailbox`` that is ``user``'s for ``ticket``; the plain one where it grows too long."""
    local, _at, domain = mailbox.address.rpartition("@")
    tag = f"{'n' if is_note else 'r'}-{_short(ticket.pk)}-{_short(user.pk)}-{_mark(ticket, user.pk)}"
    marked = f"{local.partition('+')[0]}+{tag}"
    return f"{marked}@{domain}" if len(marked) <= _LOCAL_PART else mailbox.address


def mailbox_for(ticket: Ticket) -> Mailbox | None:
    """The mailbox of the ticket's team, else the one that we send from, else the one that is nobody's, else any."""
    ours = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower()
    rows = list(Mailbox.objects.filter(is_active=True).order_by(F("team").asc(nulls_first=True), "pk"))
    team = [row for row in rows if row.team_id is not None and row.team_id == ticket.team_id]
    same = [row for row in rows if row.address.lower() == ours]
    return next(iter([*team, *same, *rows]), None)


def read_tokens(addresses: Iterable[str]) -> tuple[Token | None, bool]:
    """The first valid token in ``addresses``, and whether one was tried that is not valid."""
    tried = False
    for address in addresses:
        found = _TAG.fullmatch(address.lower().rpartition("@")[0].partition("+")[2])
        if not found:
            continue
        token = _valid(found)
        if token:
            return token, False
        tried = True
    return None, tried


def own_addresses() -> set[str]:
    """Every address that is ours, without marks: mail from these is our own."""
    found = {parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower()}
    found |= {address.lower() for address in Mailbox.objects.values_list("address", flat=True)}
    return {address for address in found if is_address(address)}


def without_mark(address: str) -> str:
    """``address`` in small letters without what follows a plus sign."""
    local, _at, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def _valid(found: re.Match[str]) -> Token | None:
    kind, ticket_id, user_id, mark = found.groups()
    try:
        keys = int(ticket_id, 36), int(user_id, 36)
    except ValueError:
        return None
    if max(keys) >= 2**63:
        return None
    ticket = Ticket.objects.filter(pk=keys[0]).first()
    holder = User.objects.filter(pk=keys[1], is_active=True).first()
    if ticket is None or holder is None or not constant_time_compare(mark, _mark(ticket, holder.pk)):
        return None
    return Token(ticket, holder, kind == "n")


def _mark(ticket: Ticket, user_id: int) -> str:
    said = f"{ticket.pk}:{user_id}:{ticket.link_generation}"
    digest = salted_hmac("intake.mail.reply", said, algorithm="sha256").digest()
    return base64.b32encode(digest).decode().lower()[:_MARK]


def _short(number: int) -> str:
    digits = ""
    while number or not digits:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits
