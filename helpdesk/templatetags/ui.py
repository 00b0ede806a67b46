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
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from helpdesk import badges, charts
from helpdesk.stylesheets import stylesheets as names_of_stylesheets

register = template.Library()

register.simple_tag(badges.sprite, name="sprite")
register.simple_tag(badges.icon, name="icon")
register.simple_tag(badges.severity_badge, name="severity")
register.simple_tag(badges.status_pill, name="status")
register.simple_tag(badges.avatar_mark, name="avatar")
register.simple_tag(badges.person_mark, name="person")
register.simple_tag(badges.options, name="options")


@register.simple_tag
def stylesheets() -> SafeString:
    """The links of the page's styles: one, where files are collected (helpdesk/stylesheets.py)."""
    links = ((static(name),) for name in names_of_stylesheets())
    return format_html_join("\n", '<link rel="stylesheet" href="{}">', links)


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


@register.filter
def bounded(count: int | None) -> str:
    """A count that goes no further than three digits: the queue counts to a thousand (`tickets.selectors.queue`)."""
    return "" if count is None else str(count) if count < 1000 else "999+"


@register.filter
def span(value: Any) -> str:
    """`badges.span_text` for templates, of a timedelta or of seconds; an en dash for nothing."""
    if value is None or value == "":
        return "–"
    return badges.span_text(value.total_seconds() if hasattr(value, "total_seconds") else float(value))


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


@register.simple_tag(takes_context=True)
def clock(context: template.Context, value: Any, now: datetime | None = None, metric: bool = False) -> SafeString:
    """The chip of one deadline (`badges.clock_chip`), by the page's instant unless ``now`` is given."""
    if not value:
        return badges.NOTHING
    return badges.clock_chip(value, now or _now(context), metric=metric)


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


#: What belongs to a page where that is not simply what lies below its address.
_BELOW: dict[str, tuple[str, ...]] = {
    "/": (),
    "/desk/": ("/desk/tickets/",),
    "/desk/outbox/": (),
    "/desk/setup/": ("/desk/setup/", "/desk/outbox/words/", "/desk/audit/"),
}


def _link(context: template.Context, name: str) -> tuple[str, bool]:
    """Address of a named page, empty where that page does not exist (yet), and whether it is the present one."""
    try:
        href = reverse(name)
    except NoReverseMatch:
        return "", False
    request = context.get("request")
    path = request.path if request else ""
    return href, path == href or path.startswith(_BELOW.get(href, (href,)))


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
