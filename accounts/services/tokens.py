"""Keys for programs: a person's own, and those of service accounts."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import networks as places
from accounts.authentication import PREFIX_LENGTH, hashed, new_secret
from accounts.models import ApiToken, ServiceAccount, User
from accounts.scopes import scopes_of
from outbox.services import enqueue

TOKENS_PER_PERSON = 20
#: Nobody remembers after longer where a key of a program lies.
LONGEST_FOR_SERVICES = timedelta(days=730)
#: So long before its end it is said; a token that was made for less surprises nobody.
WARN_BEFORE = timedelta(days=14)
_BATCH = 200


@transaction.atomic
def issue_token(
    *, actor: User, user: User, name: str, scopes: list[str], expires_at: datetime | None, now: datetime
) -> tuple[ApiToken, str]:
    """Make a token for oneself; its secret is returned once and stored hashed.

    Raises:
        PermissionDenied: for somebody else (an administrator with another's token would act in that name).
        ValidationError: no name, no scope, a scope that the person does not have, an expiry in the past, too many.
    """
    if actor.pk != user.pk:
        raise PermissionDenied
    return _issue(user=user, name=name, scopes=scopes, expires_at=expires_at, now=now)


@transaction.atomic
def issue_service_token(
    *,
    actor: User,
    account: ServiceAccount,
    name: str,
    scopes: list[str],
    expires_at: datetime,
    networks: Iterable[str] = (),
    now: datetime,
) -> tuple[ApiToken, str]:
    """Make a token for a service account, good at most two years and only from ``networks`` if there are any.

    Raises:
        PermissionDenied: the actor is not an administrator.
        ValidationError: as for `issue_token`; the account ended, or what is no network.
    """
    if not actor.may("admin.configure"):
        raise PermissionDenied
    account = ServiceAccount.objects.select_for_update(of=("self",)).select_related("user").get(pk=account.pk)
    if account.ended_at is not None:
        raise ValidationError(_("This service account has ended."))
    if expires_at > now + LONGEST_FOR_SERVICES:
        raise ValidationError({"expires_at": _("At most two years.")})
    try:
        allowed = places.settled(networks)
    except ValidationError as error:
        raise ValidationError({"networks": error.messages}) from None
    return _issue(user=account.user, name=name, scopes=scopes, expires_at=expires_at, networks=allowed, now=now)


def _issue(
    *,
    user: User,
    name: str,
    scopes: list[str],
    expires_at: datetime | None,
    networks: list[str] | None = None,
    now: datetime,
) -> tuple[ApiToken, str]:
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two parallel calls must not pass the limit together
    name = name.strip()
    errors: dict[str, str] = {}
    if not name:
        errors["name"] = _("Give the token a name.")
    if not scopes or set(scopes) - scopes_of(user=user):
        errors["scopes"] = _("Choose at least one scope, and none beyond your own permissions.")
        if user.is_service:
            errors["scopes"] = _("Choose at least one scope, and none beyond the roles of this account.")
    if expires_at is not None and expires_at <= now:
        errors["expires_at"] = _("This time has passed.")
    if ApiToken.objects.filter(user=user, revoked_at__isnull=True).count() >= TOKENS_PER_PERSON:
        errors["name"] = _("You have %(max)d tokens; revoke one first.") % {"max": TOKENS_PER_PERSON}
    if errors:
        raise ValidationError(errors)
    secret = new_secret()
    token = ApiToken.objects.create(
        user=user,
        name=name[:80],
        prefix=secret[:PREFIX_LENGTH],
        token_hash=hashed(secret),
        scopes=sorted(set(scopes)),
        networks=networks or [],
        created_at=now,
        expires_at=expires_at,
    )
    return token, secret


def revoke_token(*, actor: User, token: ApiToken, now: datetime) -> None:
    """End a token, one's own or as an administrator anybody's; the first revocation's instant stays.

    Raises:
        PermissionDenied: a token of somebody else.
    """
    if actor.pk != token.user_id and not actor.may("admin.configure"):
        raise PermissionDenied
    ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=now)
    token.refresh_from_db(fields=["revoked_at"])


def announce_ends(*, now: datetime) -> int:
    """Tell whom it concerns that a token ends within two weeks, each once; how many were due. Safe to run twice."""
    told = 0
    while batch := _announce_some(now):
        told += batch
    return told


@transaction.atomic
def _announce_some(now: datetime) -> int:
    due = ApiToken.objects.filter(
        revoked_at__isnull=True, warned_at__isnull=True, expires_at__gt=now, expires_at__lte=now + WARN_BEFORE
    )
    rows = list(due.order_by("pk").select_for_update(skip_locked=True, of=("self",))[:_BATCH])
    for token in rows:
        if token.expires_at and token.expires_at - token.created_at > WARN_BEFORE:
            enqueue(kind="account.token_ends", payload={"token": token.pk}, stream=f"token:{token.pk}", now=now)
    ApiToken.objects.filter(pk__in=[token.pk for token in rows]).update(warned_at=now)
    return len(rows)
