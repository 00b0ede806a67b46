"""Errors told to a collector of the operator's (Sentry or one that speaks its protocol), when SENTRY_DSN names one.

What leaves the house is built up from what is known to be harmless, never cut down from everything: no bodies,
cookies, headers, query strings, people, variables or breadcrumbs, and of an error's own text only what the
interpreter wrote. The whole story stays in the logs on the machine.
"""

import logging
import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

#: The parts of an event that are sent; everything else is dropped, also what a later version of the library adds.
_SENT = (
    *("event_id", "timestamp", "platform", "level", "logger", "environment", "server_name", "sdk"),
    *("transaction", "transaction_info", "exception", "logentry"),
)
#: The library is asked to collect nothing in the first place (its `send_default_pii` is the old name of that).
_OFF = {"mode": "off"}
_NOTHING: Any = {
    "user_info": False,
    "cookies": _OFF,
    "http_headers": {"request": _OFF},
    "http_bodies": [],
    "url_query_params": _OFF,
    "database_query_data": False,
    "queues": False,
    "stack_frame_variables": False,
}
#: Errors whose text is the interpreter's, Django's or the database driver's; others may repeat what people wrote.
_HARMLESS = {
    *("AttributeError", "ImportError", "MemoryError", "ModuleNotFoundError", "NameError", "RecursionError"),
    *("TypeError", "UnboundLocalError", "ZeroDivisionError"),
    *("ImproperlyConfigured", "OperationalError", "TemplateDoesNotExist"),
}
#: Addresses that open something for whoever knows them; `test_errors_report.py` finds a new one that is missing here.
_PRIVATE_LINK = re.compile(r"(/(?:t|answer|survey|invitation|unsubscribe)/|/password/reset/key/)[^/\s?#'\"]+")
_EMAIL = re.compile(r"[^\s<>@/'\"(]+@[^\s<>@/'\")]+")


def start(dsn: str, *, environment: str, transport: Any = None) -> None:
    """Report errors to ``dsn`` from now on; ``transport`` stands in for the network in tests.

    Raises:
        ImproperlyConfigured: when ``dsn`` is not one.
    """
    # Imported here, so that nothing of it is in processes that report to nobody.
    import sentry_sdk
    from sentry_sdk.integrations.atexit import AtexitIntegration
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.dedupe import DedupeIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.excepthook import ExcepthookIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration
    from sentry_sdk.utils import BadDsn

    try:
        sentry_sdk.init(
            dsn=dsn,
            environment=environment,
            transport=transport,
            data_collection=_NOTHING,
            max_request_body_size="never",
            before_send=harmless,
            before_breadcrumb=lambda _crumb, _hint: None,
            # Named one by one: the automatic ones also watch outgoing requests, arguments of commands and more.
            default_integrations=False,
            auto_enabling_integrations=False,
            integrations=[
                AtexitIntegration(callback=lambda _pending, _timeout: None),
                CeleryIntegration(propagate_traces=False),
                DedupeIntegration(),
                DjangoIntegration(),
                ExcepthookIntegration(),
                LoggingIntegration(level=None, event_level=logging.ERROR, sentry_logs_level=None),
            ],
            propagate_traces=False,
            trace_propagation_targets=[],
            auto_session_tracking=False,
            send_client_reports=False,
        )
    except BadDsn as error:
        raise ImproperlyConfigured(f"SENTRY_DSN is not the address of a collector: {error}.") from error


def harmless(event: Any, hint: Any = None) -> Any:
    """Of an event what may leave the house: where it happened and what kind of error it was."""
    sent = {name: event[name] for name in _SENT if name in event}
    if "exception" in sent:
        sent["exception"] = {"values": [_exception(error) for error in sent["exception"].get("values", [])]}
    if "logentry" in sent:
        # The sentence as the code has it, without what was filled in.
        sent["logentry"] = {"message": scrubbed(str(sent["logentry"].get("message", "")))}
    if "transaction" in sent:
        sent["transaction"] = scrubbed(str(sent["transaction"]))
    request = event.get("request") or {}
    if request.get("url"):
        address = str(request["url"]).partition("?")[0]
        sent["request"] = {"method": request.get("method", ""), "url": scrubbed(address)}
    return sent


def _exception(error: Any) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: error[name] for name in ("type", "module", "mechanism", "stacktrace") if name in error
    }
    text = scrubbed(str(error.get("value") or ""))
    kept["value"] = text if error.get("type") in _HARMLESS else "(left out, see the log)"
    if "mechanism" in kept:
        kept["mechanism"] = {name: kept["mechanism"][name] for name in ("type", "handled") if name in kept["mechanism"]}
    for frame in (kept.get("stacktrace") or {}).get("frames", []):
        frame.pop("vars", None)
    return kept


def scrubbed(text: str) -> str:
    """``text`` without the secret part of private links and without mail addresses."""
    return _EMAIL.sub("[e-mail]", _PRIVATE_LINK.sub(r"\1[token]", text))
