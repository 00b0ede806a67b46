"""What drf-spectacular cannot know by itself."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter


class TokenScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer hd_…` in the schema, so that Swagger UI offers a field for it."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hd_…"}


class HouseSchema(AutoSchema):
    """What all operations share: partial answers, keys against doubles, versions."""

    def get_override_parameters(self) -> list[Any]:
        found: list[Any] = list(super().get_override_parameters())
        action = getattr(self.view, "action", None)
        method = getattr(self.view, action or "", None)
        if action in ("list", "retrieve"):
            words = "Only these members of each row, separated by commas."
            found.append(OpenApiParameter("fields", str, description=words))
        if self.method == "POST" and getattr(method, "keyed", False):
            words = "The same key with the same request gets the same answer."
            found.append(OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER, description=words))
        if self.method != "GET" and getattr(method, "conditional", False):
            words = "The ETag that was read; 412 when somebody changed it since."
            found.append(OpenApiParameter("If-Match", str, OpenApiParameter.HEADER, description=words))
        return found


#: What every operation may answer instead of what it is for (`helpdesk.problems.problem_response`).
_PROBLEMS = {
    "400": "The request cannot be understood, or some values are not valid.",
    "401": "Sign-in or a token is needed.",
    "403": "The scopes of this token, or the permissions behind it, do not allow this.",
    "404": "Not there, or not visible to the caller.",
    "409": "It clashes with what is there: a newer version, another use of the same key.",
    "412": "`If-Match` is not the present version.",
    "415": "This content type is not read here.",
    "429": "Too many requests; see Retry-After.",
}
_METHODS = frozenset({"get", "post", "put", "patch", "delete"})


def document_problems(result: dict[str, Any], **_given: Any) -> dict[str, Any]:
    """Add the problems of RFC 9457 to every operation, which drf-spectacular does not derive from the handler."""
    text = {"type": "string"}
    result["components"].setdefault("schemas", {})["Problem"] = {
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance", "code"],
        "properties": {
            **dict.fromkeys(("type", "title", "detail", "instance", "code"), text),
            "status": {"type": "integer"},
            "errors": {"type": "object", "additionalProperties": {"type": "array", "items": text}},
        },
    }
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in result["paths"].values():
        for method in _METHODS & path.keys():
            for status, words in _PROBLEMS.items():
                if (status, method) == ("412", "get"):
                    continue  # reading knows no version that could be stale
                path[method]["responses"].setdefault(status, {"description": words, "content": content})
    return result
