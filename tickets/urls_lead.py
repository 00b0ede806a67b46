"""Pages of team leads below `/desk/`, part of the namespace `workspace`."""

from django.urls import path

import tickets.converters  # noqa: F401  (knows `<number:…>`)
from tickets.views import absences, board, incidents, lead, shift_notes

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
    path("board/<int:team>/members/<int:pk>/absences/", absences.plan, name="board_absence_plan"),
    path("board/<int:team>/members/<int:pk>/hand-over/", absences.hand_over, name="board_hand_over"),
    path("board/<int:team>/absences/", absences.ahead, name="board_absences"),
    path("board/<int:team>/absences/<int:pk>/call-off/", absences.call_off, name="board_absence_call_off"),
    path("board/<int:team>/notes/", shift_notes.notes, name="board_notes"),
    path("board/<int:team>/notes/new/", shift_notes.write, name="board_note_write"),
    path("board/notes/<int:pk>/read/", shift_notes.read, name="board_note_read"),
    path("board/above-queue/", shift_notes.above_queue, name="above_queue"),
    path("board/<number:number>/<slug:action>/", board.board_act, name="board_act"),
]
