"""What the names in a record mean here: people by their address, teams and categories by code or name."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.validators import validate_email
from django.db.models import Q
from django.db.models.functions import Lower

from accounts.models import Team, User
from accounts.selectors import colleagues
from accounts.services.people import find_or_create_requester
from catalog.models import Category
from intake.importing.records import MOST_TEXT, BadRecord, MessageRecord, TicketRecord
from tickets.choices import MessageKind, Status
from tickets.services.history import PastMessage, PastTicket

_MOST_MESSAGES = 5000
#: Their clocks and ours differ.
_GRACE = timedelta(minutes=10)


class Planner:
    """Looks names up once for a whole import."""

    def __init__(self, *, folder: Path, now: datetime) -> None:
        self._folder, self._now = folder, now
        self._staff = {person.email.lower(): person for person in colleagues()}
        self._teams = _by_words(Team.objects.all())
        self._categories = _by_words(Category.objects.all())
        self._known: dict[str, bool] = {}

    def check(self, row: TicketRecord) -> None:
        """Refuse what cannot be a ticket.

        Raises:
            BadRecord: with what to mend.
        """
        if len(row.external_id) > 120:
            raise BadRecord("the id is longer than 120 characters")
        self._demand_address(row.email)
        if not row.messages:
            raise BadRecord("it holds no message")
        if len(row.messages) > _MOST_MESSAGES:
            raise BadRecord(f"it holds more than {_MOST_MESSAGES} messages")
        instants = [row.created_at, row.updated_at, *(message.created_at for message in row.messages)]
        instants += [row.ended_at] if row.ended_at else []
        if max(instants) > self._now + _GRACE:
            raise BadRecord("a date lies in the future")
        if row.status == Status.ON_HOLD and not row.hold_reason:
            raise BadRecord("hold_reason is missing: what does it wait for?")
        for message in row.messages:
            if message.kind == MessageKind.CUSTOMER and message.email:
                self._demand_address(message.email)
            for name in message.files:
                self._file(name)

    def _demand_address(self, email: str) -> None:
        try:
            validate_email(email.strip().lower())
        except ValidationError as error:
            raise BadRecord(f"“{email[:80]}” is not an e-mail address") from error

    def foresee(self, row: TicketRecord, counts: Counter[str]) -> None:
        """Count what a dry run would make beside the ticket."""
        for email in {row.email, *(m.email for m in row.messages if m.kind == MessageKind.CUSTOMER and m.email)}:
            key = email.strip().lower()
            if key not in self._known:
                self._known[key] = User.objects.alias(key=Lower("email")).filter(key=key).exists()
                counts["new_people"] += not self._known[key]

    def unknown_in(self, row: TicketRecord) -> list[str]:
        """Names in the record that stand for nothing here."""
        found = []
        for what, name, table in (
            ("team", row.team, self._teams),
            ("category", row.category, self._categories),
            ("assignee", row.assignee, self._staff),
        ):
            if name and name.lower() not in table:
                found.append(f"{what}: {name[:80]}")
        return found

    def past(self, row: TicketRecord, *, source: str) -> PastTicket:
        """The record with everybody and everything found; customers who are new become known by it."""
        requester = self._customer(row.email, row.name)
        ends = row.ended_at or row.updated_at if row.status == Status.CLOSED else None
        messages = [self._message(message, requester) for message in row.messages]
        return PastTicket(
            source=source,
            number=row.number or row.external_id,
            subject=" ".join(row.subject.split())[:200],
            requester=requester,
            status=row.status,
            severity=row.severity,
            created_at=row.created_at,
            updated_at=max(row.updated_at, row.created_at),
            ended_at=max(ends, row.created_at) if ends else None,
            channel=row.channel,
            team=self._teams.get(row.team.lower()),
            assignee=self._assignee(row, requester),
            category=self._categories.get(row.category.lower()),
            tags=row.tags[:12],
            hold_reason=row.hold_reason[:200] if row.status == Status.ON_HOLD else "",
            messages=messages,
        )

    def _assignee(self, row: TicketRecord, requester: User) -> User | None:
        person = self._staff.get(row.assignee.lower())
        return person if person is not None and person.pk != requester.pk else None

    def _message(self, message: MessageRecord, requester: User) -> PastMessage:
        author: User | None = None
        if message.kind == MessageKind.CUSTOMER:
            own = not message.email or message.email.lower() == requester.email.lower()
            author = requester if own else self._customer(message.email, message.name)
        elif message.kind != MessageKind.AUTOMATIC:
            author = self._staff.get(message.email.lower())
        body, writer = message.body, message.name or message.email
        if author is None and writer and message.kind in (MessageKind.PUBLIC, MessageKind.NOTE):
            body = f"{writer}:\n{body}"  # nobody here: the words still say whose they were
        files = [self._upload(name) for name in message.files]
        return PastMessage(message.kind, body[:MOST_TEXT], message.created_at, author, files=files)

    def _customer(self, email: str, name: str) -> User:
        return find_or_create_requester(email=email, name=name, language="", now=self._now)

    def _file(self, name: str) -> Path:
        """A file below the folder of the export; what leads out of it is refused.

        Raises:
            BadRecord: when there is no such file.
        """
        found = (self._folder / name).resolve()
        if not found.is_relative_to(self._folder) or not found.is_file():
            raise BadRecord(f"the file “{name[:80]}” is not beside the export")
        return found

    def _upload(self, name: str) -> SimpleUploadedFile:
        found = self._file(name)
        return SimpleUploadedFile(found.name, found.read_bytes())


def _by_words(rows: Any) -> dict[str, Any]:
    """Rows by code and by their name in either language; a code wins over a name, the first of two names over the
    second."""
    found: dict[str, Any] = {}
    for row in rows.filter(~Q(code="")).order_by("pk"):
        for text in (row.name, row.name_en):
            if text:
                found.setdefault(text.lower(), row)
    return found | {row.code.lower(): row for row in rows}
