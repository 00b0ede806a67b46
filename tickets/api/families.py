"""Tickets that belong together, by the API: the same services as the pages'."""

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import caller
from accounts.conditions import conditional
from accounts.idempotency import keyed
from tickets.api import inputs
from tickets.api.actions import TicketActions
from tickets.api.base import post
from tickets.api.outputs import FamilyOut, TicketOut
from tickets.choices import Channel
from tickets.models import Ticket, TicketLink
from tickets.selectors.family import family_of, tickets_named
from tickets.services import announcing, linking, splitting, unmerging


class FamilyActions(TicketActions):
    """Mixed into the tickets' view set."""

    def _named(self, field: str, number: str) -> Ticket:
        try:
            return tickets_named(user=caller(self.request), numbers=number)[0]
        except ValidationError as unknown:
            raise ValidationError({field: unknown}) from unknown

    def _family(self, ticket: Ticket) -> Response:
        return Response(FamilyOut(family_of(ticket=ticket, user=caller(self.request))).data)

    @extend_schema(responses=FamilyOut, operation_id="tickets_family")
    @action(detail=True, methods=["get"], url_path="family", pagination_class=None)
    def family(self, request: Request, number: str) -> Response:
        """Parent, tickets below, links, and how far the newest announcement got; for colleagues."""
        return self._family(self._ticket("link"))

    @post("link", inputs.LinkIn, FamilyOut)
    def link(self, request: Request, number: str) -> Response:
        ticket, data = self._ticket("link"), self._read(inputs.LinkIn)
        other = self._named("other", data["other"])
        linking.link_tickets(ticket=ticket, others=[other], kind=data["kind"], actor=caller(request))
        return self._family(ticket)

    @post("unlink", inputs.UnlinkIn, FamilyOut)
    def unlink(self, request: Request, number: str) -> Response:
        ticket, data = self._ticket("unlink"), self._read(inputs.UnlinkIn)
        links = family_of(ticket=ticket, user=caller(request)).links
        if data["id"] not in {row.id for row in links}:
            raise NotFound
        linking.unlink_tickets(link=TicketLink.objects.get(pk=data["id"]), actor=caller(request))
        return self._family(ticket)

    @post("part-of", inputs.PartOfIn)
    def part_of(self, request: Request, number: str) -> Response:
        """Make the ticket part of an incident, or of none."""
        ticket, data = self._ticket("link"), self._read(inputs.PartOfIn)
        incident = self._named("part_of", data["part_of"]) if data["part_of"].strip() else None
        linking.set_parent(tickets=[ticket], parent=incident, actor=caller(request))
        return self._answer(ticket)

    @extend_schema(request=inputs.SplitIn, responses={201: TicketOut}, operation_id="tickets_split")
    @action(detail=True, methods=["post"], url_path="split")
    @keyed
    @conditional
    def split(self, request: Request, number: str) -> Response:
        """Begin a new ticket with copies of these messages of the customer; the answer is the new ticket."""
        ticket, data = self._ticket("split"), self._read(inputs.SplitIn)
        messages = list(ticket.messages.filter(pk__in=data["messages"]))
        if len(messages) < len(set(data["messages"])):
            raise NotFound
        new = splitting.split_ticket(ticket=ticket, messages=messages, subject=data["subject"], actor=caller(request))
        return self._shown(new, status=201)

    @post("unmerge", inputs.WordsIn)
    def unmerge(self, request: Request, number: str) -> Response:
        """Undo the merge of the ticket into another one; its customer reads the words."""
        ticket, data = self._ticket("unmerge"), self._read(inputs.WordsIn)
        unmerging.undo_merge(ticket=ticket, actor=caller(request), words=data["words"], channel=Channel.API)
        return self._answer(ticket)

    @post("tell-children", inputs.TellIn, FamilyOut)
    def tell_children(self, request: Request, number: str) -> Response:
        """Answer here and tell the same to every open ticket below; `told` says how far that is."""
        ticket, data = self._ticket("tell_children"), self._read(inputs.TellIn)
        announcing.tell_children(ticket=ticket, actor=caller(request), channel=Channel.API, **data)
        return self._family(ticket)

    @post("resolve-children", inputs.WordsIn, FamilyOut)
    def resolve_children(self, request: Request, number: str) -> Response:
        """Resolve every open ticket below with the cause and solution of this one."""
        ticket, data = self._ticket("resolve_children"), self._read(inputs.WordsIn)
        announcing.resolve_children(ticket=ticket, actor=caller(request), words=data["words"])
        return self._family(ticket)

    @post("tell-again", None, FamilyOut)
    def tell_again(self, request: Request, number: str) -> Response:
        """Take up the tickets below that failed in the newest announcement, in the caller's name."""
        ticket = self._ticket("tell_again")
        announcing.tell_again(ticket=ticket, actor=caller(request))
        return self._family(ticket)
