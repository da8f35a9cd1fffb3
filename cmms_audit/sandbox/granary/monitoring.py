"""What a customer can see of his own traffic: the audit log, usage, failed calls, and whether the service is up."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from cmms_audit.sandbox.granary import records, store
from cmms_audit.sandbox.granary.auth import READ_ONLY, Identity
from cmms_audit.sandbox.granary.calls import NO_VERSIONING, RELEASE, Answer, Call, Operation, State, json_response
from cmms_audit.sandbox.granary.fields import Field, object_schema
from cmms_audit.sandbox.granary.problems import CODES, NO_REQUEST_IDS, Problem
from cmms_audit.sandbox.granary.resource import Filter, Resource, id_field, moment
from cmms_audit.sandbox.switch import Broken, Switch

NO_AUDIT_LOG = Switch(
    "no-audit-log",
    "there is no audit log in the API",
    questions=("auth.audit-log",),
)
WRITES_ONLY_AUDIT_LOG = Switch(
    "writes-only-audit-log",
    "reads do not appear in the audit log",
    questions=("auth.audit-log",),
)
ANONYMOUS_AUDIT_LOG = Switch(
    "anonymous-audit-log",
    "the audit log does not say who called",
    questions=("auth.audit-log",),
)
READS_ONLY_AUDIT_LOG = Switch(
    "reads-only-audit-log",
    "calls that change something do not appear in the audit log",
    questions=("auth.audit-log",),
)
AUDIT_LOG_WITHOUT_CONTENT = Switch(
    "audit-log-without-content",
    "the audit log does not say what was sent",
    questions=("auth.audit-log",),
)
AUDIT_LOG_OF_ANOTHER = Switch(
    "audit-log-of-another",
    "the audit log names another integration than the one that called",
    questions=("auth.audit-log",),
)
AUDIT_LOG_OF_ANOTHER_TIME = Switch(
    "audit-log-of-another-time",
    "the times in the audit log are seven hours behind",
    questions=("auth.audit-log",),
)
AUDIT_LOG_DENIED = Switch(
    "audit-log-denied",
    "there is no audit log, and the documents say so",
    questions=("auth.audit-log",),
)
NO_USAGE = Switch(
    "no-usage",
    "neither usage nor failed calls can be seen",
    questions=("errors.monitoring",),
)
FROZEN_USAGE = Switch(
    "frozen-usage",
    "usage statistics stand still and failed calls never appear",
    questions=("errors.monitoring",),
)
UNCOUNTED_FAILURES = Switch(
    "uncounted-failures",
    "calls are counted, but failed ones never appear as failed",
    questions=("errors.monitoring",),
)
UNCOUNTED_WRITES = Switch(
    "uncounted-failed-writes",
    "failed reads appear as failed, failed writes never do",
    questions=("errors.monitoring",),
)
NAMELESS_FAILURES = Switch(
    "nameless-failures",
    "failed calls are listed without the integration that made them",
    questions=("errors.monitoring",),
)
DEAD_HEALTH = Switch(
    "dead-health",
    "the address that says whether the service is up fails itself",
    questions=("errors.monitoring",),
)
OTHER_RELEASE = Switch(
    "other-release-running",
    "another version is running than the one that the document describes",
    questions=("errors.versioning",),
)
SWITCHES = (
    UNCOUNTED_FAILURES,
    UNCOUNTED_WRITES,
    NAMELESS_FAILURES,
    DEAD_HEALTH,
    OTHER_RELEASE,
    NO_AUDIT_LOG,
    WRITES_ONLY_AUDIT_LOG,
    ANONYMOUS_AUDIT_LOG,
    READS_ONLY_AUDIT_LOG,
    AUDIT_LOG_WITHOUT_CONTENT,
    AUDIT_LOG_OF_ANOTHER,
    AUDIT_LOG_OF_ANOTHER_TIME,
    AUDIT_LOG_DENIED,
    NO_USAGE,
    FROZEN_USAGE,
)

_CALL_FIELDS = (
    moment("occurred_at", "When the call came."),
    Field(
        "client_id", "string", "Id of the integration that called; anonymous where it is not known.", "gc-0000000000"
    ),
    Field("client_name", "string", "Name of the integration that called.", "Demo integration"),
    Field("method", "string", "HTTP method.", "GET"),
    Field("path", "string", "The path that was called.", "/api/v1/work-orders"),
    Field("status", "integer", "HTTP status of the answer.", 200),
    Field("error_code", "string", "Code of the error, if it failed.", None, nullable=True, enum=tuple(CODES)),
    Field(
        "payload_summary",
        "string",
        "What was sent: fields with the beginning of their values, or the query.",
        "limit=1",
    ),
    Field("request_id", "string", "The X-Request-Id of the answer.", "req-1f0a9c2e7b"),
)

AUDIT_LOG = Resource(
    "audit_log",
    "/audit-log",
    "audit entry",
    "AuditEntry",
    "Every call to the API: when, by whom, what, with which payload, and how it ended. Kept for 400 days; a call "
    "appears as soon as it is answered.",
    "audit",
    "AU",
    9,
    (id_field("AU", 9, "entry"), *_CALL_FIELDS),
    filters=(
        Filter("client_id", "client_id"),
        Filter("method", "method"),
        Filter("path", "path"),
        Filter("status", "status"),
        Filter("request_id", "request_id"),
        Filter("occurred_since", "occurred_at", ">="),
        Filter("occurred_before", "occurred_at", "<"),
    ),
    sorts=("id", "occurred_at"),
    default_sort="-id",
)

FAILURES = Resource(
    "failed_calls",
    "/usage/failures",
    "failed call",
    "FailedCall",
    "The queue of failed calls (status 400 or above) of every integration, newest first.",
    "usage",
    "AU",
    9,
    AUDIT_LOG.fields,
    filters=(
        Filter("client_id", "client_id"),
        Filter("error_code", "error_code"),
        Filter("request_id", "request_id"),
        Filter("occurred_since", "occurred_at", ">="),
    ),
    sorts=("id", "occurred_at"),
    default_sort="-id",
)

USAGE = Resource(
    "usage",
    "/usage",
    "usage record",
    "Usage",
    "Call volume, error rate and failed transactions of each integration, up to the present moment.",
    "usage",
    "",
    0,
    (
        Field("id", "string", "Id of the integration.", "gc-0000000000"),
        Field("client_name", "string", "Name of the integration.", "Demo integration"),
        Field("calls", "integer", "All calls.", 120, minimum=0),
        Field("errors", "integer", "Calls that were answered with 400 or above.", 3, minimum=0),
        Field("error_rate", "number", "errors divided by calls, 0 to 1.", 0.025, minimum=0, maximum=1),
        Field("failed_transactions", "integer", "Writes that failed.", 1, minimum=0),
        moment("first_call_at", "The first call that is counted."),
        moment("last_call_at", "The last call that is counted."),
    ),
    filters=(Filter("client_id", "id"),),
)

HEALTH_FIELDS = (
    Field("status", "string", "Whether the service works.", "ok", enum=("ok", "degraded")),
    moment("time", "The present moment on the server."),
    Field("api_version", "string", "The release of the API that is running.", RELEASE),
)
_READING = "('GET', 'HEAD', 'OPTIONS')"


def resources(broken: Broken) -> tuple[Resource, ...]:
    """The resources of this module as this vendor offers them."""
    audit = () if broken & {NO_AUDIT_LOG, AUDIT_LOG_DENIED} else (_audit_log(broken),)
    usage = () if NO_USAGE in broken else (USAGE, _failures(broken))
    found = (*audit, *usage)
    return tuple(each.without({"request_id"}) for each in found) if NO_REQUEST_IDS in broken else found


def _audit_log(broken: Broken) -> Resource:
    nobody = {"client_id", "client_name"} if ANONYMOUS_AUDIT_LOG in broken else set()
    nothing = {"payload_summary"} if AUDIT_LOG_WITHOUT_CONTENT in broken else set()
    return AUDIT_LOG.without(nobody | nothing)


def _failures(broken: Broken) -> Resource:
    return FAILURES.without({"client_id", "client_name"}) if NAMELESS_FAILURES in broken else FAILURES


CALLS = replace(AUDIT_LOG, name="calls")
VIEWS = {AUDIT_LOG.name, USAGE.name, FAILURES.name}


def create_views(database: sqlite3.Connection, broken: Broken) -> None:
    """What clients see of the table of calls: the audit log, failed calls, and usage."""
    database.execute("CREATE VIEW no_calls AS SELECT * FROM calls WHERE 0")
    counted = "no_calls" if FROZEN_USAGE in broken else "calls"
    database.execute(f"CREATE VIEW audit_log AS {_logged(broken)}")
    failed = "status >= 600" if UNCOUNTED_FAILURES in broken else "status >= 400"
    if UNCOUNTED_WRITES in broken:
        failed += f" AND method IN {_READING}"
    database.execute(f"CREATE VIEW failed_calls AS SELECT * FROM {counted} WHERE {failed}")  # noqa: S608
    database.execute(
        f"CREATE VIEW usage AS SELECT client_id AS id, MAX(client_name), COUNT(*), SUM({failed}), "  # noqa: S608 - our own names
        f"AVG({failed}), SUM({failed} AND method NOT IN {_READING}), "
        f"MIN(occurred_at), MAX(occurred_at) FROM {counted} GROUP BY client_id"
    )


def _logged(broken: Broken) -> str:
    """The query behind the audit log."""
    shown = {field.name: field.name for field in AUDIT_LOG.fields}
    if AUDIT_LOG_OF_ANOTHER in broken:
        shown |= {"client_id": f"'{READ_ONLY.id}'", "client_name": f"'{READ_ONLY.name}'"}
    if AUDIT_LOG_OF_ANOTHER_TIME in broken:
        shown["occurred_at"] = "strftime('%Y-%m-%dT%H:%M:%fZ', occurred_at, '-7 hours')"
    columns = ", ".join(f"{value} AS {name}" for name, value in shown.items())
    only = {WRITES_ONLY_AUDIT_LOG: f"method NOT IN {_READING}", READS_ONLY_AUDIT_LOG: f"method IN {_READING}"}
    kept = next((condition for switch, condition in only.items() if switch in broken), "1")
    return f"SELECT {columns} FROM calls WHERE {kept}"  # noqa: S608 - our own names


@dataclass(frozen=True)
class Seen:
    """What the log keeps of one call."""

    identity: Identity
    method: str
    path: str
    status: int
    error_code: str | None
    payload_summary: str
    request_id: str


def record(state: State, seen: Seen) -> None:
    """Write one call to the log."""
    entry: Mapping[str, Any] = {
        "id": store.next_id(state.database, CALLS),
        "occurred_at": state.now,
        "client_id": seen.identity.client_id,
        "client_name": seen.identity.name,
        **{
            name: getattr(seen, name)
            for name in ("method", "path", "status", "error_code", "payload_summary", "request_id")
        },
    }
    store.insert(state.database, CALLS, [entry])


def summary(query: str, body: Any) -> str:
    """A payload in a line: the fields with the beginning of their values, or the query string."""
    if isinstance(body, dict) and body:
        text = ", ".join(f"{name}={str(value)[:40]}" for name, value in list(body.items())[:20])[:500]
        return text.encode("utf-8", "replace").decode()
    if isinstance(body, bytes) and body:
        return f"{len(body)} bytes"
    return _SECRETS.sub(r"\1=***", query)[:500] or "no payload"


# Credentials do not belong in addresses; where a client puts one there, the log must not spread it.
_SECRETS = re.compile(r"(?i)\b([a-z_-]*(?:key|token|secret|password))=[^&]*")


def operations(offered: Mapping[str, Resource], broken: Broken) -> tuple[Operation, ...]:
    """Read the audit log, usage and failed calls, and ask whether the service is up."""
    found = [_health_operation(broken)]
    if AUDIT_LOG.name in offered:
        found.append(records.read_operation(offered[AUDIT_LOG.name]))
    lists = [offered[name] for name in (AUDIT_LOG.name, USAGE.name, FAILURES.name) if name in offered]
    return (*found, *(records.list_operation(each, broken) for each in lists))


def _health_operation(broken: Broken) -> Operation:
    fields = tuple(each for each in HEALTH_FIELDS if each.name != "api_version" or NO_VERSIONING not in broken)
    values = {"status": "ok", "api_version": "2.3.0" if OTHER_RELEASE in broken else RELEASE}

    async def handle(call: Call) -> Response:
        if DEAD_HEALTH in broken:
            raise Problem("internal-error", "the health of the service could not be found out")
        now = {**values, "time": call.state.now}
        return json_response({each.name: now[each.name] for each in fields})

    return Operation(
        "GET",
        "/health",
        "read_health",
        "Ask whether the service is up",
        "Open to anyone by design: it says nothing about any customer.",
        "health",
        handle,
        (),
        (Answer(200, "The service answers.", object_schema(fields)),),
    )
