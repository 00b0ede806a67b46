"""How a customer came to a ticket: signed in, or by a private link. Each door knows the addresses behind it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.cache import patch_cache_control

from accounts.models import User
from tickets.models import Attachment, Ticket
from tickets.services.links import open_status_link
from tickets.story import for_page

_Response = TypeVar("_Response", bound=HttpResponseBase)


@dataclass(frozen=True)
class Door:
    """A ticket that ``user`` may see. With a ``token`` it was opened by a private link, and leads nowhere else."""

    ticket: Ticket
    user: User
    token: str = ""

    @property
    def page(self) -> str:
        if self.token:
            return reverse("portal:status", args=[self.token])
        return reverse("portal:ticket", args=[self.ticket.number])

    def action(self, name: str) -> str:
        """Where the form of the action ``name`` is sent."""
        return f"{self.page}{name}/"

    def file(self, attachment: Attachment) -> str:
        """Where a file of this ticket is fetched."""
        if self.token:
            return reverse("portal:status_file", args=[self.token, attachment.pk])
        return reverse("attachment", args=[attachment.pk])


def by_sign_in(user: User, number: str) -> Door:
    """The door of a signed-in person.

    Raises:
        Http404: no such ticket, or not visible to ``user``; both look the same.
    """
    return Door(get_object_or_404(for_page(Ticket.objects.visible_to(user)), number=number), user)


def by_link(token: str, *, now: datetime) -> Door:
    """The door of a private link.

    Raises:
        Http404: the link is wrong, expired or revoked; all look the same.
    """
    link = open_status_link(token, now=now)
    if link is None:
        raise Http404
    return Door(for_page(Ticket.objects.all()).get(pk=link.ticket_id), link.user, token)


def keep_private(response: _Response) -> _Response:
    """For pages whose address is the key: it goes to no other site, no search engine and no cache.

    «same-origin» and not «no-referrer»: under that browsers send «Origin: null» with our own forms, which the
    protection against forged requests must refuse.
    """
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    patch_cache_control(response, private=True, no_store=True)
    return response
