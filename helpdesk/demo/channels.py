"""What came to the demo company by its other channels: mails, an alert that told itself fourteen times, a call.

Everything is told by the services that the channels use. Nothing of it calls anybody: the mailbox has no server, robot
and webhook are switched off, and every address ends in `.example`, which no name server knows.
"""

import json
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any

from accounts.models import Team, User
from catalog.models import Module
from helpdesk.demo.accounts import read
from intake.alerts.models import AlertPost, AlertSource
from intake.alerts.sources import issue_key, settle_source
from intake.alerts.taking_in import take_in
from intake.mail.processing import process
from intake.mail.receiving import receive
from intake.models import InboundMail, Mailbox
from intake.phone.services import log_call
from outbox.models import Robot, WebhookCall, WebhookEndpoint
from outbox.sealing import seal
from outbox.webhooks.services import save_endpoint
from tickets.models import Resolution, Ticket
from tickets.services import conversation, moves

_MINUTE = timedelta(minutes=1)
#: How long the team took for an answer by mail.
_ANSWERED_AFTER = 38 * _MINUTE
_HEAD = 4096


def load_channels(*, now: datetime) -> None:
    """Write the picture; ``now`` is the instant of loading."""
    said = read("channels")
    administrator = User.objects.get(memberships__role__code="administrator")
    endpoint = _begin_webhook(said["webhook"], actor=administrator, now=now)
    _mails(said, now=now)
    _alert(said["source"], actor=administrator, now=now)
    _call(said["call"], now=now)
    _end_webhook(endpoint, said["webhook"], actor=administrator, now=now)
    _robot(said["robot"])


def _mails(said: dict[str, Any], *, now: datetime) -> None:
    """Each mail when it came, and the team's answer, so that a later one finds what it belongs to."""
    row = said["mailbox"]
    mailbox = Mailbox.objects.create(
        address=row["address"], name=row["name"], team=Team.objects.get(code=row["team"]), language="zh-hans"
    )
    for place, mail in enumerate(said["mails"]):
        at = now - timedelta(hours=mail["hours_ago"])
        raw = _bytes_of(mail, place, to=mailbox.address, at=at)
        whole = mail.get("megabytes", 0) * 1024 * 1024 or None
        came = receive(raw=raw[:_HEAD] if whole else raw, mailbox=mailbox, whole_size=whole, now=at)
        came = process(came, now=at + _MINUTE)
        if came.ticket and came.state == InboundMail.State.PROCESSED:
            _answer(came.ticket, mail, at + _ANSWERED_AFTER)


def _bytes_of(mail: dict[str, Any], place: int, *, to: str, at: datetime) -> bytes:
    """The mail as a mail program would have written it."""
    written = EmailMessage()
    address = mail.get("from", "")
    person = User.objects.filter(email=address).first()
    name = mail.get("name") or (person.name if person else "")
    written["From"] = formataddr((name, address)) if address else mail["sender"]
    written["To"], written["Subject"], written["Date"] = to, mail["subject"], format_datetime(at)
    written["Message-ID"] = _message_id(mail.get("key") or str(place))
    if answered := mail.get("answers"):
        written["In-Reply-To"] = written["References"] = _message_id(answered)
    for header, value in mail.get("headers", {}).items():
        written[header] = value
    written.set_content(mail["text"])
    return written.as_bytes()


def _message_id(key: str) -> str:
    return f"<{key}.7f3a@mail.yunfan.example>"


def _answer(ticket: Ticket, said: dict[str, Any], at: datetime) -> None:
    actor = _whose(ticket)
    if words := said.get("reply"):
        marks = ["solution_path"] if said.get("status") == "pending" else []
        conversation.reply(ticket=ticket, actor=actor, body=words, marks=marks, status=said.get("status", ""), now=at)
    if said.get("cause"):
        moves.resolve_ticket(
            ticket=ticket,
            actor=actor,
            cause=said["cause"],
            solution=said["solution"],
            verification=Resolution.Verification.TEST,
            proof=said["proof"],
            now=at + 2 * _MINUTE,
        )


