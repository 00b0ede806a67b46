"""Three hundred tickets, lived through by the services with instants of the past.

Most are closed; few run, so that a demo left alone overnight does not bury its lead in the morning. The last three
are about to miss their deadlines: the engine warns and escalates them before a newcomer's eyes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Team, User
from catalog.models import Category, FaultType, Module, Tag, Version
from feedback.models import Survey
from feedback.services.surveys import Answer, answer_survey
from helpdesk.demo.accounts import read
from knowledge.models import Article
from outbox import clock
from sla.choices import Severity
from tickets.choices import Channel
from tickets.models import ArticleLink, Resolution, Ticket
from tickets.services import conversation, lead, moves
from tickets.services.cause_reports import report_cause
from tickets.services.intake import Submission, create_ticket

MINUTE = timedelta(minutes=1)
#: How many tickets end in which state; what remains of the three hundred is closed.
TOTAL, NEW, OPEN, PENDING, ON_HOLD, RESOLVED = 300, 5, 11, 20, 10, 26
#: Seconds from loading until these tickets' first deadlines: a warning, then two breaches, within two minutes.
LIVE = (("S", "warn", 40), ("S", "due", 75), ("A", "due", 110))
_RESPONSE = {"S": (3, 24), "A": (8, 100), "B": (15, 210)}
_HOLD = {"zh-hans": "等待云服务商的工单回复", "en": "The cloud provider is looking at it"}
_PREVENTION = {
    "zh-hans": "增加 80% 阈值告警，值班组负责，本周五前完成；发布检查单中加入此项，由发布经理确认",
    "en": "An alert at 80 % of the limit: on-call team, by Friday. A line in the release checklist, signed each time.",
}


@dataclass(frozen=True)
class Tale:
    """One story with the values of one variant filled in."""

    row: dict
    values: dict[str, str]

    def say(self, text: str) -> str:
        for name, value in self.values.items():
            text = text.replace("{" + name + "}", value)
        return text[:1].upper() + text[1:] if self.row["lang"] == "en" else text


class Chronicle:
    """Tells the tales into the database. ``now`` is the instant of loading."""

    def __init__(self, *, now: datetime, dice: random.Random, articles: dict[str, list[Article]]) -> None:
        self.now, self.dice, self.articles = now, dice, articles
        self.customers = list(User.objects.filter(memberships__role__code="customer").select_related("organization"))
        self.modules = {module.code: module for module in Module.objects.select_related("product")}
        self.categories = {category.code: category for category in Category.objects.all()}
        self.faults = {fault.code: fault for fault in FaultType.objects.all()}
        self.tag_names = {row["code"]: row["name"]["zh-hans"] for row in read("catalog")["tags"]}
        self.domains = {row["code"]: row["domain"] for row in read("people")["organizations"]}
        self.people = User.objects.in_bulk()
        self.leads = dict(Team.objects.values_list("pk", "lead"))
        self.live: list[Tale] = []

    def tell(self) -> None:
        """Write all tickets but the last three, the oldest first, and the surveys of the resolved ones."""
        tales = self._shuffled()
        urgent = [tale for tale in tales if tale.row["impact"] == "business" and tale.row["team"] == "platform"]
        self.live = [
            urgent[0],
            urgent[1],
            next(tale for tale in tales if self._grade(tale) == "A" and tale.row["team"] == "platform"),
        ]
        rest = iter([tale for tale in tales if tale not in self.live][: TOTAL - len(self.live)])
        endings = (
            ["new"] * NEW + ["open"] * OPEN + ["pending"] * PENDING + ["on_hold"] * ON_HOLD + ["resolved"] * RESOLVED
        )
        closed = TOTAL - len(self.live) - len(endings)
        for place in range(closed):
            age = timedelta(days=4 + 86 * (1 - place / closed) ** 1.3, minutes=self.dice.randint(0, 600))
            self._live_through(next(rest), "closed", self.now - age)
        for ending in endings:
            self._live_through(next(rest), ending, self.now - self._age(ending))
        self._surveys()

    def go_live(self) -> None:
        """Write the last three, whose deadlines are near."""
        self.now = clock.now()  # telling took a while, and these are about seconds
        for tale, (severity, what, seconds) in zip(self.live, LIVE, strict=True):
            self._about_to_pass(tale, severity, what, seconds)

    def _shuffled(self) -> list[Tale]:
        tales = [Tale(row, values) for row in read("tickets") for values in row["variants"]]
        self.dice.shuffle(tales)
        return tales

    def _grade(self, tale: Tale) -> str:
        if tale.row["impact"] == "many" and tale.row["urgency"] in ("blocked", "impaired", "normal"):
            return Severity.A
        return ""

    def _age(self, ending: str) -> timedelta:
        hours = {
            "new": (0.05, 0.3),
            "open": (0.6, 1.6),
            "pending": (20, 110),
            "on_hold": (20, 110),
            "resolved": (8, 40),
        }
        low, high = hours[ending]
        return timedelta(hours=self.dice.uniform(low, high))

    def _live_through(self, tale: Tale, ending: str, started: datetime) -> None:
        ticket = self._create(tale, started)
        if ending == "new":
            return
        at = started if self._solved_at_once(ticket, ending) else self._talk(tale, ticket, ending, started)
        if ending == "on_hold":
            moves.set_status(
                ticket=ticket,
                actor=self._agent(ticket),
                status="on_hold",
                reason=_HOLD[tale.row["lang"]],
                now=at + MINUTE,
            )
        elif ending in ("resolved", "closed"):
            self._resolve(tale, ticket, ending, at)

    def _solved_at_once(self, ticket: Ticket, ending: str) -> bool:
        """Some problems need one answer only."""
        return ending in ("resolved", "closed") and ticket.severity != Severity.S and self.dice.random() < 0.35

    def _create(self, tale: Tale, at: datetime) -> Ticket:
        row = tale.row
        module = self.modules.get(row["module"])
        submission = Submission(
            subject=tale.say(row["subject"]),
            description=tale.say(row["description"]),
            requester=self._requester(row),
            channel=self.dice.choice([Channel.WEB, Channel.PORTAL, Channel.PORTAL, Channel.API, Channel.PHONE]),
            language=row["lang"],
            impact=row["impact"] or "",
            urgency=row["urgency"] or "",
            data_loss=row["data_loss"],
            category=self.categories.get(row["category"]) if self.dice.random() < 0.5 else None,
            module=module,
            version=Version.objects.filter(product=module.product, name=row["version"]).first() if module else None,
            affected=tale.say(row["affected"]),
            trigger=tale.say(row["trigger"]),
            began_at=at - MINUTE * self.dice.randint(5, 180),
        )
        ticket = create_ticket(submission=submission, actor=None, now=at)
        ticket.tags.set(Tag.objects.filter(name__in=[self.tag_names[code] for code in row["tags"]]))
        return ticket

    def _requester(self, row: dict) -> User:
        domain = self.domains[row["requester_org"]]
        there = [person for person in self.customers if person.organization and person.organization.domain == domain]
        return self.dice.choice([person for person in there if person.language == row["lang"]] or there)

    def _agent(self, ticket: Ticket) -> User:
        assignee, team = Ticket.objects.values_list("assignee", "team").get(pk=ticket.pk)
        return self.people[assignee or self.leads[team]]

    def _talk(self, tale: Tale, ticket: Ticket, ending: str, at: datetime) -> datetime:
        """The conversation, entry by entry; returns the instant of the last one."""
        turns = list(self._turns(tale, ending))
        span = (self.now - at) * 0.9 / max(len(turns), 1)
        for place, turn in enumerate(turns):
            at += min(self._pace(ticket, place), span)
            last = place == len(turns) - 1
            if turn["from"] == "customer":
                conversation.customer_message(
                    ticket=ticket, author=ticket.requester, body=tale.say(turn["body"]), now=at
                )
            elif turn["from"] == "note":
                agent, told = self._agent(ticket), tale.say(turn["body"])
                conversation.add_note(ticket=ticket, actor=agent, body=told, shareable=ending == "open", now=at)
            else:
                waits = (last and ending == "pending") or (not last and turns[place + 1]["from"] == "customer")
                conversation.reply(
                    ticket=ticket,
                    actor=self._agent(ticket),
                    body=tale.say(turn["body"]),
                    marks=turn["marks"] or (["progress"] if last else []),
                    status="pending" if waits and ending != "open" else "",
                    now=at,
                )
            self._acknowledge(ticket, at)
        return at

    def _turns(self, tale: Tale, ending: str) -> Iterator[dict]:
        """What is said; a ticket that waits ends with the agent's words."""
        turns = tale.row["conversation"]
        if ending in ("open", "pending", "on_hold"):
            last = max(place for place, turn in enumerate(turns) if turn["from"] == "agent")
            turns = turns[: last + 1]
        yield from turns

    def _pace(self, ticket: Ticket, place: int) -> timedelta:
        low, high = _RESPONSE[ticket.severity] if place == 0 else (8, 95)
        late = 1.9 if place == 0 and self.dice.random() < 0.07 else 1
        return MINUTE * self.dice.uniform(low, high) * late

    def _acknowledge(self, ticket: Ticket, at: datetime) -> None:
        team = Ticket.objects.values_list("team", flat=True).get(pk=ticket.pk)
        if self.leads.get(team) and ticket.escalations.filter(acknowledged_at=None).exists():
            lead.acknowledge(ticket=ticket, actor=self.people[self.leads[team]], now=at)

    def _resolve(self, tale: Tale, ticket: Ticket, ending: str, at: datetime) -> None:
        row = tale.row
        at += MINUTE * self.dice.uniform(10, 60)
        ticket.fault_type = self.faults.get(row["fault_type"])
        ticket.save(update_fields=["fault_type"])
        for attempt in range(2):
            moves.resolve_ticket(
                ticket=ticket,
                actor=self._agent(ticket),
                cause=tale.say(row["cause"]),
                solution=tale.say(row["solution"]),
                verification=Resolution.Verification.TEST,
                proof=tale.say(row["verification"]),
                now=at,
            )
            self._acknowledge(ticket, at)
            at += MINUTE * self.dice.uniform(20, 600)
            if ending == "closed" and attempt == 0 and self.dice.random() < 0.06:
                moves.refute_solution(ticket=ticket, actor=ticket.requester, now=at)
                at += MINUTE * self.dice.uniform(20, 90)
            else:
                break
        if ending == "closed":
            moves.confirm_solution(ticket=ticket, actor=ticket.requester, now=at)
        if Ticket.objects.filter(pk=ticket.pk, severity=Severity.S).exists():
            self._report(tale, ticket, at + MINUTE * self.dice.uniform(300, 2000))
        self._link(tale, ticket, at)

    def _report(self, tale: Tale, ticket: Ticket, at: datetime) -> None:
        """What a grave problem taught; of those solved lately it is still owed."""
        if at < self.now:
            words = {"course": tale.say(tale.row["solution"]), "cause": tale.say(tale.row["cause"])}
            prevention = _PREVENTION[tale.row["lang"]]
            report_cause(ticket=ticket, actor=self._agent(ticket), **words, prevention=prevention, now=at)

    def _link(self, tale: Tale, ticket: Ticket, at: datetime) -> None:
        for place, article in enumerate(self.articles.get(tale.row["key"], [])):
            born = place == 0 and not article.ticket_links.exists()
            kind = ArticleLink.Kind.BORN if born else ArticleLink.Kind.USED
            ArticleLink.objects.get_or_create(ticket=ticket, article=article, kind=kind, defaults={"created_at": at})

    def _surveys(self) -> None:
        """Every resolution older than two days was asked; the answers of the content are given to some."""
        answers: dict[str, list[dict]] = {"zh-hans": [], "en": []}
        for row in read("surveys"):
            answers[row["language"]].append(row)
        old = Resolution.objects.filter(
            resolved_at__lte=self.now - timedelta(hours=48), ticket__status="closed", refuted_at=None
        ).select_related("ticket__requester")
        for resolution in old.order_by("-resolved_at"):
            ticket, sent = resolution.ticket, resolution.resolved_at + timedelta(hours=48)
            survey = Survey.objects.create(
                ticket=ticket,
                cycle=resolution.cycle,
                customer=ticket.requester,
                created_at=sent,
                expires_at=sent + timedelta(days=30),
            )
            waiting = answers.get(ticket.language, [])
            if waiting and self.dice.random() < 0.4 and sent < self.now - timedelta(days=1):
                self._answer(survey, waiting.pop(), resolution, at=sent + MINUTE * self.dice.randint(10, 900))

    def _answer(self, survey: Survey, row: dict, resolution: Resolution, *, at: datetime) -> None:
        answer = Answer(
            resolution_score=row["resolution"],
            speed_score=row["speed"],
            attitude_score=row["attitude"],
            is_solved=row["solved"],
            suggestion=row["suggestion"],
            hidden_need=row["hidden_need"],
        )
        answer_survey(survey=survey, answer=answer, now=at)
        if not answer.is_solved:
            self._solve_again(survey.ticket, resolution, at)

    def _solve_again(self, ticket: Ticket, resolution: Resolution, at: datetime) -> None:
        """«Not solved» opened the ticket again; the team looks once more, and the customer confirms."""
        moves.resolve_ticket(
            ticket=ticket,
            actor=self._agent(ticket),
            cause=resolution.cause,
            solution=resolution.solution,
            verification=Resolution.Verification.TEST,
            proof=resolution.proof,
            now=at + MINUTE * self.dice.uniform(12, 28),
        )
        moves.confirm_solution(ticket=ticket, actor=ticket.requester, now=at + MINUTE * self.dice.uniform(60, 300))

    def _about_to_pass(self, tale: Tale, severity: str, what: str, seconds: int) -> None:
        """A ticket whose first response is about to be warned of, or to be due, in ``seconds``."""
        allowed = {"S": 30, "A": 120}[severity] * MINUTE
        if what == "warn":
            allowed *= 0.75
        self._create(tale, self.now - allowed + timedelta(seconds=seconds))
