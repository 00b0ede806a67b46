"""How often visitors may do what. Numbers are per network address unless they say otherwise.

What writes is counted in the database, what only reads in the cache (`outbox.limits`).
"""

from datetime import datetime

from django.http import HttpRequest

from intake.chat.models import ChatConversation, ChatWidget
from intake.limits import FOR_ONE_MAILBOX, FROM_ONE_ADDRESS
from outbox.limits import allow, allow_reading, keyed_mark, network_mark

STARTS_AN_HOUR = FROM_ONE_ADDRESS  # as many as forms: whole offices sit behind one address
STARTS_OF_ALL = 600  # of one widget, by whomever: a flood from many addresses stops at the door
WORDS_A_MINUTE = 30  # of one conversation
SEARCHES_A_MINUTE = 60
#: A panel that is looked at asks every two seconds; an office may have many of them behind one address.
NEWS_A_MINUTE = 900
WRONG_SECRETS_A_MINUTE = 60
_HOUR = 3600


def may_begin(request: HttpRequest, *, widget: ChatWidget, email: str, now: datetime) -> bool:
    """Count one new conversation; an address counts together with the public form's. Call it outside a transaction."""
    if not allow(f"chat:start:{widget.pk}:{network_mark(request)}", limit=STARTS_AN_HOUR, seconds=_HOUR, now=now):
        return False
    if not allow(f"chat:start:{widget.pk}", limit=STARTS_OF_ALL, seconds=_HOUR, now=now):
        return False
    mark = keyed_mark(email.strip().lower())
    return not email or allow(f"intake:mail:{mark}", limit=FOR_ONE_MAILBOX, seconds=_HOUR, now=now)


def may_say(conversation: ChatConversation, *, now: datetime) -> bool:
    """Count one message."""
    return allow(f"chat:say:{conversation.pk}", limit=WORDS_A_MINUTE, seconds=60, now=now)


def may_guess(request: HttpRequest, *, now: datetime) -> bool:
    """Count one secret that opened nothing."""
    return allow(f"chat:guess:{network_mark(request)}", limit=WRONG_SECRETS_A_MINUTE, seconds=60, now=now)


def may_search(request: HttpRequest, *, widget: ChatWidget, now: datetime) -> bool:
    """Count one search, or one article that is opened."""
    key = f"chat:search:{widget.pk}:{network_mark(request)}"
    return allow_reading(key, limit=SEARCHES_A_MINUTE, seconds=60, now=now)


def may_ask(request: HttpRequest, *, widget: ChatWidget, now: datetime) -> bool:
    """Count one question for news."""
    key = f"chat:news:{widget.pk}:{network_mark(request)}"
    return allow_reading(key, limit=NEWS_A_MINUTE, seconds=60, now=now)
