"""The administrator's own questions about a ticket: their fields in forms, and the answers as they are kept and shown.

Answers stand in `Ticket.custom` by the code of their field: words, numbers, true or false, dates as ISO 8601. One
function, `cleaned`, decides for pages, the form for a problem and the API what is an answer.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog.models import Category, CustomField

PREFIX = "custom_"
_MOST_TEXT = 1000  # characters
#: Larger ones are not exact in JSON.
_MOST_NUMBER = 10**15
_YES_NO = [("", "–"), ("yes", gettext_lazy("yes")), ("no", gettext_lazy("no"))]
Answers = Mapping[str, Any]


def fields_of(category: Category | None, *, asked: bool = False) -> list[CustomField]:
    """The active fields of a ticket of ``category``; with ``asked`` those that customers answer in the form."""
    rows = CustomField.objects.filter(Q(category=None) | Q(category=category), is_active=True)
    return list(rows.filter(asks_customer=True) if asked else rows)


def form_fields(fields: Iterable[CustomField], *, required: bool = False) -> dict[str, forms.Field]:
    """A form field for each, by the name under which it stands in a form."""
    return {PREFIX + row.code: _form_field(row, required=required) for row in fields}


def initial_of(fields: Iterable[CustomField], answers: Answers) -> dict[str, Any]:
    """The present answers as first values of those form fields."""
    return {PREFIX + row.code: _typed(row, answers[row.code]) for row in fields if row.code in answers}


def split(data: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The data of a form apart: what is not of custom fields, and the answers to these by code, for `cleaned`."""
    answers = {name.removeprefix(PREFIX): value for name, value in data.items() if name.startswith(PREFIX)}
    return {name: value for name, value in data.items() if not name.startswith(PREFIX)}, answers


def cleaned(answers: Answers, fields: Iterable[CustomField]) -> dict[str, Any]:
    """The given answers as they are kept; None for one that was emptied.

    Raises:
        ValidationError: keyed by the name in forms, for an answer that its field does not take or has no field.
    """
    known = {row.code: row for row in fields}
    kept: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for code, value in answers.items():
        try:
            kept[code] = _kept(known[code], value)
        except KeyError:
            wrong[PREFIX + code] = _("There is no such field for this category.")
        except ValidationError as refused:
            wrong[PREFIX + code] = refused
    if wrong:
        raise ValidationError(wrong)
    return kept


def missing(answers: Answers, fields: Iterable[CustomField]) -> list[CustomField]:
    """The fields that who resolves the ticket has to answer and nobody did."""
    return [row for row in fields if row.is_needed and answers.get(row.code) is None]


def shown(answers: Answers, fields: Iterable[CustomField]) -> list[tuple[str, str]]:
    """Label and answer of each field that was answered."""
    return [(row.label, words(row, answers[row.code])) for row in fields if row.code in answers]


def words(row: CustomField, answer: Any) -> str:
    """One answer in the reader's language; a choice that was taken away is shown as it was kept."""
    if answer is None:
        return ""
    if row.kind == CustomField.Kind.BOOLEAN:
        return _("yes") if answer else _("no")
    if row.kind == CustomField.Kind.CHOICE:
        return dict(row.options).get(answer, str(answer))
    if row.kind == CustomField.Kind.DATE:
        return formats.date_format(date.fromisoformat(answer), "SHORT_DATE_FORMAT")
    if row.kind == CustomField.Kind.NUMBER:
        return formats.number_format(answer)
    return str(answer)


def _form_field(row: CustomField, *, required: bool) -> forms.Field:
    common: dict[str, Any] = {"label": row.label, "required": required}
    match row.kind:
        case CustomField.Kind.NUMBER:
            return forms.FloatField(**common, min_value=-_MOST_NUMBER, max_value=_MOST_NUMBER)
        case CustomField.Kind.DATE:
            widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            return forms.DateField(**common, widget=widget, input_formats=["%Y-%m-%d"])
        case CustomField.Kind.CHOICE:
            return forms.ChoiceField(**common, choices=[("", "–"), *row.options])
        case CustomField.Kind.BOOLEAN:
            return forms.TypedChoiceField(
                **common, choices=_YES_NO, coerce=lambda value: value == "yes", empty_value=None
            )
    return forms.CharField(**common, max_length=_MOST_TEXT)


def _typed(row: CustomField, answer: Any) -> Any:
    """A kept answer as its form field shows it."""
    if row.kind == CustomField.Kind.BOOLEAN:
        return "yes" if answer else "no"
    return answer


def _kept(row: CustomField, value: Any) -> Any:
    """What is kept of a typed value (of a form that was cleaned, or of JSON)."""
    if value in ("", None):
        return None
    if row.kind == CustomField.Kind.BOOLEAN:
        if not isinstance(value, bool):
            raise ValidationError(_("Say true or false."))
        return value
    if isinstance(value, bool | list | dict):
        raise ValidationError(_("This is no answer to the question."))
    found = _form_field(row, required=False).clean(value if isinstance(value, date) else str(value))
    return found.isoformat() if isinstance(found, date) else found
