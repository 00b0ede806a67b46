"""Two organizations, two teams, a ticket of each with all that hangs on it, articles of every kind, a mail, links.

Every object carries a word of its own (a canary), so that any page can be searched for what its reader may not see.
"""

import uuid
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils.http import int_to_base36

from accounts.authentication import PREFIX_LENGTH, hashed, new_secret
from accounts.links import invitation_token
from accounts.models import Absence, ApiToken, User
from accounts.tests.factories import (
    OrganizationFactory,
    TeamFactory,
    UserFactory,
    give_role,
    make_administrator,
    make_agent,
    make_customer,
    make_lead,
    make_manager,
    make_service,
)
from feedback.models import Survey
from feedback.services.surveys import survey_token
from helpdesk.tests.access.table import ANONYMOUS, INSIDE, LEADS, ROLES, SEES, STAFF, TOKEN
from intake.alerts.models import AlertPost, AlertSource
from intake.alerts.samples import sample_of
from intake.alerts.sources import settle_source
from intake.alerts.taking_in import take_in
from intake.chat.models import ChatWidget
from intake.chat.services import Opening, begin
from intake.mail.receiving import receive
from intake.models import InboundMail, Mailbox
from intake.wecom.models import WecomApp, WecomMessage
from knowledge.tests.factories import draft, published
from outbox import clock, unsubscribing
from outbox.models import Intent, MailboxMessage, Robot, WebhookEndpoint
from outbox.sealing import seal
from outbox.services import heard
from sla.engine import HEART
from tickets.models import Attachment, Escalation, Message, SavedView, Ticket
from tickets.services.canned import save_canned
from tickets.services.cause_reports import report_cause
from tickets.services.conversation import add_note, reply
from tickets.services.grades import contest
from tickets.services.incidents import open_incident
from tickets.services.lead import call_in
from tickets.services.links import answer_link, mint_status_link
from tickets.services.merging import merge_ticket
from tickets.services.moves import resolve_ticket
from tickets.services.originals import keep_original
from tickets.services.shift_notes import write_note
from tickets.tests.factories import handed_over, make_ticket

#: Word → who may read it anywhere. `common` stands in all of them, to search by.
COMMON = "gemeinwort"
CANARIES: dict[str, frozenset[str]] = {
    "nordfall": SEES,  # subject of the ticket
    "nordnotiz": INSIDE,  # its internal note
    "suedfall": frozenset({"stranger", "elsewhere", "manager", "administrator"}),
    "suednotiz": frozenset({"elsewhere", "manager", "administrator"}),
    "fernfall": frozenset({"manager", "administrator"}),  # a ticket without a team, of nobody here
    "entwurfswort": frozenset({"agent", "lead", "administrator"}),  # a draft, of the agent
    "internwort": STAFF,  # an internal article
    "postwort": INSIDE,  # a mail that is held at the ticket
    "parkwort": LEADS,  # a mail that was parked, of the north's mailbox
    "schichtwort": frozenset({"agent", "lead", "manager", "administrator"}),  # a hand-over note of the north
    "kontrahent": INSIDE | {"elsewhere", "stranger", "product"},  # the stranger's name: staff know customers
}


