"""The manners of the API that all rooms share: pages by cursor, strict parameters, limits.

Settings name these classes by their dotted path, so no room imports this one. REST framework reads them while its
own `views` module is loaded; nothing here may import that module, or the first of the two to be imported fails.
"""

import hashlib
from json import JSONDecodeError
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext
from django_filters import BooleanFilter
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import exceptions
from rest_framework.filters import OrderingFilter
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from accounts.models import ApiToken
from outbox import clock, limits
from outbox.models import RateWindow


class ReadableJSON(JSONParser):
    """JSON whose mistakes are told in the caller's language; brackets without end are one of them, not a crash."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise exceptions.ParseError(gettext("The JSON is nested too deeply.")) from error
        except exceptions.ParseError as error:
            cause = error.__context__
            if isinstance(cause, JSONDecodeError):
                place = {"line": cause.lineno, "column": cause.colno}
                message = gettext("This is not valid JSON: line %(line)d, column %(column)d.") % place
            else:
                message = gettext("This is not valid JSON in UTF-8.")
            raise exceptions.ParseError(message) from error


class CursorPages(CursorPagination):
    """Pages by keyset, so that page 1000 costs what page 1 does. `?page_size=` up to 200."""

    ordering = "-id"
    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def get_page_size(self, request: Request) -> int:
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdigit() and 1 <= int(asked[:6]) <= self.max_page_size and len(asked) <= 6):
            message = gettext("A number from 1 to %(max)d is needed.") % {"max": self.max_page_size}
            raise exceptions.ValidationError({self.page_size_query_param: [message]})
        return int(asked)

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except exceptions.NotFound as error:
            raise self._unreadable() from error

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, DjangoValidationError, FieldDoesNotExist) as error:
            if self.cursor_query_param in request.query_params:
                raise self._unreadable() from error  # a position that somebody wrote by hand
            raise

    def _unreadable(self) -> exceptions.ValidationError:
        return exceptions.ValidationError({self.cursor_query_param: [gettext("This cursor is not readable.")]})


#: `?fields=number,subject`: only these members of what a list or one row answers.
FIELDS = "fields"
SPARSE_ACTIONS = frozenset({"list", "retrieve"})


def _wanted(request: Request) -> list[str]:
    return [name.strip() for name in request.query_params.get(FIELDS, "").split(",") if name.strip()]


def _demand_fields(request: Request, view: Any) -> None:
    """Raises:
    ValidationError: when the caller wants a member that the answer does not have.
    """
    known = view.get_serializer().fields
    if unknown := [name for name in _wanted(request) if name not in known]:
        message = gettext("There is no field “%(name)s”.") % {"name": unknown[0]}
        raise exceptions.ValidationError({FIELDS: [message]})


class SparseJSON(JSONRenderer):
    """JSON, cut down to the members that the caller wants (`StrictFilters` has looked at their names)."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        context = renderer_context or {}
        request, view, response = (context.get(name) for name in ("request", "view", "response"))
        if request is not None and response is not None and response.status_code == 200:
            wanted = _wanted(request) if getattr(view, "action", None) in SPARSE_ACTIONS else []
            if wanted:
                data = _cut(data, wanted)
        return super().render(data, accepted_media_type, renderer_context)


def _cut(data: Any, wanted: list[str]) -> Any:
    if isinstance(data, dict) and "results" in data:
        return {**data, "results": [_cut(row, wanted) for row in data["results"]]}
    return {name: data[name] for name in wanted if name in data} if isinstance(data, dict) else data


class StrictFilters(DjangoFilterBackend):
    """Filters that refuse what they do not know: a misspelt filter must not answer «everything» (RT CVE-2026-41075).

    A view that reads a further parameter itself names it in `extra_parameters`.
    """

    always = frozenset({"cursor", "page_size", "ordering", "format"})

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        filterset_class = self.get_filterset_class(view, queryset)
        known = set(self.always) | set(getattr(view, "extra_parameters", ()))
        if getattr(view, "action", None) in SPARSE_ACTIONS:
            known.add(FIELDS)
            _demand_fields(request, view)
        if filterset_class:
            known |= set(filterset_class.base_filters)
        unknown = sorted(set(request.query_params) - known)
        if unknown:
            raise exceptions.ValidationError({name: [gettext("There is no such parameter.")] for name in unknown})
        for name, given in (filterset_class.base_filters if filterset_class else {}).items():
            # django-filter reads a boolean that it does not understand as «not asked».
            asked = request.query_params.get(name, "true")
            if isinstance(given, BooleanFilter) and asked.lower() not in ("true", "false"):
                raise exceptions.ValidationError({name: [gettext("Write «true» or «false».")]})
        return super().filter_queryset(request, queryset, view)


class StrictOrdering(OrderingFilter):
    """`?ordering=` by the view's `ordering_fields` only; the id breaks ties, as a cursor needs."""

    def get_ordering(self, request: Request, queryset: QuerySet, view: Any) -> list[str] | None:
        asked = request.query_params.get(self.ordering_param)
        if asked is None:
            default = self.get_default_ordering(view)
            return list(default) if default else None
        fields = [field.strip() for field in asked.split(",")]
        allowed = set(getattr(view, "ordering_fields", None) or ())
        if len(fields) > 3 or any(field.removeprefix("-") not in allowed for field in fields):
            choices = ", ".join(sorted(allowed)) or "—"
            message = gettext("Ordering is possible by: %(fields)s.") % {"fields": choices}
            raise exceptions.ValidationError({self.ordering_param: [message]})
        if "id" not in {field.removeprefix("-") for field in fields}:
            fields.append("-id" if fields[0].startswith("-") else "id")
        return fields


class RequestLimit(BaseThrottle):
    """So many requests a minute per token (else per person, else per address), counted in PostgreSQL.

    `X-RateLimit-*` headers tell a program how far it is (see `helpdesk.rates`).
    """

    per_minute = {"token": 600, "person": 600, "address": 60}  # nosec B105

    def allow_request(self, request: Request, view: Any) -> bool:
        now = clock.now()
        kind, value = self._caller(request)
        limit = self.per_minute[kind]
        key = f"api:{kind}:{value}"
        allowed = limits.allow(key, limit=limit, seconds=60, now=now)
        start = limits.window_start(now, 60)
        used = RateWindow.objects.filter(key=key, window_started_at=start).values_list("count", flat=True).first()
        self.seconds_left = limits.seconds_left(now, 60)
        found = (limit, max(0, limit - (used or 0)), self.seconds_left)
        setattr(request._request, "rate_limit", found)  # noqa: B010  # the middleware reads it
        return allowed

    def wait(self) -> float:
        return self.seconds_left

    def _caller(self, request: Request) -> tuple[str, str]:
        if isinstance(request.auth, ApiToken):
            return "token", str(request.auth.pk)
        if request.user and request.user.is_authenticated:
            return "person", str(request.user.pk)
        return "address", hashlib.sha256(request.META.get("REMOTE_ADDR", "").encode()).hexdigest()[:40]
