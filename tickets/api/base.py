"""What every action on one ticket by the API is built of."""

from typing import Any

from django.core.exceptions import PermissionDenied
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import caller
from accounts.conditions import conditional, etag
from accounts.idempotency import keyed
from tickets import permissions
from tickets.api.outputs import TicketOut
from tickets.models import Ticket


def post(name: str, body: type[Serializer] | None = None, answer: type[Serializer] = TicketOut) -> Any:
    """A POST action at ``/tickets/{number}/{name}/`` whose answer is the changed ticket, or what ``answer`` says."""

    def decorate(function: Any) -> Any:
        described = extend_schema(request=body, responses=answer, operation_id=f"tickets_{name.replace('-', '_')}")
        return action(detail=True, methods=["post"], url_path=name)(described(keyed(conditional(function))))

    return decorate


class TicketEndpoint(GenericViewSet):
    """Finds the ticket, reads what was sent, answers with the ticket."""

    def locked_version(self) -> str:
        """The revision of the ticket, locked until the write is done; what is not visible is not found."""
        rows = Ticket.objects.select_for_update(of=("self",)).only("revision")
        return str(rows.get(pk=self.get_object().pk).revision)

    def _ticket(self, needed: str) -> Ticket:
        """The visible ticket, if the caller may do ``needed``; what is not visible is not found."""
        ticket = self.get_object()
        if not permissions.may(caller(self.request), needed, ticket):
            raise PermissionDenied
        return ticket

    def _read(self, serializer_class: type[Serializer]) -> dict:
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data

    def _answer(self, ticket: Ticket) -> Response:
        fresh = self.get_queryset().filter(pk=ticket.pk).first()
        if fresh is None:  # done, and by that out of the caller's sight: moved to another team
            return Response(status=204)
        return self._shown(fresh)

    def _shown(self, ticket: Ticket, status: int = 200) -> Response:
        """The ticket with its version in `ETag`."""
        data = TicketOut(ticket, context=self.get_serializer_context()).data
        return Response(data, status=status, headers={"ETag": etag(ticket.revision)})
