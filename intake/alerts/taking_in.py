"""From kept messages to tickets: one message, one transaction, under the lock of its source.

The lock makes equal messages that come at the same time wait for each other, so that one alert never makes two
tickets. What is written is found by the alert's fingerprint, so that doing a message twice only counts it twice.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import override

from intake.alerts.models import Alert, AlertPost, AlertSource
from intake.alerts.placing import Placing
from intake.alerts.signals import NotUnderstood, Signal, read
from intake.alerts.telling import close_if_over, fires_again, note_over
from intake.claiming import claim_next
from outbox import clock
from outbox.backoff import MAX_ATTEMPTS
from outbox.contention import survives_deadlock
from tickets.models import Ticket

logger = logging.getLogger(__name__)
_ROUNDS = 100
_TOLD = ("name", "summary", "severity", "labels", "url", "group", "state", "episode", "started_at", "last_seen_at",
         "resolved_at", "count", "ticket", "opened_at")  # fmt: skip


def take_in_due(*, now: datetime | None = None) -> int:
    """Take in what is kept and due, the oldest first; how many messages. Safe to run twice and in parallel."""
    count = 0
    for _round in range(_ROUNDS):
        if not _take_in_next(AlertPost.objects.all(), now or clock.now()):
            break
        count += 1
    return count


def take_in_one(*, post_id: int, now: datetime) -> bool:
    """Take in one message that is due, and leave the others to the worker; whether it was this process that did."""
    return _take_in_next(AlertPost.objects.filter(pk=post_id), now)


def _take_in_next(among: QuerySet[AlertPost], now: datetime) -> bool:
    """One message; what fails is written on it and never holds up the next."""
    post = claim_next(among.filter(state=AlertPost.State.PENDING), now=now)
    if post is None:
        return False
    try:
        if post.attempts > MAX_ATTEMPTS:
            raise NotUnderstood(_("Every attempt ended with the process."))
        take_in(post=post, now=now)
    except (NotUnderstood, ValidationError) as error:
        _failed(post, str(error), now)
    except DatabaseError as error:
        logger.warning("alert message %s, attempt %s: %s", post.pk, post.attempts, error)
        _write_error(post, error)
    except Exception as error:  # one message must not stop the others; it stays, with its reason
        logger.exception("alert message %s cannot be taken in", post.pk)
        if post.attempts >= MAX_ATTEMPTS:
            _failed(post, f"{type(error).__name__}: {error}", now)
        else:
            _write_error(post, error)
    return True


@survives_deadlock
def take_in(*, post: AlertPost, now: datetime) -> None:
    """Do what one message says; a message that was taken in before changes nothing.

    Raises:
        NotUnderstood: it is none of its source's format.
    """
    with transaction.atomic():
        source = AlertSource.objects.select_for_update(no_key=True).get(pk=post.source_id)
        post = AlertPost.objects.select_for_update().get(pk=post.pk)
        if post.state == AlertPost.State.DONE:
            return
        with override(source.language):
            signals = read(source.kind, post.body, source.mapping)
            outcome = _Reading(source, now).do(signals)
        post.state, post.processed_at, post.outcome, post.error = AlertPost.State.DONE, now, outcome, ""
        post.save(update_fields=["state", "processed_at", "outcome", "error"])


@transaction.atomic
def retry(*, post_id: int, now: datetime) -> bool:
    """Try a message that failed once more; False when it is not (or no more) one."""
    return bool(
        AlertPost.objects.filter(pk=post_id, state=AlertPost.State.FAILED).update(
            state=AlertPost.State.PENDING, attempts=0, next_attempt_at=now, error=""
        )
    )


def _failed(post: AlertPost, why: str, now: datetime) -> None:
    AlertPost.objects.filter(pk=post.pk).update(state=AlertPost.State.FAILED, processed_at=now, error=why[:2000])


def _write_error(post: AlertPost, error: Exception) -> None:
    AlertPost.objects.filter(pk=post.pk).update(error=f"{type(error).__name__}: {error}"[:2000])


@dataclass
class _Reading:
    """One message of one source: what it changes is collected, then written at once."""

    source: AlertSource
    now: datetime
    known: dict[str, Alert] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    homeless: dict[str, Signal] = field(default_factory=dict)
    again: dict[int, list[Alert]] = field(default_factory=dict)
    over: Counter[int] = field(default_factory=Counter)

    def do(self, signals: Sequence[Signal]) -> dict[str, Any]:
        rows = Alert.objects.filter(source=self.source, fingerprint__in={one.fingerprint for one in signals})
        self.known = {row.fingerprint: row for row in rows.select_related("ticket")}
        for signal in signals:
            self._hear(signal)
        placing = Placing(self.source, self.now)
        placing.place([(self.known[key], signal) for key, signal in self.homeless.items()])
        self._fire_again()
        self._save()
        placing.tell()
        self._tell_what_is_over()
        tickets = [ticket.number for ticket in placing.made]
        return {**self.counts, "alerts": len(signals), "made": tickets, "joined": placing.joined}

    def _hear(self, signal: Signal) -> None:
        alert = self.known.get(signal.fingerprint)
        if alert is None:
            alert = Alert(source=self.source, fingerprint=signal.fingerprint, first_seen_at=self.now)
            self.known[signal.fingerprint] = alert
        elif _is_late(signal, alert):
            self.counts["late"] += 1
            return
        was_firing = alert.state == Alert.State.FIRING
        same = was_firing and (not signal.episode or signal.episode == alert.episode)
        _describe(alert, signal, self.now)
        if signal.is_firing:
            alert.count += 1
            self.counts["repeated" if same else "fired"] += 1
            if not same:
                self._fires_anew(alert, signal)
        else:
            self.homeless.pop(signal.fingerprint, None)
            alert.resolved_at = self.now
            if was_firing and alert.ticket_id:
                self.over[alert.ticket_id] += 1
            self.counts["over"] += was_firing

    def _fires_anew(self, alert: Alert, signal: Signal) -> None:
        alert.resolved_at = None
        if alert.ticket is None:
            self.homeless[signal.fingerprint] = signal
        else:
            self.again.setdefault(alert.ticket.pk, []).append(alert)

    def _fire_again(self) -> None:
        """What had a ticket goes on there, or in the one that follows it; one word a ticket, however many fire."""
        for ticket_id, alerts in self.again.items():
            firing = [alert for alert in alerts if alert.state == Alert.State.FIRING]
            if not firing:
                continue
            ticket = fires_again(source=self.source, ticket_id=ticket_id, alerts=firing, now=self.now)
            for alert in firing:
                alert.ticket = ticket

    def _save(self) -> None:
        fresh = [row for row in self.known.values() if row.pk is None]
        Alert.objects.bulk_create(fresh, batch_size=500)
        Alert.objects.bulk_update([row for row in self.known.values() if row not in fresh], _TOLD, batch_size=500)

    def _tell_what_is_over(self) -> None:
        for ticket_id, count in self.over.items():
            ticket = Ticket.objects.get(pk=ticket_id)
            left = Alert.objects.filter(ticket=ticket, state=Alert.State.FIRING).count()
            note_over(ticket, source=self.source, now=self.now, count=count, left=left)
            if left == 0 and self.source.resolves:
                close_if_over(source=self.source, ticket=ticket, now=self.now)


def _is_late(signal: Signal, alert: Alert) -> bool:
    """Whether this tells of the past: messages may overtake each other on their way."""
    if signal.started_at and alert.started_at and signal.started_at < alert.started_at:
        return True
    ended = alert.state == Alert.State.RESOLVED
    return ended and signal.is_firing and bool(signal.episode) and signal.episode == alert.episode


def _describe(alert: Alert, signal: Signal, now: datetime) -> None:
    alert.name, alert.summary = signal.name, signal.summary
    alert.severity, alert.labels = signal.severity[:60], dict(signal.labels)
    alert.url, alert.group = signal.url, signal.group
    alert.state = Alert.State.FIRING if signal.is_firing else Alert.State.RESOLVED
    alert.episode = signal.episode or alert.episode
    alert.started_at = signal.started_at or alert.started_at
    alert.last_seen_at = now
