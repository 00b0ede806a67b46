"""Pages of service accounts, for administrators: what they are, their roles, their tokens."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Max, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.access import SignedInRequest, requires
from accounts.models import ApiToken, Membership, ServiceAccount
from accounts.service_forms import ServiceAccountForm, ServiceRoleForm, ServiceTokenForm
from outbox import clock
from outbox.form_errors import add_errors

_for_administrators = requires("admin.configure")


@_for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def service_accounts(request: SignedInRequest) -> HttpResponse:
    """All service accounts, and a form for another one."""
    form = ServiceAccountForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            account = services.save_service_account(actor=request.user, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("service-account", account.pk)
    alive = Q(user__api_tokens__revoked_at__isnull=True, user__api_tokens__expires_at__gt=clock.now())
    rows = ServiceAccount.objects.select_related("user", "owner").annotate(
        tokens=Count("user__api_tokens", filter=alive), last_used_at=Max("user__api_tokens__last_used_at")
    )
    context = {"accounts": rows.order_by("ended_at", "user__name", "pk"), "form": form}
    return render(request, "accounts/services.html", context, status=422 if form.errors else 200)


@_for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
def service_account(request: SignedInRequest, pk: int) -> HttpResponse:
    """One account with its roles and tokens; POST changes its name, purpose and responsible person."""
    account = _account(pk)
    if request.method != "POST":
        return _page(request, account)
    form = ServiceAccountForm(request.POST, account=account)
    if form.is_valid():
        try:
            services.save_service_account(actor=request.user, account=account, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("service-account", pk)
    return _page(request, account, status=422, form=form)


@_for_administrators
@require_POST
def service_role(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give the account a role in a team."""
    account, form = _account(pk), ServiceRoleForm(request.POST)
    if form.is_valid():
        try:
            services.grant_service_role(actor=request.user, account=account, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("service-account", pk)
    return _page(request, account, status=422, role_form=form)


@_for_administrators
@require_POST
def service_role_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Take a role away; tokens lose what they had by it at once."""
    row = get_object_or_404(Membership, pk=pk, user__is_service=True)
    services.revoke_role(actor=request.user, membership=row, now=clock.now())
    return redirect("service-account", row.user_id)


@_for_administrators
@require_POST
@never_cache
def service_token(request: SignedInRequest, pk: int) -> HttpResponse:
    """Make a token; its secret is in this answer and nowhere else, so there is no redirect."""
    account = _account(pk)
    form = ServiceTokenForm(request.POST, user=account.user)
    if form.is_valid():
        now, said = clock.now(), form.cleaned_data
        try:
            token, secret = services.issue_service_token(
                actor=request.user,
                account=account,
                name=said["token_name"],
                scopes=said["scopes"],
                expires_at=now + timedelta(days=int(said["days"])),
                networks=said["networks"],
                now=now,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _page(request, account, new_token=token, secret=secret)
    return _page(request, account, status=422, token_form=form)


@_for_administrators
@require_POST
def service_token_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    """End one token."""
    row = get_object_or_404(ApiToken, pk=pk, user__is_service=True)
    services.revoke_token(actor=request.user, token=row, now=clock.now())
    messages.success(request, _("The token is revoked."))
    return redirect("service-account", row.user_id)


@_for_administrators
@require_POST
def service_account_end(request: SignedInRequest, pk: int) -> HttpResponse:
    """Close the account's doors for good."""
    services.end_service_account(actor=request.user, account=_account(pk), now=clock.now())
    messages.success(request, _("The service account has ended; its tokens are revoked."))
    return redirect("service-account", pk)


def _account(pk: int) -> ServiceAccount:
    return get_object_or_404(ServiceAccount.objects.select_related("user", "owner"), pk=pk)


def _page(request: SignedInRequest, account: ServiceAccount, *, status: int = 200, **given: Any) -> HttpResponse:
    """The page of an account; ``given``: the form that came back, or a secret to show."""
    user = account.user
    context = {
        "account": account,
        "form": ServiceAccountForm(account=account),
        "role_form": ServiceRoleForm(),
        "token_form": ServiceTokenForm(user=user),
        "roles": user.memberships.select_related("role", "team").order_by("role", "team__name"),
        "tokens": user.api_tokens.filter(revoked_at__isnull=True),
        "now": clock.now(),
    }
    return render(request, "accounts/service.html", context | given, status=status)
