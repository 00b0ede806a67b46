"""People, teams, roles, organizations. People come by invitation; deactivation goes through its service."""

from typing import Any, cast

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import Model
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.models import (
    Absence,
    ApiToken,
    Membership,
    Organization,
    Role,
    ServiceAccount,
    Skill,
    SkillLevel,
    Team,
    User,
)
from accounts.permissions import CODES
from accounts.selectors import administrators
from outbox import clock
from outbox.admin_base import AutocompleteMixin, ReadOnlyAdmin

_NOBODY_LEFT = _("Somebody has to be left who sets the system up.")

for unused in (Group, EmailAddress, EmailConfirmation, Authenticator):  # not used here, or holding secrets
    if admin.site.is_registered(unused):
        admin.site.unregister(unused)


class MembershipFormSet(BaseInlineFormSet):
    """The last administrator cannot be taken away."""

    def clean(self) -> None:
        super().clean()
        person = self.instance
        if not person.pk or not administrators().filter(pk=person.pk).exists() or person.is_superuser:
            return
        kept = [
            form.cleaned_data["role"]
            for form in self.forms
            if form.cleaned_data.get("role") and not form.cleaned_data.get("DELETE")
        ]
        if any("admin.configure" in role.permissions for role in kept):
            return
        if not administrators().exclude(pk=person.pk).exists():
            raise forms.ValidationError(_NOBODY_LEFT)


class MembershipInline(AutocompleteMixin, admin.TabularInline):
    model = Membership
    formset = MembershipFormSet
    extra = 0
    autocomplete_fields = ["team"]


class SkillLevelInline(AutocompleteMixin, admin.TabularInline):
    model = SkillLevel
    extra = 0
    autocomplete_fields = ["skill"]


class UserForm(forms.ModelForm):
    def clean_is_active(self) -> bool:
        active = self.cleaned_data["is_active"]
        if not active and not administrators().exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_NOBODY_LEFT)
        return active


@admin.register(User)
class UserAdmin(AutocompleteMixin, admin.ModelAdmin):
    form = UserForm
    list_display = ["name", "email", "organization", "on_duty", "capacity", "is_active"]
    list_filter = ["is_active", "on_duty", "memberships__role", "memberships__team"]
    list_select_related = ["organization"]
    search_fields = ["name", "email"]
    autocomplete_fields = ["organization"]
    fields = [
        "email",
        "name",
        "title",
        "phone",
        "language",
        "time_zone",
        "organization",
        "sees_organization",
        "capacity",
        "on_duty",
        ("quiet_from", "quiet_until"),
        "is_active",
    ]
    inlines = [MembershipInline, SkillLevelInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).filter(is_service=False)  # they have their own pages

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # by invitation (/desk/setup/invite/)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # tickets and events point at people; deactivate them

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return ["is_active"] if obj is not None and obj.pk == request.user.pk else []

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        leaves = "is_active" in form.changed_data and not obj.is_active
        if leaves:
            obj.is_active = True  # the service closes the doors in its own transaction
        obj.email = obj.email.strip().lower()
        super().save_model(request, obj, form, change)
        if leaves:
            services.deactivate_user(actor=cast(User, request.user), user=obj, now=clock.now())
            obj.refresh_from_db()


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):
    list_display = ["name", "name_en", "service_level", "domain"]
    list_filter = ["service_level"]
    search_fields = ["name", "name_en", "domain"]


class RoleForm(forms.ModelForm):
    permissions = forms.MultipleChoiceField(
        label=_("permissions"), choices=list(CODES.items()), widget=forms.CheckboxSelectMultiple, required=False
    )

    def clean_permissions(self) -> list[str]:
        chosen = sorted(self.cleaned_data["permissions"])
        others = administrators(besides_role=self.instance)
        if "admin.configure" in self.instance.permissions and "admin.configure" not in chosen and not others.exists():
            raise forms.ValidationError(_NOBODY_LEFT)
        return chosen


@admin.register(Role)
class RoleAdmin(admin.ModelAdmin):
    form = RoleForm
    list_display = ["name", "name_en", "code"]
    fields = ["name", "name_en", "permissions"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Team)
class TeamAdmin(AutocompleteMixin, admin.ModelAdmin):
    list_display = ["name", "name_en", "code", "lead", "deputy", "next_level", "is_fallback"]
    list_select_related = ["lead", "deputy", "next_level"]
    search_fields = ["name", "name_en", "code"]
    autocomplete_fields = ["lead", "deputy", "next_level"]


@admin.register(Skill)
class SkillAdmin(admin.ModelAdmin):
    list_display = ["name", "name_en", "code"]
    search_fields = ["name", "name_en", "code"]


@admin.register(Absence)
class AbsenceAdmin(AutocompleteMixin, admin.ModelAdmin):
    list_display = ["user", "starts_at", "ends_at", "reason", "deputy", "note"]
    list_select_related = ["user", "deputy"]
    list_filter = ["reason"]
    search_fields = ["user__name", "user__email"]
    autocomplete_fields = ["user", "deputy"]
    exclude = ["created_by"]


@admin.register(ServiceAccount)
class ServiceAccountAdmin(ReadOnlyAdmin):
    """Made and changed on the pages of /desk/setup/services/, which also make the tokens."""

    list_display = ["user", "purpose", "owner", "created_at", "ended_at"]
    list_select_related = ["user", "owner"]
    search_fields = ["user__name", "purpose", "owner__name"]


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Whose programs may do what; an administrator revokes, and never sees or makes another's secret."""

    list_display = ["name", "user", "prefix", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__email"]
    exclude = ["token_hash"]
    actions = ["revoke"]

    @admin.action(description=_("Revoke the chosen tokens"))
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        now = clock.now()
        for token in queryset:
            services.revoke_token(actor=cast(User, request.user), token=token, now=now)
