"""Surveys and figures."""

from helpdesk.tests.access.table import HANDLES, NOT_THERE, REDIRECT, WORKS, Rows, case, public

_SAID = {
    "resolution_score": "5",
    "speed_score": "4",
    "attitude_score": "3",
    "is_solved": "yes",
}

ROWS: Rows = {
    "feedback:survey": {
        "GET": [public(200, token="survey_token"), public(404, token="nonsense")],
        "POST": [
            public(422, token="survey_token"),
            public(200, data=_SAID, token="survey_token"),
            public(404, data=_SAID, token="nonsense"),
        ],
    },
    "feedback:log_call": {
        "GET": [case({200: WORKS}, number="solved"), case({REDIRECT: WORKS}, number="ticket")],  # nothing to ask yet
        "POST": [case({422: WORKS}, number="solved")],
    },
    # Who may see figures (`report.view`): of the tickets that they see.
    "feedback:results": {"GET": [case({200: HANDLES})], "POST": NOT_THERE},
    "reports:dashboard": {
        "GET": [
            case({200: HANDLES}),
            case({200: HANDLES}, query="by=organization"),
            case({400: HANDLES}, query="by=x"),
        ],
        "POST": NOT_THERE,
    },
    "reports:tickets": {
        "GET": [
            case({200: HANDLES}, query="figure=created"),
            case({200: HANDLES}, query="figure=open"),
            case({}, query="figure=nonsense"),
        ],
        "POST": NOT_THERE,
    },
    "reports:export": {
        "GET": [case({200: HANDLES}), case({200: HANDLES}, query="figure=created")],
        "POST": NOT_THERE,
    },
}
