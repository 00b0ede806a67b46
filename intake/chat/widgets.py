"""Widgets: a new token, and what a site has to say to show one."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from intake.chat.models import ChatWidget, new_token


@transaction.atomic
def renew_token(*, widget: ChatWidget, actor: User) -> None:
    """A new token; tags with the one before show nothing from now on. Conversations go on under the new one.

    Of two who ask at once one gets what the other made: a tag that was just copied must not go stale.

    Raises:
        PermissionDenied: ``actor`` does not set the system up.
    """
    if not actor.may("admin.configure"):
        raise PermissionDenied
    row = ChatWidget.objects.select_for_update().get(pk=widget.pk)
    if row.token == widget.token:
        row.token = new_token()
        row.save(update_fields=["token"])
    widget.token = row.token


def tag_of(widget: ChatWidget) -> str:
    """The one line for the source of the site."""
    return f'<script src="{settings.SITE_URL}{reverse("embed:script")}" data-key="{widget.token}" defer></script>'


def ancestors_of(widget: ChatWidget) -> str:
    """Who may frame the panel, for `frame-ancestors`; our own pages may, for the preview."""
    return " ".join(["'self'", *widget.origins])
