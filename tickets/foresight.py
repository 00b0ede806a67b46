"""What becomes of a problem: its grade, where it goes, what it is promised. Asked before it is sent, and when it is.

The form's preview and the new ticket ask the same functions with the same facts, so that what was shown is what holds.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from accounts.models import Organization
from catalog.models import Category, Module, Version
from sla.facts import Facts
from sla.selectors import targets_for
from tickets import grading, triage
from tickets.choices import Status
from tickets.promises import promises_in_words

_NO_TIME = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Judgement:
    """The grade and the way of one problem, each with its reasons."""

    grade: grading.Grade
    routing: triage.Routing
    organization: Organization | None

    @property
    def promised(self) -> list[str]:
        """What the matching policy promises, one sentence each."""
        return promises_in_words(targets_for(self._facts))

    @property
    def _facts(self) -> Facts:
        return Facts(
            ticket_id=0,
            severity=self.grade.severity,
            status=Status.NEW,
            cycle=1,
            cycle_started_at=_NO_TIME,
            service_level=service_level_of(self.organization),
            organization_id=self.organization.pk if self.organization else None,
            team_id=self.routing.team.pk if self.routing.team else None,
            category_id=self.routing.category.pk if self.routing.category else None,
        )


def judge(
    *,
    subject: str,
    description: str,
    impact: str = "",
    urgency: str = "",
    data_loss: bool | None = None,
    category: Category | None = None,
    module: Module | None = None,
    version: Version | None = None,
    organization: Organization | None = None,
) -> Judgement:
    """Grade and route a problem; ``organization`` is the requester's, None where it must not count."""
    grade = grading.grade(
        subject=subject,
        description=description,
        impact=impact,
        urgency=urgency,
        data_loss=data_loss,
        service_level=service_level_of(organization),
    )
    routing = triage.classify(
        subject=subject, description=description, category=category, module=module, version=version
    )
    return Judgement(grade, routing, organization)


def service_level_of(organization: Organization | None) -> str:
    """The level that grades and policies go by; empty where there is no organization."""
    return organization.service_level if organization else ""
