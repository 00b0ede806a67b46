"""How programs prove who they are: a token in the Authorization header, with scopes."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Q
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.networks import is_inside
from accounts.scopes import scopes_of
from outbox import clock

PREFIX_LENGTH = 11  # «hd_» and 8 characters to recognise it by; 208 of the 256 bits stay unknown
_USE_IS_NOTED_EVERY = timedelta(minutes=1)  # a row per request would be one hot row per program
ANY_SCOPE = ""  # in `required_scopes`: signed in is enough


def new_secret() -> str:
    """A token of 256 random bits."""
    return "hd_" + secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What is stored of a token. It is random, so a slow hash would add nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()


def caller(request: Request) -> User:
    """Who calls, for views behind `SignedInWithScope`, which lets nobody else in."""
    return cast(User, request.user)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer hd_…` (or `Token hd_…`).

    One that is wrong, expired, revoked or used from a network that it may not be used from is refused alike.
    """

    keywords = ("bearer", "token")

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in self.keywords:
            return None
        now = clock.now()
        token = self._find(secret.strip(), now)
        if token is None or not is_inside(request.META.get("REMOTE_ADDR", ""), token.networks):
            raise AuthenticationFailed(_("This token is not valid."))
        _note_use(token, now)
        if "Accept-Language" not in request.headers:
            translation.activate(token.user.language)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    def _find(self, secret: str, now: datetime) -> ApiToken | None:
        acts = Q(user__is_active=True) | Q(user__is_service=True, user__service__ended_at__isnull=True)
        valid = Q(revoked_at__isnull=True) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        return ApiToken.objects.select_related("user").filter(acts, valid, token_hash=hashed(secret)).first()


def _note_use(token: ApiToken, now: datetime) -> None:
    """Write `last_used_at`, at most once a minute whatever the traffic."""
    if token.last_used_at is None or token.last_used_at <= now - _USE_IS_NOTED_EVERY:
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - _USE_IS_NOTED_EVERY)
        ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


class SignedInWithScope(BasePermission):
    """A view names a scope per method: `required_scopes = {"GET": "tickets:read", "POST": "tickets:write"}`.

    A method without a line is refused, so that a forgotten line is a closed door. A token has the scopes it was
    given as far as its owner still has them; a session has those of the person's permissions.
    """

    message = _("Your permissions or the scopes of this token do not allow this.")

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not (user and user.is_authenticated and user.acts):
            return False
        method = "GET" if request.method == "HEAD" else request.method
        if method == "OPTIONS":
            return True
        declared = getattr(view, "required_scopes", {})
        if method not in declared:
            # A method that the view does not have is «not allowed» (405) by its own account, not ours.
            return not hasattr(view, (method or "").lower())
        scope = declared[method]
        return scope == ANY_SCOPE or scope in effective_scopes(request)


def effective_scopes(request: Request) -> frozenset[str]:
    """What this request may do: the person's scopes, cut down to the token's when there is one."""
    granted = scopes_of(user=cast(User, request.user))
    return granted & frozenset(request.auth.scopes) if isinstance(request.auth, ApiToken) else granted
