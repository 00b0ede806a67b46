"""The saved views that stand in somebody's queue, and with whom they may be shared."""

from django.db.models import Case, Q, QuerySet, Value, When

from accounts.models import Team, User
from tickets.models import SavedView

#: Views that stand in one queue: those of one's own come first, and nobody may keep more than half as many.
MOST = 40


def usable_views(*, user: User) -> QuerySet[SavedView]:
    """One's own views, and those that colleagues share with one's teams, as long as they work here."""
    shared = Q(team__in=user.team_ids(), owner__is_active=True)
    rows = SavedView.objects.filter(Q(owner=user) | shared).select_related("owner", "team")
    return rows.order_by(Case(When(owner=user, then=Value(0)), default=Value(1)), "position", "pk")[:MOST]


def own_views(*, user: User) -> QuerySet[SavedView]:
    """The views that ``user`` may change."""
    return SavedView.objects.filter(owner=user)


def teams_to_share_with(*, user: User) -> QuerySet[Team]:
    """The teams for which a role of ``user`` carries the right; a role that holds everywhere, for all."""
    if user.is_superuser:
        return Team.objects.all()
    where = {grant.team_id for grant in user.grants if "view.share" in grant.role.permissions}
    return Team.objects.all() if None in where else Team.objects.filter(pk__in=[pk for pk in where if pk])
