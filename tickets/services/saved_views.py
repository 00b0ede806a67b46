"""Views of the queue that a person keeps. Only the owner changes them; a team may use what is shared with it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Team, User
from accounts.services import save_queue_columns
from tickets.columns import known_columns
from tickets.desk import State
from tickets.models import SavedView
from tickets.selectors.saved_views import MOST, own_views, teams_to_share_with

MOST_OWN = MOST // 2
NAME_LENGTH = 40


@transaction.atomic
def save_view(
    *, actor: User, name: str, state: State, columns: Collection[str], team: Team | None = None, now: datetime
) -> SavedView:
    """Keep ``state``, which must be valid, under ``name``; with ``team``, everybody there may use it.

    Raises:
        PermissionDenied: when ``actor`` may not share with ``team``.
        ValidationError: no name or one that is taken, or too many views.
    """
    _demand_share(actor, team)
    own = _locked(actor)
    if own.count() >= MOST_OWN:
        raise ValidationError(_("You keep %(most)d views. Delete one first.") % {"most": MOST_OWN}, code="many")
    last = own.aggregate(last=Max("position"))["last"] or 0
    view = SavedView(owner=actor, team=team, position=last + 1, created_at=now, **_kept(state, columns))
    _name(view, name)
    view.save()
    return view


@transaction.atomic
def change_view(
    *, actor: User, view: SavedView, name: str, team: Team | None, position: int | None = None, now: datetime
) -> None:
    """Rename a view, share it with ``team`` or with nobody, and let it stand at the place ``position`` (from 1).

    Raises:
        PermissionDenied: when it is not the view of ``actor``, or they may not share with ``team``.
        ValidationError: no name or one that is taken.
    """
    _demand_own(actor, view)
    if team is None or team.pk != view.team_id:
        _demand_share(actor, team)
    own = list(_locked(actor))
    _name(view, name)
    view.team = team
    view.save(update_fields=["name", "team"])
    if position is not None:
        _move(own, view, position)


def replace_view(*, actor: User, view: SavedView, state: State, columns: Collection[str], now: datetime) -> None:
    """Let a view keep another state instead.

    Raises:
        PermissionDenied: when it is not the view of ``actor``.
    """
    _demand_own(actor, view)
    SavedView.objects.filter(pk=view.pk).update(**_kept(state, columns))


@transaction.atomic
def delete_view(*, actor: User, view: SavedView, now: datetime) -> None:
    """Keep a view no longer, for oneself and for the team that it was shared with.

    Raises:
        PermissionDenied: when it is not the view of ``actor``.
    """
    _demand_own(actor, view)
    _locked(actor).filter(pk=view.pk).delete()


def keep_columns(*, actor: User, columns: Collection[str], view: SavedView | None = None, now: datetime) -> None:
    """Show these columns from now on: in ``view``, which is one's own, or wherever no saved view says otherwise.

    Raises:
        PermissionDenied: when it is not the view of ``actor``.
    """
    kept = known_columns(columns)
    if view is None:
        save_queue_columns(actor=actor, columns=kept, now=now)
        return
    _demand_own(actor, view)
    SavedView.objects.filter(pk=view.pk).update(columns=kept)


def _demand_own(actor: User, view: SavedView) -> None:
    if view.owner_id != actor.pk:
        raise PermissionDenied


def _demand_share(actor: User, team: Team | None) -> None:
    if team is not None and not teams_to_share_with(user=actor).filter(pk=team.pk).exists():
        raise PermissionDenied


def _locked(actor: User) -> QuerySet[SavedView]:
    """The person's row is the lock of their views: two of one name, or at one place, cannot meet."""
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    return own_views(user=actor).order_by("position")


def _kept(state: State, columns: Collection[str]) -> dict[str, Any]:
    return {
        "view": state.view,
        "filters": dict(state.filters),
        "sort": state.sort,
        "columns": known_columns(columns),
    }


def _name(view: SavedView, name: str) -> None:
    view.name = " ".join(name.split())[:NAME_LENGTH]
    if not view.name:
        raise ValidationError({"name": _("Give the view a name.")})
    if own_views(user=view.owner).filter(name__iexact=view.name).exclude(pk=view.pk).exists():
        raise ValidationError({"name": _("You have a view of this name already.")})


def _move(own: list[SavedView], view: SavedView, position: int) -> None:
    places = [row.position for row in own]
    others = [row for row in own if row.pk != view.pk]
    others.insert(max(position, 1) - 1, view)
    for row, place in zip(others, places, strict=True):
        row.position = place
    SavedView.objects.bulk_update(others, ["position"])  # the constraint looks at the end of the transaction
