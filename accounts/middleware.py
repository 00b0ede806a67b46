"""Staff without a second factor go no further than its set-up page."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

_OPEN = ("/accounts/", "/static/", "/language/", "/invitation/", "/healthz", "/readyz")


class SecondFactorMiddleware:
    """With REQUIRE_STAFF_MFA (the default outside demo mode); sessions only, tokens have no second factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._is_missing(request):
            if request.path.startswith("/api/"):
                raise PermissionDenied
            return redirect("mfa_activate_totp")
        return self.get_response(request)

    def _is_missing(self, request: HttpRequest) -> bool:
        if not settings.REQUIRE_STAFF_MFA or request.path.startswith(_OPEN):
            return False
        user = request.user
        return user.is_authenticated and user.may("workspace.enter") and not is_mfa_enabled(user)
