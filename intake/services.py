"""From a filled-in form to a ticket, exactly once however often it is sent."""

import hashlib
import json
from datetime import datetime
from typing import Any

from accounts.models import Team, User
from accounts.services.people import find_or_create_requester
from outbox.once import once
from tickets.choices import Channel
from tickets.custom import split
from tickets.foresight import Judgement, judge
from tickets.models import Ticket
from tickets.services.intake import Submission, create_ticket

_PLAIN = ("subject", "description", "impact", "urgency", "affected", "trigger")
_ROWS = ("module", "version", "category")


def submit(
    *,
    data: dict[str, Any],
    user: User | None,
    language: str,
    channel: str = "",
    team: Team | None = None,
    now: datetime,
) -> tuple[Ticket, bool]:
    """The ticket of a validated form, and whether it is the one of an earlier sending of the same form.

    ``channel`` and ``team`` are those of the place where the form stands, when that is not the portal. The same form
    with other words is another problem (somebody went back and wrote anew), so the key covers the words.

    Raises:
        ValidationError: when a file is refused.
    """
    requester = user or find_or_create_requester(email=data["email"], name=data["name"], language=language, now=now)
    fingerprint = _fingerprint(data)
    key = f"form:{data['submission_key']}:{fingerprint[:32]}"

    def make() -> tuple[int, dict]:
        submission = Submission(
            requester=requester,
            channel=channel or (Channel.PORTAL if user else Channel.WEB),
            team=team,
            language=language,
            data_loss=data["data_loss"] or None,
            began_at=data["began_at"],
            files=data["files"],
            custom=split(data)[1],
            **{name: data[name] for name in (*_PLAIN, *_ROWS)},
        )
        return 201, {"ticket": create_ticket(submission=submission, actor=user).pk}

    _status, answer, replayed = once(user_id=requester.pk, key=key, fingerprint=fingerprint, now=now, make=make)
    return Ticket.objects.get(pk=answer["ticket"]), replayed


def judged_by_words(*, ticket: Ticket) -> Judgement:
    """Grade and promise of a new ticket by what was said in it alone, whoever it was said for."""
    said = ticket.messages.earliest("pk")
    return judge(
        subject=ticket.subject,
        description=said.body,
        impact=ticket.impact,
        urgency=ticket.urgency,
        data_loss=ticket.data_loss or None,
        category=ticket.category,
        module=ticket.module,
    )


def _fingerprint(data: dict[str, Any]) -> str:
    said = {name: data[name] for name in _PLAIN}
    said |= {name: data[name].pk if data[name] else None for name in _ROWS}
    said["custom"] = {code: str(value) for code, value in split(data)[1].items()}
    said |= {"data_loss": data["data_loss"], "files": [(file.name, file.size) for file in data["files"]]}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
