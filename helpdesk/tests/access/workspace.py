"""The colleagues' side: queue, ticket page and its actions, the lead's pages."""

from dataclasses import replace

from helpdesk.tests.access.scene import COMMON
from helpdesk.tests.access.table import (
    BOSS,
    HANDLES,
    INSIDE,
    LEADS,
    NOT_THERE,
    NOTES,
    REDIRECT,
    STAFF,
    WORKS,
    Rows,
    case,
)

_FOREIGN = frozenset({"elsewhere", "manager", "administrator"})
_FOREIGN_WORKS = frozenset({"elsewhere", "administrator"})
_MAY_WORK = frozenset({"agent", "elsewhere", "lead", "administrator"})
_ASSIGNEE = frozenset({"agent"})
_CANNED = STAFF - {"manager"}  # write notes
_SOUTH = frozenset({"elsewhere"})  # the team to which a ticket was handed over
_BOARD = frozenset({"agent", "elsewhere", "lead", "manager", "administrator"})
_NORTH_BOARD = _BOARD - {"elsewhere"}


#: Who opens the page of a ticket has seen it.
_SEEN = frozenset({"tickets_ticketseen"})


def _look(name: str, writes: frozenset[str] = frozenset()) -> dict:
    """A GET on one ticket, for those who see it from the inside."""
    looks = [case({200: INSIDE}, number="ticket"), case({200: _FOREIGN}, number="foreign")]
    return {name: {"GET": [replace(look, writes=writes) for look in looks], "POST": []}}


def _action(
    name: str, who: frozenset[str], status: int = 422, number: str = "ticket", far: frozenset[str] = frozenset()
) -> Rows:
    """A form at GET; an empty POST is refused by the form (422), or acts when nothing has to be filled in (302)."""
    # A ticket without a team: of all these only managers and administrators see it.
    elsewhere = case({status: far or who & {"manager", "administrator"}} if number == "ticket" else {}, number="far")
    return {
        f"workspace:{name}": {
            "GET": [case({200: who}, number=number)],
            "POST": [case({status: who}, number=number), elsewhere],
        }
    }


def _writing(method: str, status: int = 200, *, data: dict | None = None) -> dict:
    """What the composer asks of one ticket, for those who may write a note there."""
    cells = [
        case({status: NOTES}, data=data, number="ticket"),
        case({status: _FOREIGN_WORKS}, data=data, number="foreign"),
    ]
    return {"GET": NOT_THERE, "POST": NOT_THERE} | {method: cells}


