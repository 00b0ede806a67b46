"""Sending calls: claim with a lease, POST outside any transaction, then write what came back.

Calls about one ticket reach an endpoint in order: while one waits for its next attempt, those behind it wait too, until
it was accepted or given up. A process that dies in between leaves a lease that runs out; the call then leaves again
under the same id. So a call is sent at least once.
"""

import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from outbox import clock, web
from outbox.backoff import asked_for, backoff
from outbox.models import WebhookCall, WebhookEndpoint, WebhookHealth
from outbox.sealing import Unreadable
from outbox.services import enqueue
from outbox.webhooks import signing

logger = logging.getLogger(__name__)

#: 30 s, 2 min, 8 min, 32 min, then an hour each: about eight hours, a working day's outage.
MAX_ATTEMPTS = 12
#: An endpoint that accepted nothing for so long is switched off.
SWITCHED_OFF_AFTER = timedelta(days=3)
TIMEOUT = 8.0
_LEASE = timedelta(seconds=120)
_BEGIN_WITHIN = timedelta(seconds=60)
#: The mails of the same worker wait meanwhile, so a run is short; the next ring goes on.
_RUN_SECONDS = 20
_ROUND = 20
_KEPT = 2000
_LONGEST_PAUSE = timedelta(minutes=15)

State = WebhookCall.State
ReadClock = Callable[[], datetime]


def run(*, read_clock: ReadClock = clock.now) -> Counter[str]:
    """Send what is due, round by round; how many calls ended how."""
    done: Counter[str] = Counter()
    last_start = time.monotonic() + _RUN_SECONDS
    while time.monotonic() < last_start:
        sent = _round(read_clock)
        done += sent
        if not sent:
            break
    return done


def _round(read_clock: ReadClock) -> Counter[str]:
    now = read_clock()
    calls, done = _claim(now), Counter[str]()
    away: set[int] = set()  # endpoints that did not answer in this round: the others must not wait for them
    for call in calls:
        instant = read_clock()
        if call.endpoint_id in away or instant - now > _BEGIN_WITHIN:
            _give_back(call)
            continue
        outcome = _send(call, instant)
        done[outcome] += 1
        if outcome == "retry":
            away.add(call.endpoint_id)
    return done


def _claim(now: datetime) -> list[WebhookCall]:
    """Lease the next calls to this process; the attempt is counted here, so that a killed one counts too."""
    with transaction.atomic():
        rows = _due(now).select_for_update(skip_locked=True, of=("self",))
        pks = list(rows.values_list("pk", flat=True)[:_ROUND])
        WebhookCall.objects.filter(pk__in=pks).update(locked_until=now + _LEASE, attempts=F("attempts") + 1)
        return list(WebhookCall.objects.filter(pk__in=pks).select_related("endpoint").order_by("next_attempt_at", "pk"))


def _due(now: datetime) -> QuerySet[WebhookCall]:
    """The first waiting call of each stream, when its instant has come and its endpoint is not paused."""
    ahead = WebhookCall.objects.filter(
        state=State.WAITING, endpoint=OuterRef("endpoint"), stream=OuterRef("stream"), pk__lt=OuterRef("pk")
    )
    paused = WebhookHealth.objects.filter(endpoint=OuterRef("endpoint"), paused_until__gt=now)
    return (
        WebhookCall.objects.filter(state=State.WAITING, next_attempt_at__lte=now, endpoint__is_active=True)
        .filter(Q(locked_until__isnull=True) | Q(locked_until__lte=now))
        .exclude(Exists(ahead))
        .exclude(Exists(paused))
        .order_by("next_attempt_at", "pk")
    )