class Scene:
    """The rows, by name, and a browser or program for every role."""

    def __init__(self) -> None:
        self.now = clock.now()
        self.people: dict[str, User] = {}
        self.things: dict[str, Any] = {}
        self._people()
        self._tickets()
        self._feedback()
        self._articles()
        self._rest()
        self._sessions: dict[str, Client] = {}
        self._secret = self._token(self.people["administrator"], [])
        for role, person in self.people.items():
            client = Client()
            client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
            self._sessions[role] = client

    def client(self, role: str) -> Client:
        """A fresh browser with the session of ``role``; for `token` a program without any scope."""
        if role == TOKEN:
            return Client(HTTP_AUTHORIZATION=f"Bearer {self._secret}")
        client = Client(REMOTE_ADDR=f"10.0.0.{ROLES.index(role)}")  # limits by address meet one role at a time
        if role != ANONYMOUS:
            for name, morsel in self._sessions[role].cookies.items():
                client.cookies[name] = morsel.value
        return client

    def value(self, name: str) -> Any:
        """What stands for the thing ``name`` in an address; anything else stands for itself."""
        thing = self.things.get(name, name)
        return thing.number if isinstance(thing, Ticket) else getattr(thing, "pk", thing)

    def named(self, word: Any) -> Any:
        """The same for a value of a body, where things are written «@name»."""
        return self.value(word[1:]) if isinstance(word, str) and word.startswith("@") else word

    def _people(self) -> None:
        alpha, beta = OrganizationFactory(), OrganizationFactory()
        north, south = TeamFactory(), TeamFactory()
        self.people = {
            "requester": make_customer(alpha, phone="138 0000 2222"),
            "colleague": make_customer(alpha),
            "overseer": make_customer(alpha, sees_organization=True),
            "stranger": make_customer(beta, name="Kontrahent"),
            "agent": make_agent(north),
            "elsewhere": make_agent(south),
            "lead": make_lead(north),
            "product": give_role(UserFactory(), "product"),
            "rnd": give_role(UserFactory(), "rnd"),
            "manager": make_manager(),
            "administrator": make_administrator(),
        }
        self.things |= {"alpha": alpha, "beta": beta, "north": north, "south": south}
        self.things |= {f"person:{role}": person for role, person in self.people.items()}

    def _tickets(self) -> None:
        people, things = self.people, self.things
        north = self._ticket("north", "requester", "agent", "Nordfall")
        add_note(ticket=north, actor=people["agent"], body=f"Nordnotiz {COMMON}", files=[_file("notiz.txt")])
        reply(ticket=north, actor=people["agent"], body="We look at it.", files=[_file("antwort.txt")])
        contest(ticket=north, actor=people["requester"], wanted="S", reason="We cannot ship.")
        south = self._ticket("south", "stranger", "elsewhere", "Suedfall")
        add_note(ticket=south, actor=people["elsewhere"], body=f"Suednotiz {COMMON}")
        reply(ticket=south, actor=people["elsewhere"], body="We look at it.", files=[_file("sued.txt")])
        solved = self._ticket("north", "requester", "agent", "Nordfall zwei")
        resolve_ticket(ticket=solved, actor=people["agent"], cause="c", solution="s", verification="customer")
        report_cause(ticket=solved, actor=people["agent"], course="c", cause="c", prevention="p")
        merged = self._ticket("north", "requester", "agent", "Nordfall drei")
        into = self._ticket("north", "requester", "agent", "Nordfall vier")
        merge_ticket(ticket=merged, into=into, actor=people["agent"], words="Both go on here.")
        far = make_ticket(subject=f"Fernfall {COMMON}", description=f"Fernfall {COMMON}", now=self.now)
        Ticket.objects.filter(pk=far.pk).update(team=None, assignee=None)
        for ticket in (north, solved):
            call_in(ticket=ticket, people=[people["rnd"]], actor=people["agent"])
        given = self._ticket("north", "requester", "agent", "Gebefall")
        handed_over(ticket=given, actor=people["agent"], team=things["south"])
        things |= {"given": given}
        things |= {"ticket": north, "foreign": south, "solved": solved, "merged": merged, "far": far}
        for name, ticket, kind in (
            ("note_file", north, "note"),
            ("public_file", north, "public"),
            ("foreign_file", south, "public"),
        ):
            things[name] = Attachment.objects.get(message__ticket=ticket, message__kind=kind)
        things["public_message"] = things["public_file"].message
        things["note_message"] = things["note_file"].message
        things["clock"] = north.clocks.filter(metric="first_response").latest("pk")
        things["original"] = keep_original(message=north.messages.earliest("pk"), html=f"<p>Nordfall {COMMON}</p>")
        for name, ticket in (("escalation", north), ("foreign_escalation", south)):
            things[name] = self._escalation(ticket)
        assert Message.objects.filter(ticket=north).count() == 3

    def _ticket(self, team: str, requester: str, assignee: str, subject: str) -> Ticket:
        words = f"{subject} {COMMON}"
        self.things[team].refresh_from_db()  # the factory moves the mark of the fallback team
        return make_ticket(
            team=self.things[team],
            requester=self.people[requester],
            assignee=self.people[assignee],
            subject=words,
            description=words,
            now=self.now,
        )

    def _escalation(self, ticket: Ticket) -> Escalation:
        return Escalation.objects.create(
            ticket=ticket,
            metric="first_response",
            cycle=1,
            level=1,
            severity=ticket.severity,
            team=ticket.team,
            due_at=self.now,
            created_at=self.now,
        )

    def _feedback(self) -> None:
        solved = self.things["solved"]
        self.things["survey"] = Survey.objects.create(
            ticket=solved,
            cycle=1,
            customer=solved.requester,
            created_at=self.now,
            expires_at=self.now + timedelta(days=30),
        )
        self.things["survey_token"] = survey_token(self.things["survey"])
        link = mint_status_link(ticket=self.things["ticket"], user=self.people["requester"], now=self.now)
        self.things["link"] = link.rstrip("/").rpartition("/")[2]
        self.things["answer"] = answer_link(ticket=solved, cycle=solved.cycle).rstrip("/").rpartition("/")[2]

    def _articles(self) -> None:
        agent = self.people["agent"]
        said = {"problem": f"{COMMON} happens.", "language": "en"}
        articles = {
            "public_article": published(agent, title=f"Offenwort {COMMON}", **said),
            "internal_article": published(agent, title=f"Internwort {COMMON}", visibility="internal", **said),
            "draft_article": draft(agent, title=f"Entwurfswort {COMMON}", **said),
        }
        self.things |= articles | {f"{name}:slug": article.slug for name, article in articles.items()}

    def _monitoring(self) -> dict[str, Any]:
        source = AlertSource.objects.create(name="M", code="m", kind="grafana", team=self.things["north"])
        settle_source(source=source, actor=self.people["administrator"], now=self.now)
        drawn = AlertSource.objects.create(name="N", code="n", kind="generic", proof="hmac")
        settle_source(source=drawn, actor=self.people["administrator"], now=self.now)
        post = AlertPost.objects.create(
            source=source, body=sample_of("grafana"), received_at=self.now, next_attempt_at=self.now
        )
        take_in(post=post, now=self.now)
        ticket = Ticket.objects.get(channel="alert")
        failed = AlertPost.objects.create(
            source=source, body="x", state="failed", received_at=self.now, next_attempt_at=self.now
        )
        app = WecomApp.objects.create(name="W", corp_id="ww1")
        words = {"app": app, "userid": "lin", "kind": "text", "received_at": self.now, "next_attempt_at": self.now}
        xml = "<xml><MsgType>text</MsgType><Content>x</Content></xml>"
        held = WecomMessage.objects.create(key="1", state="held", xml=xml, **words)
        broken = WecomMessage.objects.create(key="2", state="failed", xml=xml, **words)
        chats = {"wecom_app": app, "wecom_held": held, "wecom_failed": broken}
        return {
            "source": source,
            "drawn_source": drawn,
            "post": post,
            "failed_post": failed,
            "alert_ticket": ticket,
            **chats,
        }

    def _service(self) -> dict[str, Any]:
        account = make_service(self.things["north"], owner=self.people["administrator"])
        self._token(account.user, [])
        role, token = account.user.memberships.get(), account.user.api_tokens.get()
        return {"service": account, "services_role": role, "services_token": token}

    def _chat(self) -> dict[str, Any]:
        widget = ChatWidget.objects.create(name="Site", origins=["https://www.example.com"], team=self.things["north"])
        off = ChatWidget.objects.create(name="Off", is_active=False)
        opening = Opening(
            widget=widget, secret="s" * 43, name="Besucher", words="It stands", key=uuid.UUID(int=1), language="en"
        )
        chat = begin(opening=opening, now=self.now)
        return {"widget": widget, "widget:token": widget.token, "off:token": off.token, "chat_ticket": chat.ticket}

    def _rest(self) -> None:
        now, agent = self.now, self.people["agent"]
        mail = MailboxMessage.objects.create(
            message_id="<a@b>", to="a@b.example", subject="Mail", text="t", html="<p>t</p>", received_at=now
        )
        intent = Intent.objects.create(kind="test", stream="s", state="dead", created_at=now, available_at=now)
        delivery = intent.deliveries.create(
            channel="mail", recipient="mail:a@b.example", batch="0" * 32, stream="s", created_at=now,
            next_attempt_at=now, state="dead",
        )  # fmt: skip
        self._mails()
        webhook = WebhookEndpoint.objects.create(
            name="Hook",
            url="https://hook.example/in",
            hears=["ticket.created"],
            sealed_secret=seal("whsec_x"),
            created_at=now,
        )
        call = webhook.calls.create(
            event="ticket.created", stream="s", body={}, state="dead", created_at=now, next_attempt_at=now
        )
        invited = UserFactory()
        invited.set_unusable_password()
        invited.save()
        self._token(agent, ["tickets:read"])
        self.things |= {
            "incident": open_incident(name="Known", text="We look.", actor=self.people["lead"], now=now),
            "mail": mail,
            "shift_note": write_note(team=self.things["north"], actor=agent, body="Schichtwort"),
            "intent": intent,
            "delivery": delivery,
            **self._monitoring(),
            **self._chat(),
            "robot": Robot.objects.create(name="R", kind="slack", host="h", sealed_address=seal("http://127.0.0.1:9/")),
            "webhook": webhook,
            "webhook_call": call,
            "saved_view": SavedView.objects.create(
                owner=agent,
                name="Kept",
                view="due",
                sort="due",
                columns=["subject"],
                team=self.things["north"],
                position=1,
                created_at=now,
            ),
            **self._service(),
            "absence": Absence.objects.create(user=agent, starts_at=now, ends_at=now + timedelta(days=1)),
            "own_canned": save_canned(actor=agent, name="Logs", shortcut="logs", text_zh="", text_en="Logs, please."),
            "shared_canned": save_canned(
                actor=self.people["administrator"], name="Hi", shortcut="hi", text_zh="", text_en="Hello.", shared=True
            ),
            "agents_token": ApiToken.objects.get(user=agent),
            "invitation": invitation_token(user=invited, now=now),
            "uid": int_to_base36(agent.pk),
            "unsubscribe": unsubscribing.link(user_id=self.people["requester"].pk, kind="feedback.survey").split("/")[
                -2
            ],
        }
        Absence.objects.filter(user=agent).update(starts_at=now + timedelta(days=30), ends_at=now + timedelta(days=31))
        heard("beat", HEART, now=now)

    def _mails(self) -> None:
        """One held at the ticket, one parked in the mailbox of its team, and one that became its first message."""
        north = self.things["ticket"]
        box = Mailbox.objects.create(address="north@support.example", team=self.things["north"])
        raw = f"From: eve@post.example\nSubject: {{}}wort {COMMON}\n\n{{}}wort {COMMON}\n"
        for name, word, values in (
            ("held_mail", "Post", {"state": "held", "reason": "stranger", "ticket": north}),
            ("parked_mail", "Park", {"state": "parked", "reason": "too_many"}),
            ("came_mail", "Post", {"state": "processed", "ticket": north, "became": north.messages.earliest("pk")}),
        ):
            row = receive(raw=f"Message-ID: <{name}@post.example>\n{raw.format(word, word)}".encode(), mailbox=box)
            known = {"sender": "eve@post.example", "subject": f"{word}wort {COMMON}"}
            InboundMail.objects.filter(pk=row.pk).update(**known, **values)
            self.things[name] = row
        self.things["came_message"] = north.messages.earliest("pk")

    def _token(self, user: User, scopes: list[str]) -> str:
        secret = new_secret()
        ApiToken.objects.create(
            user=user, name="t", prefix=secret[:PREFIX_LENGTH], token_hash=hashed(secret), scopes=scopes,
            created_at=self.now,
        )  # fmt: skip
        return secret


def _file(name: str) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"words\n", content_type="text/plain")
