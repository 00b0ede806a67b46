"""Django's administration behind our own gate and sign-in (see `admin_config`, which makes it the default site)."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.access import refuse, to_sign_in

RIGHT = ("admin.configure",)


class HelpdeskAdminSite(admin.AdminSite):
    """Open to who holds `admin.configure`; Django's `is_staff` alone opens nothing."""

    site_header = _("Helpdesk administration")
    site_title = _("Helpdesk administration")
    index_title = _("All rows")
    site_url = "/desk/setup/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return user.is_authenticated and user.is_active and user.may(*RIGHT)

    def admin_view(self, view: Callable, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def gate(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return refuse(request, RIGHT) or inner(request, *args, **kwargs)

        return update_wrapper(gate, inner)

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """No second sign-in page: ours has the limits and the second factor."""
        return refuse(request, RIGHT) or HttpResponseRedirect(reverse("admin:index"))

    def logout(self, request: HttpRequest, extra_context: dict | None = None) -> Any:
        """Signing out is one thing everywhere."""
        return HttpResponseRedirect(reverse("account_logout")) if request.user.is_authenticated else to_sign_in(request)

    def password_change(self, request: HttpRequest, extra_context: dict | None = None) -> Any:
        return HttpResponseRedirect(reverse("account_change_password"))