def _send(call: WebhookCall, now: datetime) -> str:
    """One attempt; ``accepted``, ``dead`` or ``retry``."""
    if call.attempts > MAX_ATTEMPTS:
        return _give_up(call, now, "every attempt ended with the process")
    body = json.dumps(call.body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    try:
        answer = web.post(call.endpoint.url, body=body, headers=_headers(call, body, now), timeout=TIMEOUT)
    except web.Refused as error:
        return _give_up(call, now, str(error))
    except (web.Unreachable, Unreadable) as error:
        return _failed(call, now, str(error))
    call.status, call.answer = answer.status, _readable(answer.body)
    if 200 <= answer.status < 300:
        return _accepted(call, now)
    asked = asked_for(answer.headers, now=now) if answer.status in (429, 503) else 0
    return _failed(call, now, f"HTTP {answer.status}", at_least=timedelta(seconds=asked))


def _headers(call: WebhookCall, body: bytes, now: datetime) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Helpdesk-Webhook/1",
        "X-Helpdesk-Event": call.event,
        "X-Helpdesk-Id": str(call.key),
        "X-Helpdesk-Attempt": str(call.attempts),
        signing.HEADER: signing.signature(endpoint=call.endpoint, body=body, now=now),
    }


def _readable(body: bytes) -> str:
    return body[:_KEPT].decode(errors="replace").replace("\x00", "\ufffd")


@transaction.atomic
def _accepted(call: WebhookCall, now: datetime) -> str:
    _settle(call, state=State.ACCEPTED, accepted_at=now, last_error="")
    healthy = {"failing_since": None, "failures": 0, "paused_until": None, "answered_at": now}
    WebhookHealth.objects.update_or_create(endpoint_id=call.endpoint_id, defaults=healthy)
    return "accepted"


@transaction.atomic
def _failed(call: WebhookCall, now: datetime, why: str, *, at_least: timedelta = timedelta()) -> str:
    """Note the failure, let the endpoint rest as long as it asked for, and switch off one that failed for days."""
    health, _made = WebhookHealth.objects.select_for_update().get_or_create(endpoint_id=call.endpoint_id)
    health.failures += 1
    health.failing_since = health.failing_since or now
    pause = min(timedelta(seconds=backoff(min(health.failures, 10))), _LONGEST_PAUSE)
    health.paused_until = now + max(pause, at_least)
    health.save(update_fields=["failures", "failing_since", "paused_until"])
    if now - health.failing_since >= SWITCHED_OFF_AFTER:
        _switch_off(call.endpoint, since=health.failing_since, now=now)
    if call.attempts >= MAX_ATTEMPTS:
        return _give_up(call, now, why)
    logger.warning("webhook call %s, attempt %s: %s", call.pk, call.attempts, why)
    wait = max(timedelta(seconds=backoff(call.attempts)), at_least)
    _settle(call, next_attempt_at=now + wait, last_error=why[:_KEPT])
    return "retry"


def _switch_off(endpoint: WebhookEndpoint, *, since: datetime, now: datetime) -> None:
    """Once: whoever administrates hears of it, and nothing is sent or written for it until they switch it on."""
    if WebhookEndpoint.objects.filter(pk=endpoint.pk, is_active=True).update(is_active=False):
        logger.error("webhook %s switched off: it has failed since %s", endpoint.pk, since)
        payload = {"endpoint": endpoint.pk, "since": since.isoformat()}
        enqueue(kind="webhook.switched_off", payload=payload, stream=f"webhook:{endpoint.pk}", now=now)


def _give_up(call: WebhookCall, now: datetime, why: str) -> str:
    logger.error("webhook call %s (%s) given up: %s", call.pk, call.event, why)
    _settle(call, state=State.DEAD, last_error=why[:_KEPT])
    return "dead"


def _settle(call: WebhookCall, **values: object) -> None:
    """Write the outcome, unless somebody decided otherwise meanwhile."""
    values |= {"locked_until": None, "status": call.status, "answer": call.answer}
    WebhookCall.objects.filter(pk=call.pk, state=State.WAITING).update(**values)


def _give_back(call: WebhookCall) -> None:
    """As if never claimed."""
    rows = WebhookCall.objects.filter(pk=call.pk, state=State.WAITING)
    rows.update(locked_until=None, attempts=F("attempts") - 1)
