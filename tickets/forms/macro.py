"""Running a macro: the text as the customer will read it, and what happens beside."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tickets.canned import fill
from tickets.forms.base import ActionForm, lines, revision_seen
from tickets.models import CannedAnswer
from tickets.services.macros import run_macro


class MacroForm(ActionForm):
    """Reads which macro from the link; what is sent is what stands in the text."""

    action = "macro"
    changes_composer = True
    title = _("Run a macro")
    button = _("Send and do it")
    icon = "send"
    done = _("Sent and done.")

    macro = forms.ModelChoiceField(CannedAnswer.objects.none(), label=_("Macro"))
    body = lines(_("What the customer reads"), rows=7)
    revision = revision_seen()

    def prepare(self) -> None:
        self.initial["revision"] = self.ticket.revision
        field: Any = self.fields["macro"]
        field.queryset = CannedAnswer.objects.usable_by(self.user).macros()
        chosen = str(self.data.get("macro") or self.initial.get("macro") or "")
        macro = field.queryset.filter(pk=chosen).first() if chosen.isdecimal() and len(chosen) < 19 else None
        if macro is None:
            return
        field.widget = forms.HiddenInput()
        self.initial["body"] = fill(macro, ticket=self.ticket, agent=self.user)
        words = " · ".join([macro.label, *deeds(macro)])
        self.explanation = words  # type: ignore[misc]  # each macro has its own

    @classmethod
    def allowed(cls, ticket: Any, user: Any) -> bool:
        return ticket.is_unresolved

    def perform(self) -> Any:
        return run_macro(ticket=self.ticket, actor=self.user, **self.cleaned_data)


def deeds(macro: CannedAnswer) -> list[str]:
    """What a macro does beside its answer, in words."""
    found = [str(_("then: %(status)s") % {"status": macro.get_status_display()})] if macro.status else []
    if macro.tags:
        found.append(str(_("tags: %(tags)s") % {"tags": ", ".join(macro.tags)}))
    if macro.takes:
        found.append(str(_("takes it if nobody has it")))
    return found
