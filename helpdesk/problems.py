"""What went wrong, told to a program: problems by RFC 9457, in the reader's language."""

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.utils.translation import gettext
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import set_rollback

PROBLEM_TYPE = "application/problem+json"


def problem_response(error: Exception, context: dict) -> Response | None:
    """Answer an exception as `application/problem+json` (RFC 9457) in the reader's language.

    What is unknown here returns None: it is raised on, logged, and answered by `helpdesk.errors.server_error`
    without a word about the inside. A service may raise an error of its own with `problem_status` (an HTTP status)
    and `problem_code`; its text is shown to the caller.
    """
    error = _as_api_error(error)
    if not isinstance(error, exceptions.APIException):
        return None
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    set_rollback()
    body = problem(
        status=error.status_code,
        code=_code(error),
        title=_title(error),
        detail=_detail(error),
        instance=context["request"].path,
    )
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = _by_field(error.detail)
    return Response(body, status=error.status_code, headers=headers, content_type=PROBLEM_TYPE)


def problem(*, status: int, code: str, title: str, detail: str, instance: str) -> dict[str, Any]:
    """The members of a problem; `type` leads to its description in the API's own pages."""
    return {
        "type": f"/api/docs#problem-{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
    }


class _ServiceError(exceptions.APIException):
    """A refusal by a service, with the status and code that it chose."""

    def __init__(self, error: Exception) -> None:
        self.status_code = int(error.problem_status)  # type: ignore[attr-defined]
        super().__init__(str(error), getattr(error, "problem_code", "conflict"))


def _as_api_error(error: Exception) -> Exception:
    """The framework's and our services' errors in the words of the API."""
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, DjangoPermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, DjangoValidationError):
        return exceptions.ValidationError(as_serializer_error(error))
    if hasattr(error, "problem_status"):
        return _ServiceError(error)
    return error


def _code(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return "invalid"
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _title(error: exceptions.APIException) -> str:
    titles = {
        status.HTTP_400_BAD_REQUEST: gettext("The request cannot be understood"),
        status.HTTP_401_UNAUTHORIZED: gettext("Sign-in or a token is needed"),
        status.HTTP_403_FORBIDDEN: gettext("This is not allowed"),
        status.HTTP_404_NOT_FOUND: gettext("Not found"),
        status.HTTP_405_METHOD_NOT_ALLOWED: gettext("This method is not possible here"),
        status.HTTP_406_NOT_ACCEPTABLE: gettext("No such format"),
        status.HTTP_409_CONFLICT: gettext("This clashes with what is there"),
        status.HTTP_412_PRECONDITION_FAILED: gettext("It was changed meanwhile"),
        status.HTTP_413_REQUEST_ENTITY_TOO_LARGE: gettext("Too large"),
        status.HTTP_415_UNSUPPORTED_MEDIA_TYPE: gettext("This content type is not read here"),
        status.HTTP_422_UNPROCESSABLE_ENTITY: gettext("The request cannot be carried out"),
        status.HTTP_429_TOO_MANY_REQUESTS: gettext("Too many requests"),
        status.HTTP_503_SERVICE_UNAVAILABLE: gettext("Busy at the moment"),
    }
    if isinstance(error, exceptions.ValidationError):
        return gettext("Some values are not valid")
    return titles.get(error.status_code, gettext("The request was refused"))


def _detail(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        messages = [message for listed in _by_field(error.detail).values() for message in listed]
        return messages[0] if len(messages) == 1 else gettext("See «errors» for each field.")
    return str(error.detail)


def _by_field(detail: Any, path: str = "") -> dict[str, list[str]]:
    """`{"requester": {"email": [..]}}` → `{"requester.email": [..]}`; what concerns no field is under ""."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            name = "" if name in ("non_field_errors", NON_FIELD_ERRORS) else str(name)
            found |= _by_field(inner, ".".join(part for part in (path, name) if part))
        return found
    if isinstance(detail, list):
        found = {}
        for position, inner in enumerate(detail):
            if isinstance(inner, dict | list):
                found |= _by_field(inner, f"{path}[{position}]")
            else:
                found.setdefault(path, []).append(str(inner))
        return found
    return {path: [str(detail)]}
