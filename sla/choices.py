"""The words of deadlines, shared by every room above."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Severity(models.TextChoices):
    """mission.md 2.2–2.4: S urgent, A high, B normal."""

    S = "S", pgettext_lazy("severity", "S · urgent")
    A = "A", pgettext_lazy("severity", "A · high")
    B = "B", pgettext_lazy("severity", "B · normal")

    @property
    def rank(self) -> int:
        """0 is the gravest."""
        return "SAB".index(self.value)


class MetricCode(models.TextChoices):
    FIRST_RESPONSE = "first_response", _("first response")
    NEXT_RESPONSE = "next_response", _("next response")
    WORKAROUND = "workaround", _("workaround")
    SOLUTION_PATH = "solution_path", _("solution path")
    PROGRESS_REPORT = "progress_report", _("progress report")
    PROGRESS_UPDATE = "progress_update", _("progress update")
    RESOLUTION = "resolution", pgettext_lazy("metric", "resolution")
    ROOT_CAUSE = "root_cause", _("root cause report")


class Unit(models.TextChoices):
    MINUTES = "minutes", _("minutes")
    WORKING_DAYS = "working_days", _("working days")


class PauseReason(models.TextChoices):
    """Why a clock stands still: the ticket's status meanwhile."""

    PENDING = "pending", pgettext_lazy("ticket status", "waiting for customer")
    ON_HOLD = "on_hold", pgettext_lazy("ticket status", "on hold")


class ClockState(models.TextChoices):
    RUNNING = "running", _("running")
    PAUSED = "paused", _("paused")
    MET = "met", _("met")
    MISSED = "missed", _("missed")
    SUPERSEDED = "superseded", _("replaced after a re-grade")
    CANCELLED = "cancelled", _("cancelled")
