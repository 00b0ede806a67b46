"""Who is there: duty, absences, quiet hours."""

from datetime import datetime, time

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Absence, User
from accounts.selectors import deputies_of
from outbox.services import enqueue

NOTE_LENGTH = 200


def may_plan(*, actor: User, user: User) -> bool:
    """Whether ``actor`` sets duty and absences of ``user``: one's own, an administrator, a lead of a team of theirs."""
    if actor.pk == user.pk or actor.may("admin.configure"):
        return True
    return bool(set(actor.team_ids("lead")) & {row.team_id for row in user.memberships.all()})


def _demand_right(actor: User, user: User) -> None:
    if not may_plan(actor=actor, user=user):
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


@transaction.atomic
def add_absence(
    *,
    actor: User,
    user: User,
    starts_at: datetime,
    ends_at: datetime,
    reason: str = Absence.Reason.OTHER,
    note: str = "",
    deputy: User | None = None,
    now: datetime,
) -> Absence:
    """Be out of office between two instants, from the first on and before the second; the deputy is told.

    Raises:
        PermissionDenied: as for `set_duty`.
        ValidationError: it ends before it starts, is wholly past, or meets another absence of this person; or
            the deputy is nobody of their teams, or away then too.
    """
    _demand_right(actor, user)
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("The end must be after the start.")})
    if ends_at <= now:
        raise ValidationError({"ends_at": _("This time has passed.")})
    # Of two who enter at once the second waits here and then sees the first; the constraint holds for everybody else.
    User.objects.select_for_update().get(pk=user.pk)
    meets = Absence.objects.filter(starts_at__lt=ends_at, ends_at__gt=starts_at)
    if meets.filter(user=user).exists():
        raise ValidationError({"starts_at": _("This person is away then already.")}, code="overlaps")
    if deputy is not None and not deputies_of(user=user).filter(pk=deputy.pk).exists():
        raise ValidationError({"deputy": _("A deputy is a colleague of the same team.")})
    if deputy is not None and meets.filter(user=deputy).exists():
        raise ValidationError({"deputy": _("%(name)s is away in this time too.") % {"name": deputy.name}})
    absence = Absence.objects.create(
        user=user,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        note=note.strip()[:NOTE_LENGTH],
        deputy=deputy,
        created_by=actor,
    )
    _tell_deputy(absence, now=now)
    return absence


@transaction.atomic
def remove_absence(*, actor: User, absence: Absence, now: datetime) -> None:
    """Call an absence off: one to come goes, one that runs ends now, so that the past stays true. The deputy is told.

    Raises:
        PermissionDenied: as for `set_duty`.
    """
    _demand_right(actor, absence.user)
    row = Absence.objects.select_for_update().filter(pk=absence.pk, ends_at__gt=now).first()
    if row is None:  # over, or called off meanwhile
        return
    if row.starts_at < now:
        Absence.objects.filter(pk=row.pk).update(ends_at=now)
    else:
        row.delete()
    _tell_deputy(row, now=now, off=True)


def _tell_deputy(absence: Absence, *, now: datetime, off: bool = False) -> None:
    """What is told stands in the payload: the row may be gone when the mail leaves."""
    if absence.deputy_id is None:
        return
    period = {"starts_at": absence.starts_at.isoformat(), "ends_at": absence.ends_at.isoformat()}
    payload = {"deputy": absence.deputy_id, "person": absence.user_id, "off": off, **period}
    enqueue(kind="account.deputy", payload=payload, stream=f"deputy:{absence.deputy_id}", now=now)
