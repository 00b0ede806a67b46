"""Mailboxes to set up and try; mails that came in to look at."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intake.mail.oauth import forget_token
from intake.mail.trying import try_mailbox
from intake.models import InboundMail, Mailbox
from outbox import clock
from outbox.admin_base import AutocompleteMixin, ReadOnlyAdmin
from outbox.sealed_fields import SecretField

_SECRETS = ("password", "client_secret", "refresh_token")


class MailboxForm(forms.ModelForm):
    """Secrets are entered here and never come back: an empty field leaves what is stored as it is."""

    token_url = forms.URLField(label=capfirst(gettext_lazy("token endpoint")), required=False, assume_scheme="https")
    password = SecretField(label=capfirst(gettext_lazy("password")))
    client_secret = SecretField(label=capfirst(gettext_lazy("client secret")))
    refresh_token = SecretField(label=capfirst(gettext_lazy("refresh token")))

    class Meta:
        model = Mailbox
        fields = "__all__"  # noqa: DJ007 - sealed ones are not editable

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _SECRETS:
            is_stored = bool(getattr(self.instance, f"sealed_{name}", ""))
            self.fields[name].help_text = _("Stored. Leave it empty to keep it.") if is_stored else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("host") and data.get("is_active"):
            by_password = data.get("sign_in") == Mailbox.SignIn.PASSWORD
            needed = ("password",) if by_password else ("token_url", "client_id", "refresh_token")
            for name in needed:
                if not data.get(name) and not getattr(self.instance, f"sealed_{name}", ""):
                    self.add_error(name, _("This is needed to sign in."))
        return data

    def save(self, commit: bool = True) -> Mailbox:
        self.instance.keep_secrets(**{name: self.cleaned_data.get(name, "") for name in _SECRETS})
        return super().save(commit)


@admin.register(Mailbox)
class MailboxAdmin(AutocompleteMixin, admin.ModelAdmin):
    form = MailboxForm
    list_display = ["address", "name", "team", "host", "is_active", "fetched_at", "last_error"]
    list_filter = ["is_active"]
    list_select_related = ["state", "team"]
    search_fields = ["address", "name"]
    autocomplete_fields = ["team"]
    readonly_fields = ["fetched_at", "last_error"]
    change_form_template = "intake/admin_mailbox.html"
    fieldsets = [
        (None, {"fields": ["address", "name", "team", "language", "is_active"]}),
        (
            gettext_lazy("Fetching"),
            {"fields": ["host", "port", "security", "user", "folder", "after_fetch", "fetched_at", "last_error"]},
        ),
        (
            gettext_lazy("Sign-in"),
            {"fields": ["sign_in", "password", "token_url", "client_id", "client_secret", "refresh_token"]},
        ),
        (gettext_lazy("Reading"), {"fields": ["plus_addresses", "accepts_lists", "open_threads", "keep_days"]}),
    ]

    @admin.display(description=gettext_lazy("last fetched"))
    def fetched_at(self, row: Mailbox) -> Any:
        return getattr(getattr(row, "state", None), "fetched_at", None) or "–"

    @admin.display(description=gettext_lazy("last error"))
    def last_error(self, row: Mailbox) -> str:
        return getattr(getattr(row, "state", None), "last_error", "") or "–"

    def save_model(self, request: HttpRequest, obj: Mailbox, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        forget_token(obj)

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/try/", self.admin_site.admin_view(self.try_connection), name="intake_mailbox_try")
        return [own, *super().get_urls()]

    def try_connection(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The button «test the connection»: signs in, opens the folder, counts, changes nothing."""
        mailbox = self.get_object(request, str(pk))
        if mailbox is None or request.method != "POST":
            return HttpResponseRedirect(reverse("admin:intake_mailbox_changelist"))
        found = try_mailbox(mailbox, now=clock.now())
        messages.add_message(request, messages.SUCCESS if found.is_well else messages.ERROR, found.text)
        return HttpResponseRedirect(reverse("admin:intake_mailbox_change", args=[pk]))


@admin.register(InboundMail)
class InboundMailAdmin(ReadOnlyAdmin):
    """Every mail, whatever became of it; decided about at `/desk/mail/`."""

    list_display = ["id", "sender", "subject", "mailbox", "state", "reason", "attempts", "received_at"]
    list_filter = ["state", "reason", "mailbox"]
    list_select_related = ["mailbox"]
    raw_id_fields = ["ticket", "became", "same_as"]
    search_fields = ["sender", "subject", "message_id"]
    show_full_result_count = False
