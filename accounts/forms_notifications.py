"""What somebody wants to hear: the matrix of a colleague, the plain choice of a customer."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from outbox.mail_models import MailHabit, Preference
from outbox.preferences import Choice, Row, habit_of, matrix, optional_for_customers


class NotificationsForm(forms.Form):
    """One field a cell; what cannot be chosen has none. `save_choices` checks once more."""

    hears = forms.ChoiceField(
        label=_("Mails about my tickets"), choices=MailHabit.Hears.choices, widget=forms.RadioSelect
    )
    digest = forms.ChoiceField(
        label=_("The morning's digest holds"), choices=MailHabit.Digest.choices, widget=forms.RadioSelect
    )
    digest_at = forms.TimeField(
        label=_("It comes at"), widget=forms.TimeInput(format="%H:%M", attrs={"type": "time", "class": "hear-hour"})
    )

    def __init__(self, data: Any = None, *, user: User) -> None:
        habit = habit_of(user)
        initial = {"hears": habit.hears, "digest": habit.digest, "digest_at": habit.digest_at}
        super().__init__(data, initial=initial)
        self.user = user
        self.rows: list[Row] = optional_for_customers(user) if user.is_customer else matrix(user)
        if user.is_customer:
            del self.fields["digest"], self.fields["digest_at"]
        for row in self.rows:
            self._add_cells(row)

    def _add_cells(self, row: Row) -> None:
        if row.has_mail and not row.mail_locked:
            ways = Preference.Mail.choices if row.notice.audience == "staff" else []
            label = _("%(what)s: by mail") % {"what": row.label}
            if ways:
                field: forms.Field = forms.ChoiceField(label=label, choices=ways, required=False)
                field.initial = row.choice.mail
            else:
                field = forms.BooleanField(label=str(row.label), required=False)
                field.initial = row.choice.mail != Preference.Mail.OFF
            self.fields[f"mail:{row.kind}"] = field
        if not row.page_locked and row.notice.audience == "staff":
            page = forms.BooleanField(label=_("%(what)s: in the page") % {"what": row.label}, required=False)
            page.initial = row.choice.page
            self.fields[f"page:{row.kind}"] = page

    def cells(self) -> list[dict[str, Any]]:
        """The matrix for the template: each line with its fields, None where there is nothing to choose."""
        return [{"row": row, "mail": self._field("mail", row), "page": self._field("page", row)} for row in self.rows]

    def _field(self, column: str, row: Row) -> forms.BoundField | None:
        name = f"{column}:{row.kind}"
        return self[name] if name in self.fields else None

    @property
    def chosen(self) -> dict[str, Any]:
        """What changed, as `save_choices` takes it: a line that stands as it stood is no choice."""
        given: dict[str, Any] = {
            name: self.cleaned_data[name] for name in ("hears", "digest", "digest_at") if name in self.fields
        }
        changed = set(self.changed_data)
        kinds = {row.kind: self._choice(row) for row in self.rows if changed & {f"mail:{row.kind}", f"page:{row.kind}"}}
        return {**given, "kinds": kinds}

    def _choice(self, row: Row) -> Choice:
        mail = cast(Any, self.cleaned_data.get(f"mail:{row.kind}", row.choice.mail))
        if isinstance(mail, bool):
            mail = Preference.Mail.NOW if mail else Preference.Mail.OFF
        return Choice(mail or row.choice.mail, self.cleaned_data.get(f"page:{row.kind}", row.choice.page))
