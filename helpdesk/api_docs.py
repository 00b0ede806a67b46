"""The API's pages: how to sign in, what problems mean, and the reference drawn from the schema. Nothing from a CDN."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.scopes import SCOPES
from outbox.webhooks import catalogue

# What `type` of a problem points to: code, statuses, meaning.
PROBLEMS = [
    ("invalid", "400", _("Some values are not valid; “errors” names the fields. Unknown parameters belong here too.")),
    ("parse_error", "400", _("The body is not what its content type says.")),
    ("not_authenticated", "401", _("Sign in, or send a token in the Authorization header.")),
    ("authentication_failed", "401", _("The token is wrong, expired or revoked.")),
    ("permission_denied", "403", _("Your permissions or the scopes of the token do not suffice.")),
    ("not_found", "404", _("There is nothing here that you may see.")),
    ("method_not_allowed", "405", _("This address does not support the method.")),
    ("not_acceptable", "406", _("Answers come as JSON.")),
    ("conflict", "409", _("It clashes with the present state; read it again.")),
    ("precondition_failed", "412", _("“If-Match” is not the present version; read it again.")),
    ("unsupported_media_type", "415", _("This content type is not read here.")),
    ("length_required", "411", _("The body came in chunks, without “Content-Length”.")),
    ("too_large", "413", _("The body is larger than all files that one message may have.")),
    ("throttled", "429", _("Too many requests; “Retry-After” says for how many seconds to wait.")),
    ("error", "500", _("Our fault. It was recorded.")),
    ("unavailable", "503", _("The database is busy or away; “Retry-After” says when to send it again.")),
]


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """How to begin, scopes, problems; in the page's language."""
    context = {"problems": PROBLEMS, "scopes": SCOPES.items(), "events": catalogue.events().items()}
    return render(request, "helpdesk/api_docs.html", context)


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    """Every route with its parameters and answers, drawn by Swagger UI from our own server.

    Swagger UI sets styles from scripts, which the content policy allows, and needs no inline script: ours starts it.
    """
    return render(request, "helpdesk/api_reference.html")
