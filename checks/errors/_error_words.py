"""The names under which vendors put code, message and field of an error, all in lower case.

Data for whoever reads errors; the longer a list, the more families are understood.
"""

from __future__ import annotations

CODE_NAMES = (
    "code", "errorcode", "error_code", "reasoncode", "spi:reasoncode", "o:errorcode", "errcode", "faultcode",
    "exc_type", "errorkey", "error_key", "messagecode", "slug", "errortype", "error_type", "reason", "type", "error",
    "status", "name",
)  # fmt: skip
CODE_NAMES_IN_DETAILS = (
    "code", "errorcode", "error_code", "o:errorcode", "reasoncode", "faultcode", "type", "reason", "name",
)  # fmt: skip
MESSAGE_NAMES = (
    "message", "detail", "details", "title", "error_description", "description", "msg", "oslc:message",
    "errormessage", "error_message", "errordescription", "errorsummary", "faultstring", "fault_string", "reason",
    "messages", "errormessages", "error", "errors", "o:errordetails", "_server_messages", "moreinformation",
    "httpmessage", "developermessage", "usermessage", "defaultmessage", "explanation", "text",
)  # fmt: skip
FIELD_NAMES = (
    "field", "fields", "pointer", "parameter", "param", "attribute", "attr", "errorattrname", "property", "target",
    "o:errorpath", "errorfield", "error_field", "fieldname", "field_name", "propertyref",
)  # fmt: skip
FIELD_NAMES_IN_DETAILS = (*FIELD_NAMES, "name", "path", "propertypath", "location")
CONTAINER_NAMES = (
    "error", "oslc:error", "odata.error", "errors", "o:errordetails", "fault", "attrerrors", "errorresponse",
    "responsestatus", "erroralert", "detail", "messages",
)  # fmt: skip
DETAIL_NAMES = (
    "errors", "error", "details", "detail", "attrerrors", "o:errordetails", "errordetails", "innererror", "data",
    "invalid-params", "invalid_params", "invalidparams", "violations", "fieldviolations", "validationerrors",
    "fielderrors", "field_errors",
)  # fmt: skip
BY_FIELD = frozenset({"errors", "validationerrors", "fielderrors", "field_errors"})
"""Where the names of members are those of fields even if a single text stands there, as Jira does."""

ALSO_OF_RECORDS = frozenset({"title", "description", "reason", "text"})
"""Names of messages that records have as well: with a list below, it is the field of that name that is at fault."""

OF_NO_FIELD = frozenset({"non_field_errors", "nonfielderrors", "__all__", "base", "global", "general"})
"""Names that stand where the name of a field would, and mean the whole."""

CORRELATION_NAMES = frozenset(
    {
        "requestid", "traceid", "correlationid", "errorid", "operationid", "logid", "eventid", "referenceid",
        "transactionid", "debugid", "incidentid", "activityid",
    }
)  # fmt: skip
"""In letters only, as "request_id" and "x-request-id" are the same word."""

CORRELATION_HEADERS = (
    "x-request-id", "request-id", "x-requestid", "x-correlation-id", "correlation-id", "x-correlationid",
    "traceparent", "x-trace-id", "x-b3-traceid", "x-transaction-id", "x-amzn-requestid", "x-amz-request-id",
    "x-amzn-trace-id", "x-ms-request-id", "x-ms-correlation-request-id", "x-ms-service-request-id",
    "x-github-request-id", "x-cloud-trace-context", "x-vcap-request-id", "x-debug-id", "x-oracle-dms-ecid", "cf-ray",
)  # fmt: skip
IDENTIFIERS = frozenset({"id", "_id", "uuid", "guid", "number", "href", "@odata.id"})
"""What a record has, and an answer about an error has not."""
