"""The promises of the model's house: its own tables, beside those of the product."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING

from helpdesk.tests.properties.working import ALWAYS, Hours

if TYPE_CHECKING:
    from helpdesk.tests.properties.model import Ticket

UPDATE, NEXT, REPORT = "progress_update", "next_response", "root_cause"
FAMILY = {
    "first_response": "first",
    NEXT: "next",
    "workaround": "milestone",
    "solution_path": "milestone",
    "progress_report": "milestone",
    UPDATE: "update",
    "resolution": "resolution",
    REPORT: "report",
}
STILL_IN = {
    "first": frozenset(),
    "next": frozenset(),
    "milestone": frozenset({"pending"}),
    "update": frozenset({"pending", "on_hold"}),
    "resolution": frozenset({"pending"}),
    "report": frozenset(),
}
#: What begins with something else than the ticket and its reopening.
BEGINS_WITH = {NEXT: "message", REPORT: "resolution"}
#: Whose cycles are counted on, and are not those of the ticket.
COUNTED_ON = {UPDATE, NEXT}
#: The marks of a public reply that meet a metric; None: any public reply. A resolution meets everything of its cycle.
ANSWERED_BY = {
    "first_response": None,
    NEXT: None,
    "resolution": set(),
    REPORT: set(),
    "workaround": {"workaround"},
    "solution_path": {"workaround", "solution_path"},
    "progress_report": {"workaround", "solution_path", "progress"},
    UPDATE: None,
}
#: What staff may choose in the menu, and what the move needs.
BY_HAND = {
    ("new", "open"): "",
    ("pending", "open"): "",
    ("on_hold", "open"): "",
    ("new", "pending"): "reply",
    ("open", "pending"): "reply",
    ("on_hold", "pending"): "reply",
    ("new", "on_hold"): "reason",
    ("open", "on_hold"): "reason",
    ("pending", "on_hold"): "reason",
}
#: Every step that a ticket may ever take.
LEGAL = {
    *BY_HAND,
    *((status, "resolved") for status in ("new", "open", "pending", "on_hold")),
    ("resolved", "closed"),
    ("resolved", "open"),
    ("closed", "open"),
}
#: How long the rung below may stay silent.
RUNG_WAITS = {2: timedelta(minutes=15), 3: timedelta(minutes=15)}
OFFICE = Hours("Asia/Shanghai", time(9), time(18), frozenset({date(2026, 6, 4), date(2026, 6, 19)}))


@dataclass(frozen=True)
class Target:
    metric: str
    amount: int
    unit: str = "minutes"
    in_office_hours: bool = False
    policy: int = -1
    """The place of its policy: the same figures under another policy are another promise."""


@dataclass(frozen=True)
class Policy:
    """The first one whose conditions hold counts."""

    targets: tuple[Target, ...]
    severity: str
    team: str | None = None
    category: str | None = None


POLICIES = (
    # No milestone at all: what comes from here begins one late.
    Policy(
        (Target("first_response", 60), Target(NEXT, 90), Target(UPDATE, 120, in_office_hours=True)), "B", team="second"
    ),
    Policy(
        (
            Target("first_response", 45),
            Target("solution_path", 2, "working_days", in_office_hours=True),
            Target(NEXT, 30, in_office_hours=True),
            Target("resolution", 600),
            Target(UPDATE, 60),
        ),
        "A",
        category="network",
    ),
    Policy(
        (Target("first_response", 30), Target("workaround", 120), Target(UPDATE, 120), Target(REPORT, 48 * 60)), "S"
    ),
    Policy(
        (Target("first_response", 120), Target("solution_path", 240), Target(UPDATE, 120, in_office_hours=True)),
        "A",
    ),
    Policy(
        (
            Target("first_response", 240),
            Target("progress_report", 1, "working_days", in_office_hours=True),
            Target(UPDATE, 120, in_office_hours=True),
        ),
        "B",
    ),
)  # fmt: skip


@dataclass
class Book:
    """What is promised at present; the administrator may change it in the midst of a walk."""

    policies: list[Policy] = field(default_factory=lambda: list(POLICIES))
    office: Hours = OFFICE

    def targets(self, ticket: Ticket) -> dict[str, Target]:
        for place, policy in enumerate(self.policies):
            if (
                policy.severity == ticket.severity
                and policy.team in (None, ticket.team)
                and policy.category in (None, ticket.category)
            ):
                return {target.metric: replace(target, policy=place) for target in policy.targets}
        return {}

    def hours_of(self, target: Target) -> Hours:
        return self.office if target.in_office_hours else ALWAYS

    def change_amount(self, position: int, metric: str, amount: int) -> None:
        policy = self.policies[position]
        targets = tuple(replace(each, amount=amount) if each.metric == metric else each for each in policy.targets)
        self.policies[position] = replace(policy, targets=targets)
