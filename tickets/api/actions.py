"""What can be done with one ticket by the API: each action reads, calls one service, and answers with the ticket."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from accounts.conditions import conditional
from accounts.idempotency import keyed
from outbox import clock
from tickets import limits, permissions
from tickets.api import inputs
from tickets.api.base import TicketEndpoint, post
from tickets.api.outputs import CauseReportOut, ClockOut, MessageOut
from tickets.choices import Channel, MessageKind
from tickets.models import CauseReport, Ticket
from tickets.promises import TOLD_TO_CUSTOMERS
from tickets.selectors.merging import ticket_to_merge_into
from tickets.services import assigning, conversation, grades, lead, moves, urging
from tickets.services.cause_reports import report_cause
from tickets.services.merging import merge_ticket


class TicketActions(TicketEndpoint):
    """Mixed into the tickets' view set."""

    def _customers(self, needed: str) -> Ticket:
        """As `_ticket`, for what a customer does: counted, as in the portal."""
        ticket, now = self._ticket(needed), clock.now()
        if not limits.may_act(caller(self.request), now=now):
            raise Throttled(limits.seconds_to_wait(now))
        return ticket

    @post("status", inputs.StatusIn)
    def set_status(self, request: Request, number: str) -> Response:
        ticket, data = self._ticket("status"), self._read(inputs.StatusIn)
        moves.set_status(ticket=ticket, actor=caller(request), status=data["status"], reason=data["reason"])
        return self._answer(ticket)

    @post("take")
    def take(self, request: Request, number: str) -> Response:
        ticket = self._ticket("take")
        assigning.take(ticket=ticket, actor=caller(request))
        return self._answer(ticket)

    @post("assign", inputs.AssignIn)
    def assign(self, request: Request, number: str) -> Response:
        ticket, data = self._ticket("assign"), self._read(inputs.AssignIn)
        assigning.assign(ticket=ticket, actor=caller(request), assignee=data["assignee"], team=data["team"])
        return self._answer(ticket)

    @post("regrade", inputs.SeverityIn)
    def regrade(self, request: Request, number: str) -> Response:
        ticket, data = self._ticket("regrade"), self._read(inputs.SeverityIn)
        grades.regrade(ticket=ticket, actor=caller(request), severity=data["severity"], reason=data["reason"])
        return self._answer(ticket)

    @post("contest", inputs.ContestIn)
    def contest(self, request: Request, number: str) -> Response:
        ticket, data = self._customers("contest"), self._read(inputs.ContestIn)
        grades.contest(ticket=ticket, actor=caller(request), wanted=data["wanted"], reason=data["reason"])
        return self._answer(ticket)

    @post("urge")
    def urge(self, request: Request, number: str) -> Response:
        """Ask for speed, at most once an hour; 429 says when it is possible again."""
        ticket = self._customers("urge")
        try:
            urging.urge(ticket=ticket, actor=caller(request))
        except urging.UrgedAlready as early:
            refusal = Throttled(early.wait.total_seconds())
            refusal.detail = ErrorDetail(early.messages[0], "urged")
            raise refusal from early
        return self._answer(ticket)

    @post("acknowledge")
    def acknowledge(self, request: Request, number: str) -> Response:
        ticket = self._ticket("acknowledge")
        lead.acknowledge(ticket=ticket, actor=caller(request))
        return self._answer(ticket)

    @post("resolve", inputs.ResolveIn)
    def resolve(self, request: Request, number: str) -> Response:
        ticket, data = self._ticket("resolve"), self._read(inputs.ResolveIn)
        moves.resolve_ticket(ticket=ticket, actor=caller(request), channel=Channel.API, **data)
        return self._answer(ticket)

    @post("reopen", inputs.ReasonIn)
    def reopen(self, request: Request, number: str) -> Response:
        ticket, data = self._ticket("reopen"), self._read(inputs.ReasonIn)
        moves.reopen_ticket(ticket=ticket, actor=caller(request), reason=data["reason"], channel=Channel.API)
        return self._answer(ticket)

    @post("merge", inputs.MergeIn)
    def merge(self, request: Request, number: str) -> Response:
        """Merge a duplicate into another ticket of the same customer, who reads the words there."""
        ticket, data = self._ticket("merge"), self._read(inputs.MergeIn)
        try:
            into = ticket_to_merge_into(user=caller(request), number=data["into"])
        except ValidationError as unknown:
            raise ValidationError({"into": unknown}) from unknown
        merge_ticket(ticket=ticket, into=into, actor=caller(request), words=data["words"], channel=Channel.API)
        return self._answer(ticket)

    @extend_schema(methods=["get"], responses=CauseReportOut, operation_id="tickets_cause_report")
    @extend_schema(
        methods=["post"],
        request=inputs.CauseReportIn,
        responses={201: CauseReportOut},
        operation_id="tickets_report_cause",
    )
    @action(detail=True, methods=["get", "post"], url_path="cause-report", pagination_class=None)
    @keyed
    @conditional
    def cause_report(self, request: Request, number: str) -> Response:
        """The root cause report of the present resolution, for colleagues."""
        ticket = self._ticket("report_cause")
        if request.method == "POST":
            row = report_cause(ticket=ticket, actor=caller(request), **self._read(inputs.CauseReportIn))
            return Response(CauseReportOut(row).data, status=201)
        rows = CauseReport.objects.select_related("written_by")
        found = rows.filter(resolution__ticket=ticket, resolution__cycle=ticket.cycle).first()
        if found is None:
            raise NotFound
        return Response(CauseReportOut(found).data)

    @post("confirm")
    def confirm(self, request: Request, number: str) -> Response:
        ticket = self._customers("confirm")
        moves.confirm_solution(ticket=ticket, actor=caller(request))
        return self._answer(ticket)

    @post("refute", inputs.CommentIn)
    def refute(self, request: Request, number: str) -> Response:
        ticket, data = self._customers("refute"), self._read(inputs.CommentIn)
        moves.refute_solution(ticket=ticket, actor=caller(request), comment=data["comment"], channel=Channel.API)
        return self._answer(ticket)

    @extend_schema(methods=["get"], responses=MessageOut(many=True), operation_id="tickets_messages")
    @extend_schema(
        methods=["post"], request=inputs.MessageIn, responses={201: MessageOut}, operation_id="tickets_write_message"
    )
    @action(detail=True, methods=["get", "post"], url_path="messages", pagination_class=None)
    @keyed
    @conditional
    def messages(self, request: Request, number: str) -> Response:
        ticket = self.get_object()
        context = self.get_serializer_context()
        if request.method == "POST":
            return Response(MessageOut(self._write(ticket), context=context).data, status=201)
        rows = ticket.messages.select_related("author").prefetch_related("attachments")
        if permissions.is_customer_of(caller(request), ticket):
            rows = rows.exclude(kind=MessageKind.NOTE)
        return Response(MessageOut(rows, many=True, context=context).data)

    def _write(self, ticket: Ticket) -> Any:
        user, data = caller(self.request), self._read(inputs.MessageIn)
        if permissions.may(user, "message", ticket):
            if data["kind"] == "note" or data["shareable"] or data["marks"] or data["status"] or data["hold_reason"]:
                raise PermissionDenied  # words meant for colleagues must not reach the conversation as a message
            self._customers("message")
            return conversation.customer_message(ticket=ticket, author=user, body=data["body"], channel=Channel.API)
        if data["kind"] == "note":
            self._ticket("note")
            common = {"body": data["body"], "shareable": data["shareable"], "channel": Channel.API}
            return conversation.add_note(ticket=ticket, actor=user, **common)
        self._ticket("reply")
        return conversation.reply(
            ticket=ticket,
            actor=user,
            body=data["body"],
            marks=data["marks"],
            status=data["status"],
            hold_reason=data["hold_reason"],
            channel=Channel.API,
            revision=data["revision"],
        )

    @extend_schema(responses=ClockOut(many=True), operation_id="tickets_clocks")
    @action(detail=True, methods=["get"], url_path="clocks", pagination_class=None)
    def clocks(self, request: Request, number: str) -> Response:
        ticket = self.get_object()
        rows = ticket.clocks.order_by("started_at", "pk")
        if permissions.is_customer_of(caller(request), ticket):
            rows = rows.filter(metric__in=TOLD_TO_CUSTOMERS)
        return Response(ClockOut(rows, many=True).data)
