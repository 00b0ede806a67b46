"""How figures are written."""

from datetime import timedelta

from django import template
from django.utils import formats
from django.utils.translation import pgettext

register = template.Library()


@register.filter
def duration(value: timedelta | float | None) -> str:
    """A stretch of time in two units at most, rounded as people would say it; an en dash for nothing."""
    if value is None:
        return "–"
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else value)
    if seconds < 60:
        return pgettext("duration", "%s s") % seconds
    minutes = round(seconds / 60)
    if minutes < 60:
        return pgettext("duration", "%s min") % minutes
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return pgettext("duration", "%s h %s min") % (hours, f"{minutes:02}")
    days, hours = divmod(round(hours + minutes / 60), 24)
    return pgettext("duration", "%s d %s h") % (days, hours)


@register.filter
def percent(value: float | None) -> str:
    """A share without decimals; an en dash for nothing. Only all is 100 and only none is 0."""
    if value is None:
        return "–"
    whole = round(value)
    if (whole == 100 and value < 100) or (whole == 0 and value > 0):
        return formats.number_format(value, decimal_pos=1)
    return str(whole)
