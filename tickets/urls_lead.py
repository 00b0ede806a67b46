"""Pages of team leads below `/desk/`, part of the namespace `workspace`."""

from django.urls import path

import tickets.converters  # noqa: F401  (knows `<number:…>`)
from tickets.views import board, incidents, lead

urlpatterns = [
    path("escalations/", lead.escalations, name="escalations"),
    path("escalations/acknowledge/", lead.acknowledge_selected, name="escalations_acknowledge"),
    path("escalations/<number:number>/<slug:action>/", lead.escalation_act, name="escalation_act"),
    path("board/", board.board, name="board"),
    path("board/<int:team>/members/<int:pk>/", board.member, name="board_member"),
    path("board/<int:team>/members/<int:pk>/duty/", board.switch_duty, name="board_duty"),
    path("incidents/", incidents.desk, name="incidents"),
    path("incidents/new/", incidents.announce, name="incident_new"),
    path("incidents/<int:pk>/", incidents.tell, name="incident"),
    path("board/<number:number>/<slug:action>/", board.board_act, name="board_act"),
]
