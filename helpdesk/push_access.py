"""Who is behind a session cookie and what they may hear: asked when a stream opens and again while it is open."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest

from accounts.selectors import teams_in_reach
from tickets.models import Ticket

# Few threads: each holds a database connection, and five hundred pages ask only some twenty times a second.
_pool = ThreadPoolExecutor(4, thread_name_prefix="push-access")


class Unavailable(Exception):
    """The database cannot be asked at the moment."""


@dataclass(frozen=True)
class Person:
    """Somebody signed in, and the topics of one of their pages."""

    user_id: int
    session_key: str
    topics: frozenset[str]


async def person(cookie: str, wanted: list[str]) -> Person | None:
    """The person of the ``Cookie`` header and which of the ``wanted`` topics they may hear; None when not signed in.

    Raises:
        Unavailable: when the database does not answer.
    """
    return await asyncio.get_running_loop().run_in_executor(_pool, _ask, cookie, wanted)


def _ask(cookie: str, wanted: list[str]) -> Person | None:
    close_old_connections()
    try:
        return find(cookie, wanted)
    except DatabaseError as error:
        raise Unavailable from error
    finally:
        close_old_connections()


def find(cookie: str, wanted: list[str]) -> Person | None:
    """What `person` answers, for callers that may block."""
    key = _session_key(cookie)
    if not key:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)  # checks the expiry, the backend and that the password has not changed
    if not user.is_authenticated or not user.is_active:
        return None
    teams = teams_in_reach(user=user)
    topics = {f"user:{user.pk}", *(f"team:{team}" for team in teams), *(f"desk:{team}" for team in teams)}
    for name, rows in (("ticket", Ticket.objects.visible_to(user)), ("presence", Ticket.objects.workable_by(user))):
        numbers = [topic.partition(":")[2] for topic in wanted if topic.startswith(f"{name}:")]
        if numbers:
            topics |= {f"{name}:{number}" for number in rows.numbered(numbers).values_list("number", flat=True)}
    return Person(user.pk, key, frozenset(topics))


def _session_key(cookie: str) -> str:
    try:
        found = SimpleCookie(cookie).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return ""
    return found.value if found else ""
