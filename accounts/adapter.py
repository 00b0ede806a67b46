"""How sign-in by allauth is bent to this product: no sign-up, mails by the outbox, limits that hold in parallel."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts import sign_in
from accounts.access import is_safe_path
from accounts.notices import EVENTS, tell_account
from outbox import clock


class AccountAdapter(DefaultAccountAdapter):
    """No self-made accounts: people are invited, or become known by submitting a problem."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only paths of our own; allauth would also let our absolute addresses pass, which nothing here needs."""
        return bool(url) and is_safe_path(url or "")

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Staff begin in their workspace, who only reads figures at those, customers at the portal."""
        user: Any = request.user
        if user.may("workspace.enter"):
            figures = user.may("report.view") and not user.may("ticket.work")
            try:
                return reverse("reports:dashboard" if figures else "workspace:queue")
            except NoReverseMatch:
                pass
        return settings.LOGIN_REDIRECT_URL

    def get_client_ip(self, request: HttpRequest) -> str:
        """TrustedProxyMiddleware has put the real address there; X-Forwarded-For is not looked at again."""
        return request.META.get("REMOTE_ADDR", "")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the attempt before the password is looked at, so that parallel attempts cannot slip through."""
        if not sign_in.allow_attempt(ip=self.get_client_ip(request), email=credentials.get("email", "")):
            raise self.validation_error("too_many_login_attempts")

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Whom the credentials belong to; a success gives the counted attempt back."""
        self.pre_authenticate(request, **credentials)
        user = authenticate(request, **credentials)
        if user is None:
            self.authentication_failed(request, **credentials)
        else:
            sign_in.give_back(ip=self.get_client_ip(request), email=credentials.get("email", ""))
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict) -> None:
        """Mails about what happened to an account go through the outbox like all others (the reset link: ResetForm)."""
        event = template_prefix.rpartition("/")[2]
        if event in EVENTS:
            with transaction.atomic():
                tell_account(kind="account.security", email=email, now=clock.now(), event=event)
