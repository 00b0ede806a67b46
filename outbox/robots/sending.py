"""Sending what robots have to tell: claimed with a lease, sent outside any transaction, then written down.

The same promises as for mails (`outbox.delivery`): at least once, bounded attempts with growing pauses, and a dead
letter at the end. A chat service takes about twenty messages a minute from one robot. So many that fall due together
leave as one, and what is beyond the limit waits for the next minute, where it leaves as one too.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from outbox import clock, limits, web
from outbox.cards import Card
from outbox.claiming import lease
from outbox.crash import crash_point
from outbox.models import Delivery, Robot
from outbox.outcomes import accept, release, settle, try_again, wait
from outbox.rendering import render_card
from outbox.robots import vendors
from outbox.sealing import Unreadable, unseal
from outbox.web import Refused, Unreachable

#: Up to so many leave one by one, each with its own card; more are one message with a line for each.
ALONE = 3
_AT_ONCE = 200
_TIMEOUT = 10
_RUN_SECONDS = 60
_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
State = Delivery.State


def send_due(*, read_clock: Callable[[], datetime] = clock.now) -> Counter[str]:
    """Send what is due by robots; how many deliveries ended in which state."""
    done: Counter[str] = Counter()
    last_start = time.monotonic() + _RUN_SECONDS
    while bundles := _claim(read_clock()):
        for robot, rows in bundles:
            if time.monotonic() > last_start:
                release(rows)
            elif len(rows) <= ALONE:
                for row in rows:
                    done[_send(robot, [row], read_clock())] += 1
            else:
                done[_send(robot, rows, read_clock())] += len(rows)
        if time.monotonic() > last_start:
            break
    return done


def try_out(*, robot: Robot, now: datetime) -> str:
    """Let a robot say that it works; the error in the service's own words, empty when it was said."""
    with override(robot.language):
        card = Card(title=_("This robot works: %(name)s") % {"name": robot.name}, url=settings.SITE_URL + "/desk/")
    if not _may_send(robot, now):
        return _("It has said as much within this minute as its service takes. Try again in a minute.")
    return _tell(robot, card, now).error


def _claim(now: datetime) -> list[tuple[Robot | None, list[Delivery]]]:
    with transaction.atomic():
        free = Q(locked_until__isnull=True) | Q(locked_until__lte=now)
        due = Delivery.objects.filter(
            free, state=State.QUEUED, channel=Delivery.Channel.ROBOT, next_attempt_at__lte=now
        )
        rows = due.select_for_update(skip_locked=True, of=("self",)).order_by("next_attempt_at", "id")
        found = list(rows.values_list("pk", flat=True)[:_AT_ONCE])
        lease(Delivery.objects.filter(pk__in=found), now=now)
    claimed = Delivery.objects.filter(pk__in=found).select_related("intent").order_by("intent_id", "id")
    by_robot: dict[str, list[Delivery]] = defaultdict(list)
    for row in claimed:
        by_robot[row.recipient].append(row)
    robots = {robot.key: robot for robot in Robot.objects.filter(is_active=True)}
    return [(robots.get(key), rows) for key, rows in by_robot.items()]


def _send(robot: Robot | None, rows: list[Delivery], now: datetime) -> str:
    """Send one message and write what became of it; the state that it ended in, or ``retry`` or ``wait``."""
    if robot is None:
        return settle(rows, State.SUPPRESSED, "this robot is gone or switched off")
    if not _may_send(robot, now):
        return wait(rows, "over the limit of this robot", limits.seconds_left(now, 60), now)
    try:
        card = _card(rows, robot, now)
    except Exception as error:  # noqa: BLE001 - a poison message must not stop those behind it
        return try_again(rows, f"{type(error).__name__}: {error}", now)
    crash_point("before-robot", rows[0].intent.kind)
    said = _tell(robot, card, now)
    if said.wait:
        return wait(rows, said.error, said.wait, now)
    if said.error:
        return try_again(rows, said.error, now)
    return accept(rows, now)


def _may_send(robot: Robot, now: datetime) -> bool:
    return limits.allow(f"robot:{robot.pk}", limit=robot.per_minute, seconds=60, now=now, rolling=True)


def _tell(robot: Robot, card: Card, now: datetime) -> vendors.Verdict:
    try:
        address, secret = unseal(robot.sealed_address), unseal(robot.sealed_secret)
        with override(robot.language):
            url, body = vendors.request_for(robot.kind, card, address=address, secret=secret, now=now)
        answer = web.post(url, body=body, headers=_HEADERS, timeout=_TIMEOUT)
    except (Refused, Unreachable, Unreadable) as error:
        return vendors.Verdict(str(error))
    return vendors.verdict(robot.kind, answer)


def _card(rows: Sequence[Delivery], robot: Robot, now: datetime) -> Card:
    cards = [render_card(delivery=row, now=now) for row in rows]
    if len(cards) == 1:
        return cards[0]
    with override(robot.language):
        title = ngettext("%(count)d notice", "%(count)d notices", len(cards)) % {"count": len(cards)}
    lines = tuple((card.title, card.url) for card in cards)
    return Card(title=title, lines=lines, is_alarm=any(card.is_alarm for card in cards))
