"""Every component in every state on one page, for those who build and check pages. Only with DEBUG."""

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.safestring import mark_safe

from outbox import clock
from sla.choices import MetricCode, PauseReason
from sla.models import Clock

FRAMES = {"portal": "portal/base.html", "workspace": "workspace/base.html"}


class SampleForm(forms.Form):
    """One field of each kind."""

    subject = forms.CharField(label="主题 Subject", max_length=200, help_text="一句话说明问题。 One line is enough.")
    email = forms.EmailField(label="E-mail")
    description = forms.CharField(label="What happens", widget=forms.Textarea)
    module = forms.ChoiceField(
        label="Module", choices=[("", "…"), ("sync", "数据同步 Data sync"), ("login", "登录 Sign-in")]
    )
    started_at = forms.DateTimeField(
        label="Since when", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    impact = forms.ChoiceField(
        label="Who is affected?",
        widget=forms.RadioSelect,
        choices=[
            ("business", "核心业务中断 Our core business is down"),
            ("many", "很多人 Many people"),
            ("one", "只有我 Only me"),
        ],
    )
    tags = forms.MultipleChoiceField(
        label="Tags", required=False, widget=forms.CheckboxSelectMultiple, choices=[("a", "VPN"), ("b", "SSO")]
    )
    speed = forms.ChoiceField(
        label="How fast were we?", widget=forms.RadioSelect, choices=[(n, n) for n in range(1, 6)]
    )
    attachments = forms.FileField(label="Attachments", required=False)
    data_loss = forms.BooleanField(label="Data was lost", required=False, help_text="Then we treat it as urgent.")


def _clock(now: datetime, state: str = "running", due: int = 90, **more) -> Clock:
    """A clock that is due in ``due`` minutes."""
    row = Clock(metric=MetricCode.FIRST_RESPONSE, state=state, due_at=now + timedelta(minutes=due), **more)
    vars(row).update(stands_since=now, stands_because=PauseReason.PENDING)  # as `sla.selectors.clocks_to_show`
    return row


def _clocks(now: datetime) -> list[Clock]:
    return [
        _clock(now, due=95),
        _clock(now, due=2000),
        _clock(now, due=12, warn_at=now - timedelta(minutes=1)),
        _clock(now, due=-7, breached_at=now),
        _clock(now, "paused"),
        _clock(now, "met", ended_at=now),
        _clock(now, "missed", due=-130, ended_at=now, breached_at=now),
        _clock(now, "superseded", ended_at=now),
    ]


def _tickets(now: datetime) -> list[SimpleNamespace]:
    rows = [
        ("HD-10482", "S", "open", "生产环境订单全部无法提交，收银台报 500", "王晓明", "远山零售", -7, "breached"),
        (
            "HD-10479",
            "A",
            "open",
            "Scheduled export to S3 fails since the 3.2 upgrade",
            "Li Na",
            "Northwind Logistics",
            12,
            "soon",
        ),
        ("HD-10475", "A", "pending", "数据同步异常：增量任务重复写入 Kafka", "陈静", "海川制造", 95, ""),
        ("HD-10470", "B", "new", "How do I add a second approver to a workflow?", None, "Brightwater Clinic", 230, ""),
        (
            "HD-10466",
            "B",
            "on_hold",
            "导出报表的时区与门户显示不一致，希望能按组织设置默认时区并在导出文件名里写明",
            "赵磊",
            "云杉教育",
            1700,
            "",
        ),
        ("HD-10461", "B", "resolved", "Password reset mail arrives late", "Sofia Marin", "Harbour Bank", 0, ""),
    ]
    names = ("number", "severity", "status", "subject", "assignee", "organization", "due", "row")
    tickets = [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in rows]
    for ticket in tickets:
        extra: dict[str, Any] = {"warn_at": now} if ticket.row == "soon" else {}
        ticket.clock = _clock(now, due=ticket.due, **extra) if ticket.due else _clock(now, "met", ended_at=now)
    return tickets


def _charts() -> dict:
    days = [f"11-{day:02}" for day in range(9, 22)]
    return {
        "bars": [("数据同步", 41), ("登录与权限", 33), ("Billing", 18), ("API", 9.5), ("移动端", 4)],
        "severity_bars": [("S", 6, "S"), ("A", 31, "A"), ("B", 88, "B")],
        "days": days,
        "lines": [
            ("S", [96, 97, 92, 95, None, 98, 99, 97, 96, 99, 100, 98, 99]),
            ("A", [88, 85, 90, 87, 91, 90, 86, 92, 93, 95, 92, 94, 96]),
        ],
        "columns": [(day, [i % 3, 4 + i % 5, 12 + (i * 7) % 9]) for i, day in enumerate(days)],
        "column_series": [("S", "S"), ("A", "A"), ("B", "B")],
        "donut": [("Very good", 62, "ok"), ("Good", 21, "1"), ("So-so", 9, "2"), ("Bad", 4, "S")],
    }


def styleguide(request: HttpRequest, frame: str = "workspace") -> HttpResponse:
    """The guide inside the frame of the portal or of the workspace."""
    if not settings.DEBUG or frame not in FRAMES:
        raise Http404
    now = clock.now()
    wrong = SampleForm({"email": "not-an-address", "subject": "x"})
    wrong.is_valid()
    if "message" in request.GET:
        messages.success(request, "已保存。 Saved.")
        messages.error(request, "That did not work.")
    context = {
        "base": FRAMES[frame],
        "form": SampleForm(auto_id="plain_%s"),
        "wrong": wrong,
        "clocks": _clocks(now),
        "tickets": _tickets(now),
        "charts": _charts(),
        "now": now,
        "earlier": now - timedelta(minutes=42),
        "yesterday": now - timedelta(days=1, minutes=10),
        "person": "王晓明",
        "agent": "Li Na",
        "page": Paginator(range(1, 312), 25).page(5),
        "tabs": [
            {"label": "All", "href": "#", "current": True, "count": 128},
            {"label": "Mine", "href": "#tabs", "count": 9},
            {"label": "Unassigned", "href": "#tabs", "count": 0},
        ],
        "statuses": ["new", "open", "pending", "on_hold", "resolved", "closed"],
        "public_html": mark_safe(  # nosec B308 B703 - fixed words
            "<p>您好，王经理：</p><p>我们已经定位到原因：升级到 3.2 之后，<code>sync-worker</code> 会重复提交偏移量。"
            "临时方案是把并发数调为 1：</p><pre><code>sync.worker.concurrency = 1</code></pre>"
            "<p>请执行后告诉我们 <strong>10 分钟内</strong>是否还有重复数据。</p>"
        ),
        "note_html": mark_safe(  # nosec B308 B703 - fixed words
            '<p><span class="mention">@陈静</span> looks like the same root cause as HD-10311. '
            "Do not tell the customer about the hotfix date yet.</p>"
        ),
        "sample_files": [SimpleNamespace(url="#f1", name="sync-worker-2026-11-22.log", size=482113)],
    }
    return render(request, "styleguide.html", context)


urlpatterns = [
    path("styleguide/", styleguide, name="styleguide"),
    path("styleguide/<slug:frame>/", styleguide, name="styleguide-frame"),
]
