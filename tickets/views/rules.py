"""«Test a text»: the administrator sees what the rules make of a text, and why. Nothing is written."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.access import requires
from accounts.models import Organization
from tickets.choices import Impact, Urgency
from tickets.grading import grade
from tickets.models import TriageRule
from tickets.rulebook import severity_rules, triage_rules
from tickets.triage import classify
from tickets.wording import reason_texts

NOT_SAID = [("", _("not said"))]


class TryForm(forms.Form):
    """What a customer could have told."""

    subject = forms.CharField(label=_("Subject"), max_length=200, required=False)
    description = forms.CharField(
        label=_("What happens"), max_length=50_000, widget=forms.Textarea(attrs={"rows": 8}), required=False
    )
    impact = forms.ChoiceField(label=_("Scope of impact"), choices=[*NOT_SAID, *Impact.choices], required=False)
    urgency = forms.ChoiceField(label=_("Urgency"), choices=[*NOT_SAID, *Urgency.choices], required=False)
    data_loss = forms.TypedChoiceField(
        label=_("Data was lost"),
        choices=[*NOT_SAID, ("yes", _("yes")), ("no", _("no"))],
        coerce=lambda value: value == "yes",
        empty_value=None,
        required=False,
    )
    service_level = forms.ChoiceField(
        label=_("Service level"), choices=Organization.ServiceLevel.choices, required=False
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("subject") and not data.get("description"):
            raise forms.ValidationError(_("Enter a subject or a description."))
        return data


@requires("admin.configure")
@require_http_methods(["GET", "POST"])
def try_rules(request: HttpRequest) -> HttpResponse:
    """GET shows the form; POST (so that the text stays out of addresses and logs) also the result."""
    form = TryForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        context["result"] = _judge(form.cleaned_data)
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "tickets/rules_try.html", context, status=status)


def _judge(data: dict[str, Any]) -> dict[str, Any]:
    texts = {"subject": data["subject"], "description": data["description"]}
    told = {name: data[name] for name in ("impact", "urgency", "data_loss", "service_level")}
    graded = grade(**texts, **told)
    routing = classify(**texts)
    return {
        "grade": graded,
        "grade_reasons": reason_texts(graded.reasons),
        "routing": routing,
        "routing_reasons": reason_texts(routing.reasons),
        "severity_fired": severity_rules().fired(*texts.values()),
        "triage_fired": _with_names(triage_rules().fired(*texts.values())),
    }


def _with_names(fired: list[tuple[TriageRule, list[str]]]) -> list[tuple[TriageRule, list[str]]]:
    """The same rules read anew with what they name: kept rules would keep old names of categories and teams."""
    fresh = TriageRule.objects.select_related("category", "module", "team").in_bulk([rule.pk for rule, _words in fired])
    return [(fresh[rule.pk], words) for rule, words in fired if rule.pk in fresh]
