"""The metrics, each declared once: what starts it, what meets it, where it pauses, what replaces it after a re-grade.

A new metric is a row here, a word in `sla.choices.MetricCode` and targets in the policies.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from sla.choices import MetricCode, PauseReason

WORKAROUND, SOLUTION_PATH, PROGRESS = "workaround", "solution_path", "progress"


class Start(Enum):
    """What begins a clock."""

    TICKET = "the ticket, and each reopening"
    MESSAGE = "a message of the customer that waits for an answer, never before the first response was given"
    RESOLUTION = "the resolution"


@dataclass(frozen=True)
class Reply:
    """What a clock needs to know of a message to the customer.

    Notes, automatic mails and untouched templates are never turned into one (design.md, «no gaming»).
    ``marks`` are the promises that its writer says it fulfils; ``resolves`` is true for the message of a resolution,
    ``is_news`` unless the customer could read the same words before.
    """

    marks: frozenset[str] = field(default_factory=frozenset)
    resolves: bool = False
    is_news: bool = True

    def fulfils(self, *marks: str) -> bool:
        """Whether it keeps a promise that one of ``marks`` keeps; a resolution keeps them all."""
        return self.resolves or not self.marks.isdisjoint(marks)


@dataclass(frozen=True)
class Report:
    """The root cause report of a resolution (mission.md 6.3)."""

    resolves: bool = False


#: What a person does that may meet clocks.
Deed = Reply | Report


@dataclass(frozen=True)
class Metric:
    """How one metric behaves.

    Attributes:
        family: metrics of one family replace each other when the severity changes.
        met_by: whether a deed meets it.
        pauses_in: ticket statuses in which the clock stands still.
        starts_with: what begins it.
        repeats: a met or missed clock is followed by the next cycle while the ticket is worked on.
    """

    code: str
    family: str
    met_by: Callable[[Deed], bool]
    pauses_in: frozenset[str] = frozenset()
    starts_with: Start = Start.TICKET
    repeats: bool = False

    @property
    def counts_on(self) -> bool:
        """Whether its cycles are counted on their own and are not those of the ticket."""
        return self.repeats or self.starts_with == Start.MESSAGE


def _replied(deed: Deed) -> bool:
    return isinstance(deed, Reply)


def _told_news(deed: Deed) -> bool:
    return isinstance(deed, Reply) and (deed.is_news or deed.resolves)


def _marked(*marks: str) -> Callable[[Deed], bool]:
    return lambda deed: isinstance(deed, Reply) and deed.fulfils(*marks)


#: Only the customer stops a milestone; who waits for a third party has promised the customer all the same, and could
#: otherwise stop any clock with a word to himself (docs/decisions/0005).
WAITING_FOR_CUSTOMER = frozenset({PauseReason.PENDING})
#: Nobody works on it: no progress to tell.
WAITING = frozenset({PauseReason.PENDING, PauseReason.ON_HOLD})

METRICS: dict[str, Metric] = {
    metric.code: metric
    for metric in (
        # Nothing but an answer stops a response: the customer waits whatever the ticket's status says.
        Metric(MetricCode.FIRST_RESPONSE, "first_response", _replied),
        Metric(MetricCode.NEXT_RESPONSE, "next_response", _replied, starts_with=Start.MESSAGE),
        Metric(MetricCode.WORKAROUND, "milestone", _marked(WORKAROUND), WAITING_FOR_CUSTOMER),
        Metric(MetricCode.SOLUTION_PATH, "milestone", _marked(SOLUTION_PATH, WORKAROUND), WAITING_FOR_CUSTOMER),
        Metric(
            MetricCode.PROGRESS_REPORT, "milestone", _marked(PROGRESS, SOLUTION_PATH, WORKAROUND), WAITING_FOR_CUSTOMER
        ),
        Metric(MetricCode.PROGRESS_UPDATE, "progress_update", _told_news, WAITING, repeats=True),
        Metric(MetricCode.RESOLUTION, "resolution", _marked(), WAITING_FOR_CUSTOMER),
        # It is owed to the house, after the customer was helped: nobody's silence stops it.
        Metric(
            MetricCode.ROOT_CAUSE,
            "root_cause",
            lambda deed: isinstance(deed, Report),
            starts_with=Start.RESOLUTION,
        ),
    )
}
#: The metrics that come back as long as the ticket is worked on.
REPEATING = frozenset(code for code, metric in METRICS.items() if metric.repeats)
#: The metrics whose cycles are counted on their own.
COUNTED_ON = frozenset(code for code, metric in METRICS.items() if metric.counts_on)


def family_of(code: str) -> str:
    """The family of the metric ``code``."""
    return METRICS[code].family
