"""Template tags of the design (docs/styleguide.md): icons, badges, clocks, people, navigation."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import template
from django.core.paginator import Page
from django.template.defaultfilters import stringfilter
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from helpdesk import charts
from sla.selectors import hours_ahead, remaining

register = template.Library()

STATUS_ICONS = {
    "new": "circle",
    "open": "play",
    "pending": "hourglass",
    "on_hold": "pause",
    "resolved": "check",
    "closed": "lock",
}


@register.simple_tag
def sprite() -> str:
    """The address of the icon sprite."""
    return static("icons/sprite.svg")


@register.simple_tag
def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """One icon of the sprite; decoration unless it gets a ``label``."""
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}#{}"/></svg>', css, label, sprite(), name
        )
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>', css, sprite(), name)


@register.filter
@stringfilter
def words(value: str) -> list[str]:
    """Split on spaces, for small fixed lists in templates."""
    return value.split()


@register.filter
def drafts_done(message: Any) -> str:
    """Names of the drafts whose words the server took, from a message's extra tags «draft-done:name»."""
    tags = str(getattr(message, "extra_tags", "") or "").split()
    return " ".join(tag.partition(":")[2] for tag in tags if tag.startswith("draft-done:"))


@register.inclusion_tag("components/severity.html")
def severity(value: str, label: bool | str = False, size: str = "") -> dict:
    """The S/A/B badge; ``label=True`` writes the word beside it."""
    names = {
        "S": pgettext("severity", "urgent"),
        "A": pgettext("severity", "high"),
        "B": pgettext("severity", "normal"),
    }
    return {"value": value, "name": names.get(value, ""), "label": label, "size": size}


@register.inclusion_tag("components/status.html")
def status(value: Any, text: str = "") -> dict:
    """The pill of a ticket's status, from a ticket or from a status value."""
    if hasattr(value, "get_status_display"):
        value, text = value.status, value.get_status_display()
    text = text or str(getattr(value, "label", "")) or str(value).replace("_", " ")
    return {"value": str(value), "text": text, "icon_name": STATUS_ICONS.get(str(value), "circle")}