def _whose(ticket: Ticket) -> User:
    """Who works on it: its assignee, else the lead of its team."""
    row = Ticket.objects.select_related("assignee", "team__lead").get(pk=ticket.pk)
    person = row.assignee or (row.team.lead if row.team else None)
    assert person is not None  # every team of the demo has a lead, and every ticket a team
    return person


def _alert(said: dict[str, Any], *, actor: User, now: datetime) -> None:
    """One that fired, told itself again and again, and was over; its ticket resolved itself."""
    source = AlertSource.objects.create(
        name=said["name"],
        code=said["code"],
        kind=AlertSource.Kind.ALERTMANAGER,
        team=Team.objects.get(code=said["team"]),
        module=Module.objects.get(code=said["module"]),
        resolves=True,
    )
    settle_source(source=source, actor=actor, now=now)
    issue_key(source=source, actor=actor, now=now)
    began = now - timedelta(hours=said["hours_ago"])
    for turn in range(said["repeats"] + 1):
        at = began + turn * said["every_minutes"] * _MINUTE
        over = turn == said["repeats"]
        body = _told(said["alert"], began=began, ended=at if over else None)
        post = AlertPost.objects.create(source=source, body=body, received_at=at, next_attempt_at=at)
        take_in(post=post, now=at)


def _told(alert: dict[str, Any], *, began: datetime, ended: datetime | None) -> str:
    """A message of Alertmanager, version 4."""
    status = "resolved" if ended else "firing"
    ends = ended.isoformat() if ended else "0001-01-01T00:00:00Z"
    name = {"alertname": alert["labels"]["alertname"]}
    message = {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{name["alertname"]}"}}',
        "status": status,
        "receiver": "helpdesk",
        "groupLabels": name,
        "alerts": [{**alert, "status": status, "startsAt": began.isoformat(), "endsAt": ends}],
    }
    return json.dumps(message, ensure_ascii=False, indent=2)


def _call(said: dict[str, Any], *, now: datetime) -> None:
    """Taken by whoever is on duty, solved while they talked."""
    at = now - said["minutes_ago"] * _MINUTE
    caller = User.objects.get(email=said["caller"])
    module = Module.objects.get(code=said["module"])
    actor = User.objects.filter(memberships__team__code="platform", memberships__role__code="agent").earliest("pk")
    data = {key: said[key] for key in ("phone", "subject", "description", "impact", "urgency")}
    data |= {"caller": caller, "name": "", "email": "", "module": module, "submission_key": "demo-call-of-the-morning"}
    ticket = log_call(actor=actor, data=data, now=at)
    _answer(ticket, said, at + 11 * _MINUTE)


def _begin_webhook(said: dict[str, Any], *, actor: User, now: datetime) -> WebhookEndpoint:
    """Switched on for the time of the telling, so that what happens is written down for it."""
    endpoint, _secret = save_endpoint(actor=actor, name=said["name"], url=said["url"], hears=said["hears"], now=now)
    return endpoint


def _end_webhook(endpoint: WebhookEndpoint, said: dict[str, Any], *, actor: User, now: datetime) -> None:
    """Let all calls be past but one, which was given up, and switch the endpoint off: nothing is ever sent."""
    calls = list(WebhookCall.objects.filter(endpoint=endpoint).order_by("pk"))
    for call in calls:
        call.state, call.attempts, call.status, call.answer = WebhookCall.State.ACCEPTED, 1, 200, said["answer"]
        call.accepted_at = call.created_at + timedelta(seconds=2)
    dead = calls[-1]
    dead.state, dead.attempts, dead.status, dead.answer = WebhookCall.State.DEAD, 12, 503, ""
    dead.accepted_at, dead.last_error = None, said["error"]
    told = ["state", "attempts", "status", "answer", "accepted_at", "last_error"]
    WebhookCall.objects.bulk_update(calls, told)
    save_endpoint(
        actor=actor,
        endpoint=endpoint,
        name=said["name"],
        url=said["url"],
        hears=said["hears"],
        is_active=False,
        now=now,
    )


def _robot(said: dict[str, Any]) -> None:
    Robot.objects.create(
        name=said["name"],
        kind=said["kind"],
        host=said["host"],
        sealed_address=seal(said["address"]),
        team=Team.objects.get(code=said["team"]),
        tells=said["tells"],
        is_active=False,
    )
