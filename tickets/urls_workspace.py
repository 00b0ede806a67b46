"""Pages of colleagues below `/desk/`; namespace `workspace`."""

from django.urls import path

import tickets.converters  # noqa: F401  (knows `<number:…>`)
from tickets.forms.table import ACTIONS
from tickets.urls_lead import urlpatterns as lead_urls
from tickets.views import actions, bulk, canned, composing, palette, play, presence, queue, saved_views, ticket
from tickets.views.attachments import lines
from tickets.views.mails import resend
from tickets.views.originals import original
from tickets.views.rules import try_rules

_TICKET = "tickets/<number:number>"

urlpatterns = [
    path("", queue.queue, name="queue"),
    path("mine/", queue.queue, {"view": "mine"}, name="mine"),
    path("changes/", queue.changes, name="changes"),
    path("columns/", saved_views.columns, name="columns"),
    path("views/save/", saved_views.save, name="saved-view-save"),
    path("views/<int:pk>/", saved_views.edit, name="saved-view"),
    path("views/<int:pk>/replace/", saved_views.replace, name="saved-view-replace"),
    path("views/<int:pk>/delete/", saved_views.delete, name="saved-view-delete"),
    path("presence/", presence.queue, name="queue-presence"),
    path("search/", queue.search, name="search"),
    path("rules/try/", try_rules, name="rules-try"),
    path("bulk/<int:pk>/undo/", bulk.undo_edit, name="bulk-undo"),
    path("bulk/<slug:action>/", bulk.edit, name="bulk"),
    path("next/", play.next_ticket, name="next"),
    path(f"{_TICKET}/hold/", play.hold_ticket, name="hold"),
    path(f"{_TICKET}/release/", play.release_ticket, name="release"),
    path(f"{_TICKET}/put-aside/", play.put_ticket_aside, name="put-aside"),
    path("palette/", palette.found, name="palette"),
    path(f"{_TICKET}/", ticket.ticket, name="ticket"),
    path(f"{_TICKET}/live/", ticket.live, name="live"),
    path(f"{_TICKET}/timeline/", ticket.timeline, name="timeline"),
    path(f"{_TICKET}/related/", ticket.related, name="related"),
    path(f"{_TICKET}/here/", presence.here, name="here"),
    path(f"{_TICKET}/messages/", actions.write, name="write"),
    path(f"{_TICKET}/draft/", composing.save_draft, name="draft"),
    path(f"{_TICKET}/draft/preview/", composing.preview, name="preview"),
    path(f"{_TICKET}/draft/canned/", composing.offer, {"what": "canned"}, name="offer-canned"),
    path(f"{_TICKET}/draft/articles/", composing.offer, {"what": "articles"}, name="offer-articles"),
    path(f"{_TICKET}/draft/colleagues/", composing.offer, {"what": "colleagues"}, name="offer-colleagues"),
    path(f"{_TICKET}/draft/take-back/", composing.take_back, name="take-back"),
    path(f"{_TICKET}/draft/send/", composing.send_now, name="send-now"),
    path(f"{_TICKET}/macros/", canned.macros, name="macros"),
    path("canned/", canned.canned, name="canned"),
    path("canned/<int:pk>/", canned.canned_edit, name="canned-edit"),
    path("canned/<int:pk>/delete/", canned.canned_delete, name="canned-delete"),
    path(f"{_TICKET}/mails/<int:pk>/resend/", resend, name="resend-mail"),
    path(f"{_TICKET}/articles/<int:pk>/use/", actions.use_article, name="use-article"),
    *[path(f"{_TICKET}/{name.replace('_', '-')}/", actions.act, {"action": name}, name=name) for name in ACTIONS],
    path("attachments/<int:pk>/lines/", lines, name="lines"),
    path("messages/<int:pk>/original/", original, name="original"),
    *lead_urls,
]