def span_text(seconds: float) -> str:
    """A stretch of time as a chip shows it: 2 d 3 h, 1 h 05 min, 12:34. static/js/countdown.js says the same."""
    total = int(abs(seconds))
    days, rest = divmod(total, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, secs = divmod(rest, 60)
    if days:
        return pgettext("duration", "%s d %s h") % (days, hours)
    if hours:
        return pgettext("duration", "%s h %s min") % (hours, f"{minutes:02}")
    return f"{minutes}:{secs:02}"


@register.filter
def span(value: Any) -> str:
    """`span_text` for templates, of a timedelta or of seconds; an en dash for nothing."""
    if value is None or value == "":
        return "–"
    return span_text(value.total_seconds() if hasattr(value, "total_seconds") else float(value))


def _now(context: template.Context) -> datetime:
    """The page's instant, read once per response: `server_now` of helpdesk.context asks the database each time."""
    request = context.get("request")
    if request is not None and hasattr(request, "_ui_now"):
        return request._ui_now
    source = context.get("server_now")
    now = source() if callable(source) else source
    if now is None:
        raise template.TemplateSyntaxError("a clock chip needs `server_now` in the context or now=")
    if request is not None:
        request._ui_now = now
    return now


def clock_face(clock: Any, now: datetime) -> tuple[str, str, str]:
    """State, word and time that a clock shows at ``now``.

    States of the face: running, soon (warned), breached, paused, met, ended (replaced or cancelled). A miss that
    was answered late stays «breached», with how late it was. Time is counted in the hours of the promise.
    """
    if clock.state == "met":
        return "met", pgettext("deadline", "met"), ""
    if clock.state in {"superseded", "cancelled"}:
        return "ended", pgettext("deadline", "ended"), ""
    left = remaining(clock, now=now).total_seconds()
    over = pgettext("deadline", "%s over") % span_text(min(left, 0))
    if clock.state == "missed":
        return "breached", pgettext("deadline", "missed"), over
    # While a clock stands still its due instant passes without a miss; it moves on when the clock goes on.
    if clock.breached_at or (clock.due_at <= now and clock.state != "paused"):
        return "breached", pgettext("deadline", "overdue"), over
    if clock.state == "paused":
        return "paused", pgettext("deadline", "paused"), pgettext("deadline", "%s left") % span_text(left)
    if clock.warned_at or (clock.warn_at and now >= clock.warn_at):
        return "soon", pgettext("deadline", "due soon"), span_text(left)
    return "running", pgettext("deadline", "running"), span_text(left)


@register.inclusion_tag("components/clock.html", takes_context=True)
def clock(context: template.Context, value: Any, now: datetime | None = None, metric: bool = False) -> dict:
    """The chip of one deadline that counts down. ``value``: an `sla.models.Clock`, or anything with its fields."""
    if not value:
        return {"clock": None}
    now = now or _now(context)
    state, word, text = clock_face(value, now)
    face = {"clock": value, "now": now, "state": state, "word": word, "text": text, "metric": metric}
    if value.state != "running":  # it stands still: without `due` the script leaves it alone
        return face
    hours = hours_ahead(value, now=now)
    stretches = None if hours is None else ",".join(f"{a.timestamp():.0f}/{b.timestamp():.0f}" for a, b in hours)
    return {**face, "ticks": True, "left": remaining(value, now=now).total_seconds(), "hours": stretches}


@register.simple_tag(takes_context=True)
def moment(context: template.Context, value: datetime | None) -> SafeString | str:
    """An instant, short (today: 14:05; else with its date), the whole of it in the title."""
    if value is None:
        return "–"
    local = timezone.localtime(value)
    today = timezone.localtime(_now(context)).date()
    if local.date() == today:
        short = formats.date_format(local, "H:i")
    elif local.year == today.year:
        short = f"{formats.date_format(local, 'MONTH_DAY_FORMAT')} {formats.date_format(local, 'H:i')}"
    else:
        short = formats.date_format(local, "SHORT_DATE_FORMAT")
    full = f"{formats.date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), full, short)


def initials(name: str) -> str:
    """Letters for an avatar: the last two characters of a Chinese name, else the first of the first and last word."""
    parts = name.split()
    if not parts:
        return "?"
    if ord(parts[0][0]) > 0x2E7F:
        return parts[0][-2:] if len(parts[0]) > 2 else parts[0]
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


@register.simple_tag
def avatar(person: Any, size: str = "") -> SafeString:
    """A round mark with initials. Decoration: the name always stands beside it. Nobody gives a dashed ring."""
    css = f" avatar-{size}" if size else ""
    if not person:
        return format_html('<span class="avatar avatar-none{}" aria-hidden="true">?</span>', css)
    return format_html('<span class="avatar{}" aria-hidden="true">{}</span>', css, initials(str(person)))


@register.inclusion_tag("components/person.html")
def person(value: Any, none: str = "") -> dict:
    """Avatar and name; for nobody the words ``none`` («unassigned»)."""
    return {"person": value, "none": none or gettext("unassigned")}


def _link(context: template.Context, name: str) -> tuple[str, bool]:
    """Address of a named page, empty where that page does not exist (yet), and whether it is the present one."""
    try:
        href = reverse(name)
    except NoReverseMatch:
        return "", False
    request = context.get("request")
    path = request.path if request else ""
    # Every page of colleagues lies below the queue's address, but only tickets belong to it.
    below = {"/": "/", "/desk/": "/desk/tickets/"}.get(href, href)
    return href, path == href or (below != "/" and path.startswith(below))


@register.simple_tag(takes_context=True)
def nav_link(context: template.Context, name: str, label: str) -> SafeString | str:
    """A link of the portal's navigation; marks the present page."""
    href, current = _link(context, name)
    if not href:
        return ""
    return format_html('<a href="{}"{}>{}</a>', href, SafeString(' aria-current="page"') if current else "", label)


@register.inclusion_tag("components/rail_link.html", takes_context=True)
def rail_link(
    context: template.Context, name: str, label: str, icon_name: str, count: int | None = None, alert: bool = False
) -> dict:
    """A link of the workspace's rail, with a count; ``alert`` makes a count above zero loud."""
    href, current = _link(context, name)
    return {"href": href, "current": current, "label": label, "icon_name": icon_name, "count": count, "alert": alert}


@register.inclusion_tag("components/pagination.html", takes_context=True)
def pagination(context: template.Context, page: Page) -> dict:
    """Links of a paginated list; the other parameters of the query stay."""
    numbers: Iterable = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return {"page": page, "numbers": list(numbers), "gap": page.paginator.ELLIPSIS, "request": context.get("request")}


@register.inclusion_tag("components/chart_bars.html")
def bar_chart(rows: Iterable, label: str, unit: str = "", target: float | None = None) -> dict:
    """Horizontal bars. ``rows``: (name, value) or (name, value, tone); tone is 1–5, S, A, B, ok or rest."""
    return {"chart": charts.bars(rows, target), "label": label, "unit": unit}


@register.inclusion_tag("components/chart_columns.html")
def column_chart(columns: Iterable, label: str, series: Iterable = (), unit: str = "", stacked: bool = True) -> dict:
    """Columns over time. ``columns``: (name, [values]); ``series``: (name, tone), bottom to top or left to right."""
    return {"chart": charts.columns(columns, series, stacked=stacked), "label": label, "unit": unit}


@register.inclusion_tag("components/chart_lines.html")
def line_chart(names: Iterable, series: Iterable, label: str, unit: str = "", target: float | None = None) -> dict:
    """Lines over time. ``names``: labels of the points; ``series``: (name, [values or None]) up to 4."""
    return {"chart": charts.lines(names, series, target), "label": label, "unit": unit}


@register.inclusion_tag("components/chart_donut.html")
def donut_chart(slices: Iterable, label: str, caption: str = "") -> dict:
    """Shares of a whole. ``slices``: (name, value) or (name, value, tone)."""
    return {"chart": charts.donut(slices), "label": label, "caption": caption}


@register.simple_tag
def meter(value: float, most: float, label: str) -> SafeString:
    """A thin bar of how full something is: calm, from 80 % amber, above 100 % red; the label says it in words."""
    share = value / most if most else 0
    css = "meter-over" if share > 1 else "meter-soon" if share >= 0.8 else ""
    width = round(min(share, 1) * 100, 1)
    return format_html(
        '<svg class="meter {}" role="img" aria-label="{}" viewBox="0 0 100 8" preserveAspectRatio="none">'
        '<rect width="{}" height="8"/></svg>',
        css,
        label,
        width,
    )
