"""Which robots tell of what."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from outbox import registry
from outbox.models import Delivery, Intent, Robot
from outbox.registry import Notice


def offered() -> list[tuple[str, str | Promise]]:
    """The events that a robot can be told to tell of, as (kind, words)."""
    notices = [registry.get(kind) for kind in registry.kinds()]
    return [(notice.kind, notice.robots) for notice in notices if notice.robots]


def listening(kinds: set[str]) -> list[Robot]:
    """The active robots that tell of any of ``kinds``; no query when no robot may."""
    wanted = sorted(kinds & {kind for kind, _words in offered()})
    return list(Robot.objects.filter(is_active=True, tells__overlap=wanted)) if wanted else []


def to_robots(intent: Intent, notice: Notice, robots: list[Robot], now: datetime) -> list[Delivery]:
    """One delivery for each robot that tells of this intent."""
    mine = [robot for robot in robots if intent.kind in robot.tells]
    team = notice.team_of(intent) if any(robot.team_id for robot in mine) else None
    return [
        Delivery(
            intent=intent,
            channel=Delivery.Channel.ROBOT,
            recipient=robot.key,
            address=robot.name,
            language=robot.language,
            batch=uuid.uuid4(),
            stream=intent.stream,
            created_at=now,
            next_attempt_at=now,
        )
        for robot in mine
        if robot.team_id in (None, team)
    ]


@dataclass(frozen=True)
class Glance:
    """A robot with the words of what it tells of, and its newest message (None: it said nothing yet)."""

    robot: Robot
    tells: list[str]
    newest: Delivery | None
    waiting: int


def at_a_glance() -> list[Glance]:
    """All robots for the administrator's page."""
    words = dict(offered())
    rows = []
    for robot in Robot.objects.select_related("team"):
        said = Delivery.objects.filter(recipient=robot.key, channel=Delivery.Channel.ROBOT)
        newest, waiting = said.order_by("-id").first(), said.filter(state=Delivery.State.QUEUED).count()
        rows.append(Glance(robot, [str(words[kind]) for kind in robot.tells if kind in words], newest, waiting))
    return rows
