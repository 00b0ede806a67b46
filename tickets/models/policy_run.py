"""One application of the present policies to the running clocks."""

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


# Kept by a trigger as other changes of the set-up, but only that it was ordered: how far it got is counted below.
@pghistory.track(pghistory.InsertEvent("insert"), append_only=True)
class PolicyRun(models.Model):
    """Who applied the policies and when, what the preview foretold, and how far it got.

    `after` is the last ticket that was dealt with: whoever goes on after a crash begins behind it. `touched_at` says
    that somebody works on it (`tickets.services.policies`).
    """

    class State(models.TextChoices):
        RUNNING = "running", pgettext_lazy("policy run", "running")
        DONE = "done", pgettext_lazy("policy run", "done")
        STOPPED = "stopped", pgettext_lazy("policy run", "stopped")  # the policies changed meanwhile

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("who"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    planned_tickets = models.PositiveIntegerField(_("tickets"))
    planned_clocks = models.PositiveIntegerField(_("clocks"))
    planned_overdue = models.PositiveIntegerField(_("overdue at once"))
    created_at = models.DateTimeField(_("ordered"), editable=False)
    digest = models.CharField(max_length=16, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING, editable=False)
    tickets = models.PositiveIntegerField(default=0, editable=False)
    clocks = models.PositiveIntegerField(default=0, editable=False)
    overdue = models.PositiveIntegerField(default=0, editable=False)
    failed = models.PositiveIntegerField(default=0, editable=False)
    problem = models.TextField(blank=True, editable=False)
    after = models.BigIntegerField(default=0, editable=False)
    touched_at = models.DateTimeField(null=True, editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("application of the policies")
        verbose_name_plural = _("applications of the policies")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=["running", "done", "stopped"]), name="policyrun_state_known"),
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
                name="policyrun_finished_iff_finished_at",
            ),
            # Two at once would count each other's tickets.
            models.UniqueConstraint(fields=["state"], condition=Q(state="running"), name="policyrun_one_running"),
        ]

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"
