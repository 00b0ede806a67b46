"""Reading sources, what they sent, and the alerts of a ticket."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery

from intake.alerts.models import Alert, AlertPost, AlertSource
from intake.alerts.placing import Placing, in_words
from intake.alerts.signals import Signal, read
from sla.choices import Severity
from tickets.foresight import judge
from tickets.models import Ticket

#: Of thousands the page of a ticket shows the newest; the rest is one click away.
SHOWN = 8
MOST_SHOWN = 2000
_PREVIEWED = 20


def sources_at_a_glance() -> QuerySet[AlertSource]:
    """All sources with what fires, what was not understood, and when the newest message came."""
    firing = Count("alerts", filter=Q(alerts__state=Alert.State.FIRING))
    posts = AlertPost.objects.filter(source=OuterRef("pk")).order_by().values("source")
    return AlertSource.objects.select_related("team", "module").annotate(
        firing=firing,
        newest=Subquery(posts.annotate(at=Max("received_at")).values("at")),
        failed=Subquery(posts.filter(state=AlertPost.State.FAILED).annotate(n=Count("pk")).values("n")),
    )


def posts_of(source: AlertSource) -> QuerySet[AlertPost]:
    """What it sent, the newest first."""
    return AlertPost.objects.filter(source=source).order_by("-id")


def alerts_of(*, ticket: Ticket, whole: bool = False) -> tuple[list[Alert], dict[str, int]]:
    """The alerts of a ticket, what fires first; and how many there are in all, and firing."""
    rows = Alert.objects.filter(Q(ticket=ticket) | Q(ticket__merged_into=ticket))
    counts = rows.aggregate(all=Count("pk"), firing=Count("pk", filter=Q(state=Alert.State.FIRING)))
    listed = rows.select_related("source").order_by("state", "-last_seen_at", "-pk")
    return list(listed[: MOST_SHOWN if whole else SHOWN]), counts


@dataclass(frozen=True)
class Foretold:
    """What one alert of a sample would be."""

    signal: Signal
    severity: str
    severity_label: str
    team: str
    module: str
    description: str


def foretell(*, source: AlertSource, body: str, mapping: dict, now: datetime) -> tuple[list[Foretold], int]:
    """What a message would make, without making it; and how many alerts it has.

    Raises:
        NotUnderstood: when it is none of the source's format.
    """
    signals = read(source.kind, body, mapping)
    placing = Placing(source, now)
    return [_foretold(placing, signal) for signal in signals[:_PREVIEWED]], len(signals)


def _foretold(placing: Placing, signal: Signal) -> Foretold:
    text = in_words(signal)
    said = placing.submission(signal, signal.name, text)
    judged = judge(
        subject=said.subject,
        description=text,
        impact=said.impact,
        urgency=said.urgency,
        data_loss=False,
        module=said.module,
    )
    severity = Severity(judged.grade.severity)
    return Foretold(
        signal=signal,
        severity=severity.value,
        severity_label=str(severity.label),
        team=str(said.team or judged.routing.team or "–"),
        module=str(judged.routing.module or "–"),
        description=text,
    )
