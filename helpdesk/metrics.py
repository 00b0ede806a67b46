"""`/metrics` for Prometheus: computed when it is asked for, so that every web process tells the same.

Guarded by METRICS_TOKEN (`Authorization: Bearer …`); without it, or with a wrong one, there is no such page.
"""

import math
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from outbox import clock
from outbox.models import Delivery, Heartbeat, Intent
from sla.choices import ClockState, Severity
from sla.engine import engine_state
from sla.models import Clock
from tickets.choices import UNRESOLVED
from tickets.models import Ticket


class House:
    """The state of the house as gauges."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterator[Metric]:
        yield self._tickets()
        yield self._clocks()
        yield self._beat()
        yield from self._engine()
        yield self._outbox()

    def _tickets(self) -> Metric:
        gauge = GaugeMetricFamily("helpdesk_tickets_open", "Unresolved tickets.", labels=["severity", "status"])
        rows = Ticket.objects.unresolved().order_by().values("severity", "status").annotate(count=Count("pk"))
        found = {(row["severity"], row["status"]): row["count"] for row in rows}
        for severity in Severity.values:
            for status in UNRESOLVED:
                gauge.add_metric([severity, status], found.get((severity, str(status)), 0))
        return gauge

    def _clocks(self) -> Metric:
        gauge = GaugeMetricFamily(
            "helpdesk_clocks_overdue",
            "Running clocks past their due instant: recorded as a breach, or waiting for the sweep.",
            labels=["recorded"],
        )
        late = Clock.objects.filter(state=ClockState.RUNNING).aggregate(
            yes=Count("pk", filter=Q(breached_at__isnull=False)),
            no=Count("pk", filter=Q(breached_at__isnull=True, due_at__lt=self.now)),
        )
        for label, count in late.items():
            gauge.add_metric([label], count)
        return gauge

    def _beat(self) -> Metric:
        gauge = GaugeMetricFamily(
            "helpdesk_heartbeat_age_seconds", "Since beat, broker and worker last answered together.", labels=["name"]
        )
        for name, beat_at in Heartbeat.objects.values_list("name", "beat_at"):
            gauge.add_metric([name], max((self.now - beat_at).total_seconds(), 0))
        return gauge

    def _engine(self) -> Iterator[Metric]:
        state = engine_state(now=self.now)
        # Never is later than any bound, so that one alarm covers an installation whose engine never began.
        silent = math.inf if state.silent_for is None else state.silent_for.total_seconds()
        yield GaugeMetricFamily(
            "helpdesk_engine_last_tick_age_seconds", "Since a sweep of the deadlines last ended.", value=silent
        )
        yield GaugeMetricFamily(
            "helpdesk_engine_late_seconds",
            "Since the oldest deadline passed that no sweep has recorded.",
            value=state.late_by.total_seconds(),
        )

    def _outbox(self) -> Metric:
        gauge = GaugeMetricFamily("helpdesk_outbox", "Messages that wait or were given up.", labels=["kind", "state"])
        waiting = Intent.objects.aggregate(
            queued=Count("pk", filter=Q(state=Intent.State.PENDING)),
            dead=Count("pk", filter=Q(state=Intent.State.DEAD)),
        )
        leaving = Delivery.objects.aggregate(
            queued=Count("pk", filter=Q(state=Delivery.State.QUEUED)),
            dead=Count("pk", filter=Q(state=Delivery.State.DEAD)),
        )
        for kind, counts in (("intent", waiting), ("delivery", leaving)):
            for state, count in counts.items():
                gauge.add_metric([kind, state], count)
        return gauge


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """The gauges of `House`, for who knows the token."""
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    known = settings.METRICS_TOKEN
    if not known or scheme.lower() != "bearer" or not constant_time_compare(given.strip(), known):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(House(clock.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
