"""The metrics, each declared once: what meets it, where it pauses, what replaces it after a re-grade.

A new metric is a row here, a word in `sla.choices.MetricCode` and targets in the policies.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from sla.choices import MetricCode

WORKAROUND, SOLUTION_PATH, PROGRESS = "workaround", "solution_path", "progress"
#: What starts a clock: the ticket and each reopening, or a message of the customer that waits for an answer.
TICKET, MESSAGE = "ticket", "message"


@dataclass(frozen=True)
class Reply:
    """What a clock needs to know of a message to the customer.

    Notes, automatic mails and untouched templates are never turned into one (design.md, «no gaming»).
    ``marks`` are the promises that its writer says it fulfils; ``resolves`` is true for the message of a resolution.
    """

    marks: frozenset[str] = field(default_factory=frozenset)
    resolves: bool = False


@dataclass(frozen=True)
class Metric:
    """How one metric behaves.

    Attributes:
        family: metrics of one family replace each other when the severity changes.
        pauses_in: ticket statuses in which the clock stands still.
        met_by: whether a reply of a person to the customer meets it.
        repeats: a met or missed clock is followed by the next cycle while the ticket is worked on.
        starts_with: `TICKET` or `MESSAGE`; the latter never before the first response was given.
    """

    code: str
    family: str
    pauses_in: frozenset[str]
    met_by: Callable[[Reply], bool]
    repeats: bool = False
    starts_with: str = TICKET

    @property
    def counts_on(self) -> bool:
        """Whether its cycles are counted on their own and are not those of the ticket."""
        return self.repeats or self.starts_with == MESSAGE


#: Only the customer stops a milestone; who waits for a third party has promised the customer all the same, and could
#: otherwise stop any clock with a word to himself (docs/decisions/0005).
WAITING_FOR_CUSTOMER = frozenset({"pending"})
#: Nobody works on it: no progress to tell.
WAITING = frozenset({"pending", "on_hold"})

METRICS: dict[str, Metric] = {
    metric.code: metric
    for metric in (
        # The first response never pauses: nothing but an answer can stop it.
        Metric(MetricCode.FIRST_RESPONSE, "first_response", frozenset(), lambda reply: True),
        # The customer waits whatever the ticket's status says, so it never pauses either.
        Metric(MetricCode.NEXT_RESPONSE, "next_response", frozenset(), lambda reply: True, starts_with=MESSAGE),
        Metric(
            MetricCode.WORKAROUND,
            "milestone",
            WAITING_FOR_CUSTOMER,
            lambda reply: reply.resolves or WORKAROUND in reply.marks,
        ),
        Metric(
            MetricCode.SOLUTION_PATH,
            "milestone",
            WAITING_FOR_CUSTOMER,
            lambda reply: reply.resolves or bool(reply.marks & {SOLUTION_PATH, WORKAROUND}),
        ),
        Metric(
            MetricCode.PROGRESS_REPORT,
            "milestone",
            WAITING_FOR_CUSTOMER,
            lambda reply: reply.resolves or bool(reply.marks & {PROGRESS, SOLUTION_PATH, WORKAROUND}),
        ),
        Metric(MetricCode.PROGRESS_UPDATE, "progress_update", WAITING, lambda reply: True, repeats=True),
    )
}
#: The metrics that come back as long as the ticket is worked on.
REPEATING = frozenset(code for code, metric in METRICS.items() if metric.repeats)


def family_of(code: str) -> str:
    """The family of the metric ``code``."""
    return METRICS[code].family
