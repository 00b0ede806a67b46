"""Severity, status, deadline, person and the options of a select as finished HTML.

Written here and not as templates, because lists show hundreds of them on a page: a template each was most of the cost
of the queue (docs/performance.md).
"""

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from html import escape
from typing import Any

from django.forms.utils import flatatt
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext

from sla.selectors import hours_ahead, remaining

STATUS_ICONS = {
    "new": "circle",
    "open": "play",
    "pending": "hourglass",
    "on_hold": "pause",
    "resolved": "check",
    "closed": "lock",
}
#: Octagon, triangle and circle, and how high the letter stands in it.
_SHAPES = {
    "S": (SafeString('<path class="sev-shape" d="M8 2.500h8L21.5 8v8L16 21.500H8L2.5 16V8z"/>'), "16.2"),
    "A": (SafeString('<path class="sev-shape" d="M12 3L22 21H2z"/>'), "19"),
    "B": (SafeString('<circle class="sev-shape" cx="12" cy="12" r="9.25"/>'), "16.2"),
}
_CLOCK_ICONS = {
    "running": "clock",
    "soon": "hourglass",
    "breached": "alert",
    "paused": "pause",
    "met": "check",
    "ended": "minus",
}
#: What a chip may become while the page stays open (static/js/countdown.js); it carries the icons of these.
_BECOMES = {"running": ("running", "soon", "breached"), "soon": ("soon", "breached")}
NOTHING = SafeString('<span class="faint">–</span>')


@cache
def sprite() -> str:
    """The address of the icon sprite, the same for the life of a process."""
    return static("icons/sprite.svg")


def icon(name: str, label: str = "", css: str = "") -> SafeString:
    """One icon of the sprite; decoration unless it gets a ``label``."""
    if label:
        return format_html(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}#{}"/></svg>', css, label, sprite(), name
        )
    return _decoration(name, css)


@cache
def _decoration(name: str, css: str) -> SafeString:
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>', css, sprite(), name)


def severity_badge(value: str, label: bool | str = False, size: str = "") -> SafeString:
    """The S/A/B badge; ``label=True`` writes the word beside it, a text that text."""
    names = {
        "S": pgettext("severity", "urgent"),
        "A": pgettext("severity", "high"),
        "B": pgettext("severity", "normal"),
    }
    name = names.get(value, "")
    shape, height = _SHAPES.get(value, _SHAPES["B"])
    return format_html(
        '<span class="sev sev-{}{}"{}><svg viewBox="0 0 24 24" role="img" aria-label="{}">{}'
        '<text class="sev-letter" x="12" y="{}">{}</text></svg>{}</span>',
        value,
        f" sev-{size}" if size else "",
        "" if label else format_html(' title="{}"', name),
        gettext("Severity %(value)s, %(name)s") % {"value": value, "name": name},
        shape,
        height,
        value if value in _SHAPES else "B",
        format_html('<span aria-hidden="true">{}</span>', name if label is True else label) if label else "",
    )


def status_pill(value: Any, text: str = "") -> SafeString:
    """The pill of a ticket's status, from a ticket or from a status value."""
    if hasattr(value, "get_status_display"):
        value, text = value.status, value.get_status_display()
    text = text or str(getattr(value, "label", "")) or str(value).replace("_", " ")
    mark = icon(STATUS_ICONS.get(str(value), "circle"))
    return format_html('<span class="status status-{}">{}{}</span>', str(value), mark, capfirst(text))


def initials(name: str) -> str:
    """Letters for an avatar: the last two characters of a Chinese name, else the first of the first and last word."""
    parts = name.split()
    if not parts:
        return "?"
    if ord(parts[0][0]) > 0x2E7F:
        return parts[0][-2:] if len(parts[0]) > 2 else parts[0]
    return (parts[0][0] + (parts[-1][0] if len(parts) > 1 else "")).upper()


def avatar_mark(person: Any, size: str = "") -> SafeString:
    """A round mark with initials. Decoration: the name always stands beside it. Nobody gives a dashed ring."""
    css = f" avatar-{size}" if size else ""
    if not person:
        return format_html('<span class="avatar avatar-none{}" aria-hidden="true">?</span>', css)
    return format_html('<span class="avatar{}" aria-hidden="true">{}</span>', css, initials(str(person)))


def person_mark(value: Any, none: str = "") -> SafeString:
    """Avatar and name; for nobody the words ``none`` («unassigned»)."""
    faint, words = ("", str(value)) if value else (" faint", none or gettext("unassigned"))
    return format_html('<span class="person{}">{}<span>{}</span></span>', faint, avatar_mark(value, "sm"), words)


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


def clock_chip(clock: Any, now: datetime, *, metric: bool = False) -> SafeString:
    """The chip of one deadline, an `sla.models.Clock` or anything with its fields; one that runs counts down."""
    if not clock:
        return NOTHING
    state, word, text = clock_face(clock, now)
    due = timezone.localtime(clock.due_at).isoformat(timespec="seconds")
    return format_html(
        '<time class="clock" datetime="{}"{} data-state="{}"{}>{}{}<span class="clock-state{}">{}</span>{}</time>',
        due,
        _ticking(clock, now) if clock.state == "running" else "",  # else it stands still, and the script leaves it
        state,
        format_html(' title="{}"', clock.open_pause.get_reason_display()) if clock.open_pause else "",
        _clock_icons(state),
        format_html("<span>{}</span>", capfirst(clock.get_metric_display())) if metric else "",
        " visually-hidden" if text and state != "paused" else "",
        capfirst(word),
        format_html('<span class="clock-text">{}</span>', text) if text else "",
    )


def _ticking(clock: Any, now: datetime) -> SafeString:
    """What the script needs to count on: the instants, what is left, and in which stretches it counts."""
    hours = hours_ahead(clock, now=now)
    stretches = None if hours is None else ",".join(f"{a.timestamp():.0f}/{b.timestamp():.0f}" for a, b in hours)
    return format_html(
        ' data-due="{}"{} data-now="{}" data-left="{}"{}',
        timezone.localtime(clock.due_at).isoformat(timespec="seconds"),
        format_html(' data-warn="{}"', timezone.localtime(clock.warn_at).isoformat(timespec="seconds"))
        if clock.warn_at
        else "",
        timezone.localtime(now).isoformat(timespec="seconds"),
        f"{remaining(clock, now=now).total_seconds():.0f}",
        "" if stretches is None else format_html(' data-hours="{}"', stretches),
    )


@cache
def _clock_icons(state: str) -> SafeString:
    states = _BECOMES.get(state, (state,))
    return format_html_join("", "{}", ((icon(_CLOCK_ICONS[one], css=f"clock-i-{one}"),) for one in states))


def options(groups: Iterable[tuple[str | None, list[dict[str, Any]], int]]) -> SafeString:
    """The options of a select, from the `optgroups` of Django's widget."""
    parts = []
    for name, choices, _place in groups:
        rows = [
            f'<option value="{escape(str(one["value"]))}"{flatatt(one["attrs"])}>{escape(str(one["label"]))}</option>'
            for one in choices
        ]
        parts += [f'<optgroup label="{escape(str(name))}">', *rows, "</optgroup>"] if name else rows
    return SafeString("".join(parts))  # nosec B703: every part is escaped above
