"""Calendars, policies, targets and clocks. Clocks know their ticket by a string foreign key only."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Floor
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organization
from outbox.audited import audited
from outbox.bilingual import BilingualName
from sla.choices import ClockState, MetricCode, PauseReason, Severity, Unit


@audited()
class Calendar(BilingualName):
    """A working calendar; what counts at an instant is its newest version, and clocks keep the one they began with."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    zone = models.CharField(_("time zone"), max_length=60, default="Asia/Shanghai")
    weekly_hours = models.JSONField(_("weekly hours"), default=dict, help_text=_('{"mon": [["09:00", "18:00"]], …}'))

    class Meta:
        verbose_name = _("working calendar")
        verbose_name_plural = _("working calendars")
        ordering = ["name"]


@audited()
class CalendarDay(models.Model):
    """A day that differs from its weekday: a holiday (no intervals), a make-up working day, a one-off exception."""

    calendar = models.ForeignKey(
        Calendar, verbose_name=_("working calendar"), on_delete=models.CASCADE, related_name="days"
    )
    date = models.DateField(_("date"))
    intervals = models.JSONField(_("working intervals"), default=list, blank=True)
    name = models.CharField(_("name"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("calendar days")
        ordering = ["date"]
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="calendarday_once")]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class CalendarVersion(models.Model):
    """An immutable snapshot of a calendar (the dictionary of `WorkingCalendar.from_dict`)."""

    calendar = models.ForeignKey(
        Calendar, verbose_name=_("working calendar"), on_delete=models.PROTECT, related_name="snapshots"
    )
    number = models.PositiveIntegerField(_("number"))
    definition = models.JSONField(_("definition"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("calendar version")
        verbose_name_plural = _("calendar versions")
        ordering = ["calendar", "-number"]
        constraints = [models.UniqueConstraint(fields=["calendar", "number"], name="calendarversion_once")]

    def __str__(self) -> str:
        return f"{self.calendar} v{self.number}"


@audited()
class Policy(models.Model):
    """A set of targets for the tickets that it matches; the first active match by position wins. Empty means any."""

    name = models.CharField(_("name"), max_length=120)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("active"), default=True)
    severity = models.CharField(_("severity"), max_length=1, choices=Severity.choices, blank=True)
    service_level = models.CharField(
        _("service level"), max_length=20, choices=Organization.ServiceLevel.choices, blank=True
    )
    organization = models.ForeignKey(
        "accounts.Organization",
        verbose_name=_("organization"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )
    team = models.ForeignKey(
        "accounts.Team", verbose_name=_("team"), null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    category = models.ForeignKey(
        "catalog.Category",
        verbose_name=_("category"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="+",
    )

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(severity__in=["", "S", "A", "B"]), name="policy_severity_known"),
            # A level that no organization has would never match, and nobody would be told.
            models.CheckConstraint(
                condition=Q(service_level__in=["", *Organization.ServiceLevel.values]),
                name="policy_service_level_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@audited()
class Target(models.Model):
    """How long one metric may take under a policy. Without a calendar its minutes run day and night (mission 2.5)."""

    policy = models.ForeignKey(Policy, on_delete=models.CASCADE, related_name="targets")
    metric = models.CharField(_("metric"), max_length=20, choices=MetricCode.choices)
    amount = models.DecimalField(_("amount"), max_digits=9, decimal_places=3, help_text=_("Fractions allow seconds."))
    unit = models.CharField(_("unit"), max_length=15, choices=Unit.choices, default=Unit.MINUTES)
    calendar = models.ForeignKey(
        Calendar, verbose_name=_("working calendar"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    warn_share = models.DecimalField(_("warn at this share"), max_digits=4, decimal_places=3, default="0.75")

    class Meta:
        verbose_name = _("target")
        verbose_name_plural = _("targets")
        ordering = ["policy", "metric"]
        constraints = [
            models.UniqueConstraint(fields=["policy", "metric"], name="target_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="target_positive"),
            models.CheckConstraint(condition=Q(warn_share__gt=0) & Q(warn_share__lt=1), name="target_share_between"),
            models.CheckConstraint(condition=Q(metric__in=MetricCode.values), name="target_metric_known"),
            models.CheckConstraint(
                condition=Q(unit="minutes") | Q(unit="working_days", calendar__isnull=False),
                name="target_days_need_calendar",
                violation_error_message=_("Working days need a working calendar."),
            ),
            models.CheckConstraint(
                condition=Q(unit="minutes") | Q(amount=Floor("amount")),
                name="target_days_are_whole",
                violation_error_message=_("Working days are counted whole."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_metric_display()}: {self.amount.normalize():f} {self.get_unit_display()}"


@audited()
class EscalationStep(models.Model):
    """A rung of the ladder: who hears of a breach when the rung below was not acknowledged in time."""

    class Whom(models.TextChoices):
        LEAD = "lead", _("team lead")
        DEPUTY = "deputy", _("deputy lead")
        NEXT_LEVEL = "next_level", _("lead of the next level")
        MANAGER = "manager", _("managers")

    severity = models.CharField(_("severity"), max_length=1, choices=Severity.choices)
    level = models.PositiveSmallIntegerField(pgettext_lazy("escalation", "level"))
    whom = models.CharField(_("whom"), max_length=12, choices=Whom.choices)
    after_minutes = models.DecimalField(
        _("minutes unacknowledged"), max_digits=7, decimal_places=3, default=15, help_text=_("After the rung below.")
    )

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        ordering = ["severity", "level"]
        constraints = [
            models.UniqueConstraint(fields=["severity", "level"], name="escalationstep_once"),
            models.CheckConstraint(condition=Q(level__gte=1), name="escalationstep_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.severity}{self.level}: {self.get_whom_display()}"


class Clock(models.Model):
    """One promise that runs. Start and target never change; a re-grade supersedes the row with the next revision.

    `due_at` moves only by a pause that ended. `breached_at` is set once, when the due instant passed unmet; the
    clock may be met later, and stays a miss.
    """

    ticket = models.ForeignKey(
        "tickets.Ticket",
        verbose_name=_("ticket"),
        on_delete=models.CASCADE,
        related_name="clocks",
        db_index=False,  # `clock_once` begins with it
    )
    metric = models.CharField(_("metric"), max_length=20, choices=MetricCode.choices)
    subject = models.CharField(
        _("for whom"), max_length=60, blank=True, default="", help_text=_("Whom it is for, when not the ticket itself.")
    )
    cycle = models.PositiveIntegerField(_("resolution cycle"), default=1)
    revision = models.PositiveIntegerField(_("revision"), default=1)
    severity = models.CharField(_("severity"), max_length=1, choices=Severity.choices)
    policy = models.ForeignKey(Policy, verbose_name=_("policy"), null=True, on_delete=models.SET_NULL, related_name="+")
    calendar_version = models.ForeignKey(
        CalendarVersion, verbose_name=_("calendar version"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    target_amount = models.DecimalField(_("amount"), max_digits=9, decimal_places=3)
    target_unit = models.CharField(_("unit"), max_length=15, choices=Unit.choices)
    warn_share = models.DecimalField(_("warn at this share"), max_digits=4, decimal_places=3)
    carried = models.DurationField(_("carried over"), help_text=_("Counted time taken over from the revision before."))
    started_at = models.DateTimeField(_("started"))
    due_at = models.DateTimeField(_("due"))
    warn_at = models.DateTimeField(_("warn at"))
    state = models.CharField(_("state"), max_length=12, choices=ClockState.choices, default=ClockState.RUNNING)
    warned_at = models.DateTimeField(_("warned"), null=True, blank=True)
    breached_at = models.DateTimeField(_("breached"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)

    class Meta:
        verbose_name = _("clock")
        verbose_name_plural = _("clocks")
        constraints = [
            models.UniqueConstraint(fields=["ticket", "metric", "subject", "cycle", "revision"], name="clock_once"),
            models.UniqueConstraint(
                fields=["ticket", "metric", "subject"],
                condition=Q(state__in=["running", "paused"]),
                name="clock_one_running",
            ),
            models.CheckConstraint(condition=Q(state__in=ClockState.values), name="clock_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=["running", "paused"], ended_at__isnull=True)
                | Q(state__in=["met", "missed", "superseded", "cancelled"], ended_at__isnull=False),
                name="clock_ended_iff_closed",
            ),
            models.CheckConstraint(condition=~Q(state="met", breached_at__isnull=False), name="clock_met_was_in_time"),
            models.CheckConstraint(condition=Q(warn_at__lte=F("due_at")), name="clock_warns_before_due"),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"], name="clock_due", condition=Q(state="running", breached_at__isnull=True)
            ),
            models.Index(
                fields=["warn_at", "id"],
                name="clock_warn",
                condition=Q(state="running", breached_at__isnull=True, warned_at__isnull=True),
            ),
            models.Index(fields=["ended_at"], name="clock_ended", condition=Q(ended_at__isnull=False)),
            # When a promise got its verdict, for the figures.
            models.Index(Coalesce("breached_at", "ended_at"), name="clock_verdict"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.cycle}.{self.revision} ({self.state})"

    def get_metric_display(self) -> str:  # type: ignore[no-redef]  # the one that Django makes
        """As Django's, which translates every choice to name one: a list shows hundreds."""
        return str(MetricCode(self.metric).label)

    @property
    def is_open(self) -> bool:
        return self.state in (ClockState.RUNNING, ClockState.PAUSED)

    @property
    def open_pause(self) -> "ClockPause | None":
        """The pause that it stands in; without a query where `sla.selectors.clocks_to_show` read it with the clock."""
        if self.state != ClockState.PAUSED:
            return None
        if "stands_since" not in self.__dict__:
            return self.pauses.filter(ended_at=None).first()
        return ClockPause(clock=self, started_at=self.__dict__["stands_since"], reason=self.__dict__["stands_because"])


class ClockPause(models.Model):
    """An interval in which a clock did not count, and why."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="pauses")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=20, choices=PauseReason.choices)

    class Meta:
        verbose_name = _("pause of a clock")
        verbose_name_plural = _("pauses of clocks")
        constraints = [
            models.UniqueConstraint(fields=["clock"], condition=Q(ended_at__isnull=True), name="clockpause_one_open"),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="clockpause_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.clock_id}: {self.reason}"