ROWS: Rows = {
    "workspace:lines": {
        "GET": [
            case({200: INSIDE}, pk="public_file"),
            case({200: INSIDE}, pk="note_file", query=f"q={COMMON}&errors_only=1&line=x"),
            case({200: _FOREIGN}, pk="foreign_file"),
        ],
        "POST": NOT_THERE,
    },
    "workspace:original": {
        "GET": [case({200: INSIDE}, pk="original"), case({200: INSIDE}, pk="original", query="images=1")],
        "POST": NOT_THERE,
    },
    "workspace:queue": {
        "GET": [
            case({200: STAFF}),
            *[case({200: STAFF}, query=f"view={view}") for view in ("mine", "unassigned", "escalated", "all")],
            case({200: STAFF}, query=f"view=all&q={COMMON}"),
            case({400: STAFF}, query="sort=nonsense"),
        ],
        "POST": NOT_THERE,
    },
    "workspace:mine": {"GET": [case({200: STAFF})], "POST": NOT_THERE},
    "workspace:changes": {"GET": [case({200: STAFF}, query="view=all&shown=1.1,2.2")], "POST": NOT_THERE},
    "workspace:columns": {
        "GET": NOT_THERE,
        "POST": [
            case({REDIRECT: STAFF}, data={"column": "due"}),
            # A view that is shared by somebody else is used, not changed; who does not see it has their own columns.
            case({REDIRECT: STAFF - {"lead"}}, query="saved=1", data={"column": "due"}),
        ],
    },
    "workspace:saved-view-save": {
        "GET": [case({200: STAFF}), case({}, query="view=nonsense"), case({}, query="severity=X")],
        "POST": [case({422: STAFF}), case({REDIRECT: STAFF}, query="severity=S", data={"name": "Mine"})],
    },
    "workspace:saved-view": {
        "GET": [case({200: _ASSIGNEE}, pk="saved_view")],
        "POST": [
            case({422: _ASSIGNEE}, pk="saved_view"),
            case({REDIRECT: _ASSIGNEE}, pk="saved_view", data={"name": "x"}),
        ],
    },
    "workspace:saved-view-replace": {
        "GET": NOT_THERE,
        "POST": [case({REDIRECT: _ASSIGNEE}, pk="saved_view", query="severity=S")],
    },
    "workspace:saved-view-delete": {"GET": NOT_THERE, "POST": [case({REDIRECT: _ASSIGNEE}, pk="saved_view")]},
    "workspace:rules-try": {"GET": [case({200: BOSS})], "POST": [case({422: BOSS})]},
    "workspace:search": {"GET": [case({200: STAFF}), case({200: STAFF}, query=f"q={COMMON}")], "POST": NOT_THERE},
    "workspace:macros": {
        "GET": [case({200: WORKS}, number="ticket"), case({200: _FOREIGN_WORKS}, number="foreign")],
        "POST": NOT_THERE,
    },
    **_action("macro", WORKS),
    "workspace:palette": {"GET": [case({200: STAFF}), case({200: STAFF}, query=f"q={COMMON}")], "POST": NOT_THERE},
    "workspace:bulk": {
        "GET": [
            case({200: _MAY_WORK}, query="t=T1", action="status"),
            case({200: _MAY_WORK}, action="assign"),
            case({}, action="nonsense"),
        ],
        "POST": [case({422: _MAY_WORK}, action="tags"), case({422: _MAY_WORK}, data={"t": "@far"}, action="status")],
    },
    "workspace:bulk-undo": {"GET": NOT_THERE, "POST": [case({}, pk="1")]},
    "workspace:next": {"GET": [case({200: _MAY_WORK})], "POST": [case({REDIRECT: _MAY_WORK})]},
    "workspace:hold": {"GET": NOT_THERE, "POST": [case({200: WORKS}, number="ticket"), case({}, number="T999999999")]},
    "workspace:release": {"GET": NOT_THERE, "POST": [case({REDIRECT: WORKS}, number="ticket")]},
    "workspace:put-aside": {
        "GET": [case({200: WORKS}, number="ticket"), case({200: _FOREIGN_WORKS}, number="foreign")],
        "POST": [case({422: WORKS}, number="ticket")],
    },
    **_look("workspace:ticket", writes=_SEEN),
    **_look("workspace:live"),
    **_look("workspace:timeline"),
    **_look("workspace:related"),
    "workspace:here": {
        "GET": NOT_THERE,
        "POST": [
            case({204: NOTES}, number="ticket", data={"leave": "1"}),
            case({204: _FOREIGN_WORKS}, number="foreign", data={"leave": "1"}),
        ],
    },
    "workspace:queue-presence": {
        "GET": [case({204: STAFF}), case({204: STAFF}, query="rows=1,2,x")],
        "POST": NOT_THERE,
    },
    "workspace:write": {
        "GET": NOT_THERE,
        "POST": [case({422: NOTES}, number="ticket"), case({422: _FOREIGN_WORKS}, number="foreign")],
    },
    "workspace:draft": _writing("POST", data={"kind": "note", "body": "half a thought"}),
    "workspace:preview": _writing("POST", data={"body": "**bold**"}),
    "workspace:offer-canned": _writing("GET"),
    "workspace:offer-articles": _writing("GET"),
    "workspace:offer-colleagues": _writing("GET"),
    "workspace:take-back": _writing("POST", REDIRECT),
    "workspace:send-now": _writing("POST", REDIRECT),
    "workspace:canned": {"GET": [case({200: _CANNED})], "POST": [case({422: _CANNED})]},
    "workspace:canned-edit": {
        "GET": [case({200: _ASSIGNEE}, pk="own_canned"), case({200: BOSS}, pk="shared_canned")],
        "POST": [case({422: _ASSIGNEE}, pk="own_canned"), case({422: BOSS}, pk="shared_canned")],
    },
    "workspace:canned-delete": {
        "GET": NOT_THERE,
        "POST": [case({REDIRECT: _ASSIGNEE}, pk="own_canned"), case({REDIRECT: BOSS}, pk="shared_canned")],
    },
    "workspace:use-article": {
        "GET": NOT_THERE,
        "POST": [
            case({REDIRECT: NOTES}, number="ticket", pk="public_article"),
            case({REDIRECT: WORKS}, number="ticket", pk="draft_article"),
            case({REDIRECT: _FOREIGN_WORKS}, number="foreign", pk="internal_article"),
            case({REDIRECT: frozenset({"administrator"})}, number="foreign", pk="draft_article"),
        ],
    },
    "workspace:resend-mail": {
        "GET": NOT_THERE,
        # A mail that went out already: said kindly, whoever may work on the ticket.
        "POST": [
            case({REDIRECT: WORKS}, number="ticket", pk="delivery"),
            case({REDIRECT: _FOREIGN_WORKS}, number="foreign", pk="delivery"),
        ],
    },
    # The administrator is in no team: only a ticket of no team is theirs to take.
    **_action("take", WORKS - BOSS, REDIRECT, far=BOSS),
    **_action("take_over", LEADS - BOSS, REDIRECT, far=BOSS),
    **_action("assign", WORKS, REDIRECT),  # nobody and no other team: stays as it is
    "workspace:hand_over": {
        "GET": [case({200: WORKS}, number="ticket")],
        "POST": [case({422: WORKS}, number="ticket"), case({}, number="far")],  # what no team has is assigned
    },
    **_action("watch", INSIDE, REDIRECT),
    **_action("unwatch", INSIDE, REDIRECT),
    **_action("add_watchers", WORKS),
    **_action("remove_watcher", WORKS),
    **_action("log_time", NOTES),
    **_action("correct_time", NOTES),
    **_action("checklist_add", WORKS),
    **_action("checklist_item", WORKS),
    **_action("checklist_owner", WORKS),
    **_action("checklist_template", WORKS),
    **_action("understand", _SOUTH, REDIRECT, number="given"),
    **_action("ask_back", _SOUTH, number="given"),
    **_action("regrade", WORKS),
    **_action("decide_contest", LEADS),
    **_action("properties", WORKS, REDIRECT),  # every property may be empty
    **_action("call_in", WORKS),
    **_action("acknowledge", HANDLES, REDIRECT),
    **_action("breach_reason", _ASSIGNEE),
    **_action("status", WORKS),
    **_action("resolve", WORKS),
    **_action("reopen", WORKS, number="solved"),
    **_action("merge", WORKS),
    **_action("link", WORKS),
    **_action("unlink", WORKS),
    **_action("split", WORKS),
    **_action("unmerge", WORKS, number="merged"),
    **_action("tell_children", WORKS),
    **_action("resolve_children", WORKS, number="solved"),
    **_action("tell_again", WORKS, REDIRECT),
    **_action("report_cause", WORKS, number="solved"),
    **_action("draft_article", NOTES, REDIRECT, number="solved"),
    **_action("revoke_links", WORKS, REDIRECT),
    "workspace:escalations": {"GET": [case({200: HANDLES})], "POST": NOT_THERE},
    "workspace:escalations_acknowledge": {
        "GET": NOT_THERE,
        "POST": [case({REDIRECT: HANDLES}), case({REDIRECT: HANDLES}, data={"tickets": "@foreign"})],
    },
    "workspace:escalation_act": {
        "GET": [
            case({200: HANDLES}, number="ticket", action="acknowledge"),
            case({200: LEADS - BOSS}, number="ticket", action="take-over"),
            case({200: LEADS}, number="ticket", action="reassign"),
            case({200: LEADS}, number="ticket", action="hand-over"),
            case({200: LEADS}, number="ticket", action="call-in"),
            case({200: LEADS}, number="ticket", action="comment"),
            case({200: LEADS}, number="ticket", action="decide"),
            case({}, number="ticket", action="nonsense"),
        ],
        "POST": [
            case({REDIRECT: HANDLES}, number="ticket", action="acknowledge"),
            case({REDIRECT: LEADS - BOSS}, number="ticket", action="take-over"),
            case({422: LEADS}, number="ticket", action="reassign"),
            case({422: LEADS}, number="ticket", action="call-in"),
            case({422: LEADS}, number="ticket", action="comment"),
            case({422: LEADS}, number="ticket", action="decide"),
            case({REDIRECT: HANDLES - {"lead"}}, number="foreign", action="acknowledge"),
            case({}, number="ticket", action="nonsense"),
        ],
    },
    "workspace:incidents": {"GET": [case({200: LEADS})], "POST": NOT_THERE},
    "workspace:incident_new": {
        "GET": [case({200: LEADS}), case({}, query="ticket=T999999999")],
        "POST": [case({422: LEADS})],
    },
    "workspace:incident": {"GET": [case({200: LEADS}, pk="incident")], "POST": [case({422: LEADS}, pk="incident")]},
    "workspace:board": {"GET": [case({200: _BOARD})], "POST": NOT_THERE},
    "workspace:board_member": {
        "GET": [
            case({200: _NORTH_BOARD}, team="north", pk="person:agent"),
            case({200: _BOARD - {"agent", "lead"}}, team="south", pk="person:elsewhere"),
            case({}, team="north", pk="person:requester"),
        ],
        "POST": NOT_THERE,
    },
    "workspace:board_duty": {
        "GET": NOT_THERE,
        "POST": [
            case({REDIRECT: WORKS}, team="north", pk="person:agent"),  # oneself, the lead, the administrator
            case({REDIRECT: LEADS}, team="north", pk="person:lead"),
            case({REDIRECT: _FOREIGN_WORKS}, team="south", pk="person:elsewhere"),
        ],
    },
    "workspace:board_absences": {
        "GET": [case({200: _NORTH_BOARD}, team="north"), case({200: _BOARD - {"agent", "lead"}}, team="south")],
        "POST": NOT_THERE,
    },
    "workspace:board_absence_plan": {
        "GET": [
            case({200: WORKS}, team="north", pk="person:agent"),
            case({200: LEADS}, team="north", pk="person:lead"),
        ],
        "POST": [case({422: WORKS}, team="north", pk="person:agent")],
    },
    "workspace:board_absence_call_off": {
        "GET": NOT_THERE,
        "POST": [case({}, team="south", pk="absence"), case({REDIRECT: WORKS}, team="north", pk="absence")],
    },
    "workspace:board_hand_over": {
        "GET": [case({200: WORKS}, team="north", pk="person:agent")],
        "POST": [
            case({422: WORKS}, team="north", pk="person:agent"),
            case({422: _FOREIGN_WORKS}, team="south", pk="person:elsewhere"),
        ],
    },
    "workspace:board_notes": {"GET": [case({200: _NORTH_BOARD}, team="north")], "POST": NOT_THERE},
    "workspace:board_note_write": {
        "GET": [case({200: WORKS - BOSS}, team="north")],
        "POST": [case({422: WORKS - BOSS}, team="north")],
    },
    "workspace:board_note_read": {"GET": NOT_THERE, "POST": [case({REDIRECT: _NORTH_BOARD}, pk="shift_note")]},
    "workspace:above_queue": {"GET": [case({200: STAFF})], "POST": NOT_THERE},
    "workspace:board_act": {
        "GET": [
            case({200: WORKS}, number="ticket", action="reassign"),
            case({200: WORKS - BOSS}, number="ticket", action="take"),
        ],
        "POST": [
            case({422: WORKS}, number="ticket", action="reassign"),
            case({REDIRECT: WORKS - BOSS}, number="ticket", action="take"),
            case({422: _FOREIGN_WORKS}, number="foreign", action="reassign"),
            case({422: WORKS}, number="ticket", action="give-back"),
            case({}, number="ticket", action="nonsense"),
        ],
    },
}
