"""From a call to a ticket."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Membership, Role, User
from accounts.services.people import find_or_create_requester, stand_in
from intake.phone.selectors import digits_of
from outbox.once import once
from tickets.choices import Channel
from tickets.models import Ticket
from tickets.services.intake import Submission, create_ticket

_SAID = ("phone", "name", "email", "subject", "description", "impact", "urgency")


def log_call(*, actor: User, data: dict[str, Any], now: datetime) -> Ticket:
    """The ticket of a validated `CallForm`, the same one however often it is sent."""

    def make() -> tuple[int, dict]:
        requester = caller or _newcomer(data, actor=actor, now=now)
        submission = Submission(
            subject=data["subject"],
            description=data["description"].strip() or data["subject"],
            requester=requester,
            channel=Channel.PHONE,
            language=requester.language,
            impact=data["impact"],
            urgency=data["urgency"],
            module=module,
        )
        return 201, {"ticket": create_ticket(submission=submission, actor=actor, now=now).pk}

    caller, module = data["caller"], data["module"]
    said = {name: data[name] for name in _SAID} | {"caller": caller and caller.pk, "module": module and module.pk}
    fingerprint = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    key = f"call:{data['submission_key']}:{fingerprint[:32]}"
    _status, answer, _replayed = once(user_id=actor.pk, key=key, fingerprint=fingerprint, now=now, make=make)
    return Ticket.objects.get(pk=answer["ticket"])


@transaction.atomic
def _newcomer(data: dict[str, Any], *, actor: User, now: datetime) -> User:
    """A person of whom the agent heard just now, with the number for the next call; without an address, by it alone."""
    digits = digits_of(data["phone"])
    if data["email"]:
        person = find_or_create_requester(email=data["email"], name=data["name"], language=actor.language, now=now)
    else:
        person = stand_in(key=f"phone-{digits}", name=data["name"], language=actor.language)
        Membership.objects.get_or_create(user=person, role=Role.objects.get(code="customer"), team=None)
    if digits and not person.phone:
        person.phone = data["phone"].strip()[:40]
        person.save(update_fields=["phone"])
    return person
