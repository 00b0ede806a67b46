"""Working together on one ticket by the API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from accounts.conditions import conditional
from accounts.idempotency import keyed
from tickets.api import inputs
from tickets.api.base import TicketEndpoint, post
from tickets.api.outputs import TimeEntryOut
from tickets.models import Ticket, TimeEntry
from tickets.selectors.time import entries_of
from tickets.services import handover, time, watching
from tickets.services.properties import set_properties


class Teamwork(TicketEndpoint):
    """Mixed into the tickets' view set."""

    @post("hand-over", inputs.HandOverIn)
    def hand_over(self, request: Request, number: str) -> Response:
        """Hand the case to another team with its note; who gave it follows the ticket."""
        ticket, data = self._ticket("hand_over"), self._read(inputs.HandOverIn)
        handover.hand_over(ticket=ticket, actor=caller(request), **data)
        return self._answer(ticket)

    @post("acknowledge-hand-over")
    def acknowledge_hand_over(self, request: Request, number: str) -> Response:
        """Say that the note of the open hand-over is understood."""
        ticket = self._ticket("understand")
        handover.acknowledge_handover(ticket=ticket, actor=caller(request))
        return self._answer(ticket)

    @post("ask-back", inputs.QuestionIn)
    def ask_back(self, request: Request, number: str) -> Response:
        """Send the case back with a question, which becomes a note."""
        ticket, data = self._ticket("ask_back"), self._read(inputs.QuestionIn)
        handover.ask_back(ticket=ticket, actor=caller(request), question=data["question"])
        return self._answer(ticket)

    @post("custom-fields", inputs.CustomIn)
    def custom_fields(self, request: Request, number: str) -> Response:
        """Say what stands in custom fields; those that are not named stay as they are."""
        ticket, data = self._ticket("properties"), self._read(inputs.CustomIn)
        set_properties(ticket=ticket, actor=caller(request), custom=data["custom"])
        return self._answer(ticket)

    @post("watch")
    def watch(self, request: Request, number: str) -> Response:
        """Follow the ticket."""
        ticket = self._ticket("watch")
        watching.follow(ticket=ticket, people=[caller(request)], actor=caller(request))
        return self._answer(ticket)

    @post("unwatch")
    def unwatch(self, request: Request, number: str) -> Response:
        """Follow the ticket no longer."""
        ticket = self._ticket("unwatch")
        watching.unfollow(ticket=ticket, person=caller(request), actor=caller(request))
        return self._answer(ticket)

    @extend_schema(methods=["get"], responses=TimeEntryOut(many=True), operation_id="tickets_time")
    @extend_schema(
        methods=["post"], request=inputs.TimeIn, responses=TimeEntryOut(many=True), operation_id="tickets_log_time"
    )
    @action(detail=True, methods=["get", "post"], url_path="time", pagination_class=None)
    @keyed
    @conditional
    def time(self, request: Request, number: str) -> Response:
        """The time spent, corrections too, the newest first; POST adds or corrects one's own."""
        ticket = self._ticket("log_time")
        if request.method == "POST":
            self._log_time(ticket, self._read(inputs.TimeIn))
        return Response(TimeEntryOut(entries_of(ticket=ticket), many=True).data)

    def _log_time(self, ticket: Ticket, data: dict[str, Any]) -> None:
        actor, corrects = caller(self.request), data.pop("corrects")
        if corrects is None:
            time.log_time(ticket=ticket, actor=actor, **data)
            return
        entry = TimeEntry.objects.filter(ticket=ticket, pk=corrects).first()
        if entry is None:
            raise NotFound
        time.correct_time(entry=entry, actor=actor, minutes=data["minutes"], words=data["words"] or None)
