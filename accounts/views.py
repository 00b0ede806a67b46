"""Pages of the person: profile, duty, absences, tokens, language, and the acceptance of an invitation."""

from datetime import timedelta
from typing import Any

from allauth.account.views import PasswordResetFromKeyView
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import services
from accounts.access import SignedInRequest, is_safe_path, requires
from accounts.forms import AbsenceForm, InvitationForm, ProfileForm, QuietHoursForm, TokenForm
from accounts.links import person_of_invitation
from outbox import clock
from outbox.quiet import zone_of


@requires()
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: SignedInRequest) -> HttpResponse:
    """One's own page; POST saves name, language and zone."""
    user = request.user
    if request.method != "POST":
        return _profile_page(request)
    form = ProfileForm(request.POST)
    if form.is_valid():
        try:
            services.save_preferences(actor=user, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            translation.activate(user.language)
            messages.success(request, _("Saved."))
            return _with_language(redirect("profile"), user.language)
    return _profile_page(request, status=422, form=form)


@requires("workspace.enter")
@require_POST
def duty(request: SignedInRequest) -> HttpResponse:
    """Take up duty or leave it."""
    on_duty = request.POST.get("on_duty") == "1"
    services.set_duty(actor=request.user, user=request.user, on_duty=on_duty, now=clock.now())
    messages.success(request, _("You are on duty.") if on_duty else _("You are off duty; no new tickets come to you."))
    return redirect("profile")


@requires("workspace.enter")
@require_POST
def quiet_hours(request: SignedInRequest) -> HttpResponse:
    """Say when messages wait, or (both times empty) that they never do."""
    form = QuietHoursForm(request.POST)
    if form.is_valid():
        try:
            services.set_quiet_hours(actor=request.user, user=request.user, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            on = form.cleaned_data["quiet_from"] is not None
            messages.success(request, _("Your quiet hours are set.") if on else _("You have no quiet hours now."))
            return redirect("profile")
    return _profile_page(request, status=422, quiet_form=form)


@requires("workspace.enter")
@require_POST
def absence_add(request: SignedInRequest) -> HttpResponse:
    """Be out of office for a while."""
    form = AbsenceForm(request.POST, user=request.user)
    if form.is_valid():
        try:
            services.add_absence(actor=request.user, user=request.user, now=clock.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("profile")
    return _profile_page(request, status=422, absence_form=form)


@requires("workspace.enter")
@require_POST
def absence_remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Call one's own absence off."""
    absence = get_object_or_404(request.user.absences, pk=pk)
    services.remove_absence(actor=request.user, absence=absence, now=clock.now())
    return redirect("profile")


@requires()
@require_POST
@never_cache
def token_create(request: SignedInRequest) -> HttpResponse:
    """Make an API token; its secret is in this answer and nowhere else, so there is no redirect."""
    form = TokenForm(request.POST, user=request.user)
    if form.is_valid():
        now = clock.now()
        days = int(form.cleaned_data["days"])
        try:
            token, secret = services.issue_token(
                actor=request.user,
                user=request.user,
                name=form.cleaned_data["token_name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=now + timedelta(days=days) if days else None,
                now=now,
            )
        except ValidationError as error:
            form.add_error(None, ValidationError(error.messages))
        else:
            return _profile_page(request, new_token=token, secret=secret)
    return _profile_page(request, status=422, token_form=form)


@requires()
@require_POST
def token_revoke(request: SignedInRequest, pk: int) -> HttpResponse:
    """End one's own token."""
    token = get_object_or_404(request.user.api_tokens, pk=pk)
    services.revoke_token(actor=request.user, token=token, now=clock.now())
    messages.success(request, _("The token is revoked."))
    return redirect("profile")


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language by cookie, and for signed-in people in their profile, where mails read it."""
    wanted = request.POST.get("next", "")
    response = HttpResponseRedirect(wanted if is_safe_path(wanted) else "/")
    language = request.POST.get("language", "")
    if language not in dict(settings.LANGUAGES):
        return response
    if request.user.is_authenticated and request.user.language != language:
        request.user.language = language
        request.user.save(update_fields=["language"])
    return _with_language(response, language)


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows who is invited (mail scanners follow links), POST sets the password. Anything wrong is «not found»."""
    now = clock.now()
    person = person_of_invitation(token=token, now=now)
    if person is None:
        raise Http404
    form = InvitationForm(request.POST if request.method == "POST" else None, initial={"name": person.name})
    if request.method == "POST" and form.is_valid():
        try:
            accepted = services.accept_invitation(token=token, now=now, **form.cleaned_data)
        except ValidationError as error:
            form.add_error("password", error)
        else:
            if accepted is None:
                raise Http404
            messages.success(request, _("Welcome! Now sign in with your new password."))
            return redirect("account_login")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/invitation.html", {"form": form, "person": person}, status=status)


class ResetFromKeyView(PasswordResetFromKeyView):
    """allauth's page for a reset link; a wrong, used or expired link is «not found»."""

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        if context.get("token_fail"):
            raise Http404
        return super().render_to_response(context, **kwargs)


def _profile_page(request: SignedInRequest, status: int = 200, **given: Any) -> HttpResponse:
    """The profile with whichever of its forms came back with errors."""
    user = request.user
    now = clock.now()
    initial = {"name": user.name, "language": user.language, "time_zone": user.time_zone}
    context = {
        "form": ProfileForm(initial=initial),
        "token_form": TokenForm(user=user),
        "absence_form": AbsenceForm(user=user),
        "quiet_form": QuietHoursForm(initial={"quiet_from": user.quiet_from, "quiet_until": user.quiet_until}),
        "zone": zone_of(user),
        "tokens": user.api_tokens.filter(revoked_at__isnull=True),
        "absences": user.absences.filter(ends_at__gt=now).select_related("deputy"),
        "works_here": user.may("workspace.enter"),
        "second_factor": is_mfa_enabled(user),
        "now": now,
    }
    return render(request, "accounts/profile.html", context | given, status=status)


def _with_language(response: HttpResponse, language: str) -> HttpResponse:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
