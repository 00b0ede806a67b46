"""What the figures look like to a program: durations in seconds, shares in per cent, null where nothing happened."""

from typing import Any

from rest_framework import serializers

from reports.selectors.figures import Cell, compliance, share


class FiguresOut(serializers.Serializer):
    """Figures of one span. Durations in seconds, shares in per cent; null where nothing happened."""

    created = serializers.IntegerField()
    resolved = serializers.IntegerField()
    resolution_rate = serializers.FloatField(allow_null=True)
    first_response_median = serializers.FloatField(allow_null=True)
    first_response_p90 = serializers.FloatField(allow_null=True)
    resolution_time_median = serializers.FloatField(allow_null=True)
    resolution_time_p90 = serializers.FloatField(allow_null=True)
    promises_kept = serializers.IntegerField()
    promises_missed = serializers.IntegerField()
    compliance = serializers.FloatField(allow_null=True)
    first_contact_resolution = serializers.FloatField(allow_null=True)
    reopen_rate = serializers.FloatField(allow_null=True)
    satisfaction_resolution = serializers.FloatField(allow_null=True)
    satisfaction_speed = serializers.FloatField(allow_null=True)
    satisfaction_attitude = serializers.FloatField(allow_null=True)
    answers = serializers.IntegerField()
    truly_solved = serializers.FloatField(allow_null=True)


class BacklogOut(serializers.Serializer):
    total = serializers.IntegerField()
    escalated = serializers.IntegerField()
    unassigned = serializers.IntegerField()
    by_status = serializers.DictField(child=serializers.IntegerField())
    by_severity = serializers.DictField(child=serializers.IntegerField())
    by_age = serializers.DictField(child=serializers.IntegerField())


class PromiseOut(serializers.Serializer):
    metric = serializers.CharField()
    kept = serializers.IntegerField()
    missed = serializers.IntegerField()
    compliance = serializers.FloatField(allow_null=True)


class SpanOut(serializers.Serializer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    days = serializers.IntegerField()


class SummaryOut(SpanOut):
    current = FiguresOut()
    previous = FiguresOut()
    promises = PromiseOut(many=True)
    backlog = BacklogOut()


class GroupOut(FiguresOut):
    """Figures of one team, person, module, severity or organization, and what is open there now."""

    key = serializers.CharField(allow_null=True, help_text="As the filter takes it; null: tickets that have none.")
    name = serializers.CharField()
    open = serializers.IntegerField()
    escalated = serializers.IntegerField(help_text="Open, with a breach that nobody acknowledged.")
    unassigned = serializers.IntegerField()
    capacity = serializers.IntegerField(
        allow_null=True, help_text="What the people who are present can hold; null but for teams and people."
    )


class GroupsOut(SpanOut):
    by = serializers.CharField()
    results = GroupOut(many=True)


class StepOut(FiguresOut):
    first_day = serializers.DateField(help_text="Of the day, week or month; it may lie before `since`.")


class SeriesOut(SpanOut):
    step = serializers.CharField()
    results = StepOut(many=True)


class RowOut(serializers.Serializer):
    """One row behind a figure; a ticket may come more than once, for each promise or resolution."""

    number = serializers.CharField(source="ticket.number")
    at = serializers.DateTimeField(help_text="The instant by which it counts.")
    seconds = serializers.FloatField(source="took", allow_null=True, help_text="From the arrival of the ticket.")
    detail = serializers.CharField(source="text", allow_blank=True)


class RowsOut(serializers.Serializer):
    count = serializers.IntegerField(help_text="As many as the figure says.")
    next = serializers.URLField(allow_null=True)
    results = RowOut(many=True)


def figures(of: Cell) -> dict[str, Any]:
    """The members of `FiguresOut`."""

    def seconds(name: str, key: str) -> float | None:
        return of[name][key].total_seconds() if of[name][key] is not None else None

    said = of["satisfaction"]
    return {
        "created": of["created"]["count"],
        "resolved": of["resolved"]["count"],
        "resolution_rate": share(of["created"]["resolved"], of["created"]["count"]),
        "first_response_median": seconds("answered", "median"),
        "first_response_p90": seconds("answered", "p90"),
        "resolution_time_median": seconds("resolved", "median"),
        "resolution_time_p90": seconds("resolved", "p90"),
        "promises_kept": of["promises"]["kept"],
        "promises_missed": of["promises"]["missed"],
        "compliance": compliance(of["promises"]),
        "first_contact_resolution": share(of["first_contact"]["at_once"], of["first_contact"]["count"]),
        "reopen_rate": share(of["reopened"]["reopened"], of["reopened"]["count"]),
        "satisfaction_resolution": said["resolution"],
        "satisfaction_speed": said["speed"],
        "satisfaction_attitude": said["attitude"],
        "answers": said["answers"],
        "truly_solved": share(said["solved"], said["answers"]),
    }
