"""Who is there: duty, absences, quiet hours."""

from datetime import datetime, time

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from accounts.models import Absence, User

NOTE_LENGTH = 200


def _demand_right(actor: User, user: User) -> None:
    """One's own, as an administrator anybody's, as a lead those of one's teams."""
    if actor.pk == user.pk or actor.may("admin.configure"):
        return
    if set(actor.team_ids("lead")) & set(user.team_ids()):
        return
    raise PermissionDenied


def set_duty(*, actor: User, user: User, on_duty: bool, now: datetime) -> None:
    """Take up duty or leave it; nothing is assigned to who is off duty.

    Raises:
        PermissionDenied: neither oneself nor the person's lead nor an administrator.
    """
    _demand_right(actor, user)
    User.objects.filter(pk=user.pk).update(on_duty=on_duty)
    user.on_duty = on_duty


def set_quiet_hours(
    *, actor: User, user: User, quiet_from: time | None, quiet_until: time | None, now: datetime
) -> None:
    """Say in which hours of one's day messages wait unless they are about severity S; without both, there are none.

    Holds for what is told from now on; what waits already leaves when it was to.

    Raises:
        PermissionDenied: neither oneself nor an administrator; how a person sleeps is no matter of their lead.
        ValidationError: only one of the times, or both the same.
    """
    if actor.pk != user.pk and not actor.may("admin.configure"):
        raise PermissionDenied
    if (quiet_from is None) != (quiet_until is None):
        missing = "quiet_from" if quiet_from is None else "quiet_until"
        raise ValidationError({missing: _("Enter both times, or neither.")})
    if quiet_from is not None and quiet_from == quiet_until:
        raise ValidationError({"quiet_until": _("The end must be another time than the beginning.")})
    User.objects.filter(pk=user.pk).update(quiet_from=quiet_from, quiet_until=quiet_until)
    user.quiet_from, user.quiet_until = quiet_from, quiet_until


def add_absence(
    *, actor: User, user: User, starts_at: datetime, ends_at: datetime, note: str = "", now: datetime
) -> Absence:
    """Be out of office between two instants.

    Raises:
        PermissionDenied: as for `set_duty`.
        ValidationError: it ends before it starts, or is wholly past.
    """
    _demand_right(actor, user)
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("The end must be after the start.")})
    if ends_at <= now:
        raise ValidationError({"ends_at": _("This time has passed.")})
    return Absence.objects.create(user=user, starts_at=starts_at, ends_at=ends_at, note=note.strip()[:NOTE_LENGTH])


def remove_absence(*, actor: User, absence: Absence, now: datetime) -> None:
    """Call an absence off: one to come goes, one that runs ends now, so that the past stays true.

    Raises:
        PermissionDenied: as for `set_duty`.
    """
    _demand_right(actor, absence.user)
    if absence.starts_at < now < absence.ends_at:
        Absence.objects.filter(pk=absence.pk).update(ends_at=now)
    elif absence.starts_at >= now:
        Absence.objects.filter(pk=absence.pk).delete()
