"""Who changed how the system is set up, and what it was before: read from the tables that database triggers fill.

Triggers see every change, also those by bulk updates and raw SQL (docs/decisions: django-pghistory).
"""

from django.http import HttpRequest, HttpResponse
from pghistory.middleware import HistoryMiddleware

_PLACES = ("/admin/", "/desk/setup/", "/desk/rules/", "/desk/canned/")


class WhoMiddleware(HistoryMiddleware):
    """Note the person with changes of configuration. Other requests need no such note with each of their statements."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_PLACES):
            return super().__call__(request)
        return self.get_response(request)
