"""Instants in the parameters of the API, as far as the database can hold them."""

from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField


class _InstantField(IsoDateTimeField):
    """In UTC: PostgreSQL refuses zones of more than 16 hours, and a zone may lead out of the calendar."""

    def clean(self, value: object) -> datetime | None:
        found = super().clean(value)
        try:
            return found.astimezone(UTC) if found else None
        except (OverflowError, ValueError) as error:
            raise ValidationError(gettext("This instant is beyond the calendar.")) from error


class InstantFilter(filters.IsoDateTimeFilter):
    """An instant by ISO 8601 in any zone."""

    field_class = _InstantField
