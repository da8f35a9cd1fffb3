"""List, read, create, update and delete: the operations that every resource has, made from its declaration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response

from cmms_audit.sandbox.granary import events, idempotency, offers, queries, rules, store
from cmms_audit.sandbox.granary.calls import Answer, Call, Handler, Operation, Parameter, State, json_response
from cmms_audit.sandbox.granary.fields import (
    FieldError,
    Json,
    check_body,
    create_schema,
    record_schema,
    stored_form,
    update_schema,
)
from cmms_audit.sandbox.granary.offers import Offer
from cmms_audit.sandbox.granary.problems import Problem, invalid_fields
from cmms_audit.sandbox.granary.queries import served
from cmms_audit.sandbox.granary.resource import Resource
from cmms_audit.sandbox.switch import Broken, Switch

NO_ETAGS = Switch(
    "no-etags",
    "records carry no ETag and no version, and the last writer wins",
    questions=("operations.concurrency",),
    flags=("lost-update",),
)
IGNORED_IF_MATCH = Switch(
    "ignored-if-match",
    "a stale If-Match is accepted, although the document says 412",
    questions=("operations.concurrency",),
    flags=("lost-update",),
)
SLOPPY_STATUS_CODES = Switch(
    "sloppy-status-codes",
    "every success is 200: a create has no Location, a delete answers with a body",
    questions=("operations.status-codes",),
)
UNDOCUMENTED_FIELDS = Switch(
    "undocumented-fields",
    "work orders carry two fields that the document does not know",
    questions=("data.documented",),
    flags=("undocumented-behaviour",),
)
WRONG_TYPES = Switch(
    "wrong-types",
    "amounts of work orders are text, although the document says number",
    questions=("data.documented",),
    flags=("undocumented-behaviour",),
)
SWITCHES = (NO_ETAGS, IGNORED_IF_MATCH, SLOPPY_STATUS_CODES, UNDOCUMENTED_FIELDS, WRONG_TYPES)

JSON_TYPE = "application/json"
IF_MATCH = Parameter(
    "If-Match",
    "header",
    "The ETag that you last read (or *). A stale one is refused with 412; a change without one with 428.",
    {"type": "string", "example": '"1"'},
)


def ref(name: str) -> Json:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def operations(resource: Resource, broken: Broken) -> tuple[Operation, ...]:
    """The operations of one resource, at its path and at its path with an id."""
    found = [list_operation(resource, broken), read_operation(resource)]
    if "create" in resource.does:
        found.append(create_operation(resource, broken))
    if "update" in resource.does:
        found.append(update_operation(resource))
    if "delete" in resource.does:
        found.append(delete_operation(resource, broken))
    return tuple(found)


def schemas(resource: Resource) -> dict[str, Json]:
    """The schemas of one resource for the document."""
    found = {
        resource.schema: record_schema(resource.served, resource.description),
        f"{resource.schema}Page": offers.page_schema(resource.schema),
    }
    if "create" in resource.does:
        text = f"What is sent to create a {resource.title}."
        found[f"{resource.schema}Create"] = create_schema(resource.served, text)
    if "update" in resource.does:
        text = f"What is sent to change a {resource.title}; fields that are not sent stay as they are."
        found[f"{resource.schema}Update"] = update_schema(resource.served, text)
    return found


def has_etag(resource: Resource) -> bool:
    """Whether records of this kind carry an ETag."""
    return resource.has("version") and "version" not in resource.hidden


# -- list and read ----------------------------------------------------------------------------------------


def list_operation(resource: Resource, broken: Broken) -> Operation:
    """GET on the collection, below a parent where the path has one."""
    offered = offers.offer(resource, broken)
    return Operation(
        "GET",
        resource.path,
        f"list_{resource.name}",
        f"List {resource.title} records",
        f"{resource.description} Ordered by {resource.default_sort} unless sort says otherwise; records that are "
        "added or removed during a walk make no other record vanish or repeat.",
        resource.name,
        _list_handler(offered),
        (f"{resource.noun}:read",),
        (Answer(200, "One page.", ref(f"{resource.schema}Page")),),
        parameters=offers.parameters(offered),
        errors=("invalid-parameter", "not-found") if resource.nested else ("invalid-parameter",),
    )


def _list_handler(offered: Offer) -> Handler:
    async def handle(call: Call) -> Response:
        fixed = parent_condition(call, offered.resource)
        page = queries.page(call, offered, fixed)
        page["items"] = [as_served(item, offered.resource, call.state.broken) for item in page["items"]]
        return json_response(page)

    return handle


def parent_condition(call: Call, resource: Resource) -> list[tuple[str, Any]]:
    """For records below a parent: only those of that parent. Raises a 404 Problem where there is no such parent."""
    return [(f"{column} = ?", value) for column, value in parent_value(call, resource).items()]


def parent_value(call: Call, resource: Resource) -> dict[str, str]:
    """The column that names a record's parent, and the parent's id from the path; nothing where there is none."""
    if not resource.nested:
        return {}
    above = resource.path.partition("/{id}")[0]
    parent = next(each for each in call.state.resources.values() if each.path == above)
    column = next(field.name for field in resource.fields if field.refers_to == parent.name)
    return {column: rules.existing(call.state, parent, call.path["id"])["id"]}


def target(call: Call, resource: Resource) -> Json:
    """The record that the path names. Raises a 404 Problem that repeats the id."""
    above = parent_value(call, resource)
    record = rules.existing(call.state, resource, call.path[resource.id_parameter])
    if any(record[column] != value for column, value in above.items()):
        raise Problem("not-found", f"there is no {resource.title} with the id {record['id']} here")
    return record


def as_served(record: Json, resource: Resource, broken: Broken) -> Json:
    """A record as this vendor really sends it."""
    if resource.name != "work_orders":
        return record
    if UNDOCUMENTED_FIELDS in broken:
        record |= {"internal_ref": "X-1", "legacy_state": 7}
    if WRONG_TYPES in broken:
        record |= {name: str(record[name]) for name in ("labor_cost", "material_cost") if name in record}
    return record


def read_operation(resource: Resource) -> Operation:
    """GET on one record."""

    async def handle(call: Call) -> Response:
        record = target(call, resource)
        return record_response(call.state, resource, record)

    return Operation(
        "GET",
        resource.record_path,
        f"read_{resource.name}",
        f"Read one {resource.title}",
        resource.description,
        resource.name,
        handle,
        (f"{resource.noun}:read",),
        (_record_answer(resource, 200, "The record."),),
        errors=("not-found",),
    )


def _record_answer(resource: Resource, status: int, text: str, headers: tuple[str, ...] = ()) -> Answer:
    etag = ("ETag",) if has_etag(resource) else ()
    return Answer(status, text, ref(resource.schema), headers=(*headers, *etag))


def record_response(
    state: State, resource: Resource, record: Json, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer with one record, and its ETag."""
    etag = {"ETag": f'"{record["version"]}"'} if has_etag(resource) else {}
    body = as_served(served(resource, record), resource, state.broken)
    return json_response(body, status, {**etag, **(headers or {})})


# -- create -----------------------------------------------------------------------------------------------


def _make(call: Call, resource: Resource) -> Json:
    return create(call.state, resource, call.body, parent_value(call, resource))


def create_operation(
    resource: Resource,
    broken: Broken,
    make: Callable[[Call, Resource], Json] = _make,
    errors: tuple[str, ...] = (),
) -> Operation:
    """POST on the collection. `make` stores the record; `errors` are the codes that it adds."""
    sloppy = SLOPPY_STATUS_CODES in broken

    async def handle(call: Call) -> Response:
        record = make(call, resource)
        location = {"Location": f"{call.request.url.path}/{record['id']}"}
        return record_response(call.state, resource, record, 200 if sloppy else 201, None if sloppy else location)

    answer = _record_answer(resource, 200 if sloppy else 201, "The new record.", () if sloppy else ("Location",))
    return Operation(
        "POST",
        resource.path,
        f"create_{resource.name}",
        f"Create a {resource.title}",
        f"Creates one {resource.title}.",
        resource.name,
        idempotency.once(handle),
        (f"{resource.noun}:write",),
        (answer,),
        parameters=idempotency.parameters(broken),
        body={JSON_TYPE: ref(f"{resource.schema}Create")},
        errors=(*create_errors(resource, broken), *errors),
    )


def create_errors(resource: Resource, broken: Broken) -> tuple[str, ...]:
    """The error codes that a create can answer."""
    reused = () if idempotency.NO_IDEMPOTENCY in broken else ("idempotency-key-reused",)
    conflict = ("conflict",) if resource.unique else ()
    missing = ("not-found",) if resource.nested else ()
    return ("malformed-request", "validation-failed", *reused, *conflict, *missing)


def create(state: State, resource: Resource, sent: Any, given: Mapping[str, Any]) -> Json:
    """Check and store a new record. `given` are values that come from the path. Raises a 422 or 409 Problem."""
    check_sent(state, resource, sent, "create")
    rules.check_unique(state, resource, sent)
    record: Json = {field.name: stored_form(field, sent.get(field.name, field.default)) for field in resource.fields}
    for field in resource.fields:
        if field.type == "object" and not field.inherits and record[field.name] is None:
            record[field.name] = stored_form(field, {})
    now = state.now
    fixed = {"id": store.next_id(state.database, resource), "created_at": now, "updated_at": now, "version": 1}
    record |= {name: value for name, value in fixed.items() if name in record} | dict(given)
    rules.complete(state, resource, record)
    store.insert(state.database, resource, [record])
    rules.follow_up(state, resource, record)
    events.created(state, resource, record)
    return record


def check_sent(state: State, resource: Resource, sent: Any, moment: Any) -> None:
    """Refuse a body with 422 that names every field at fault."""
    if not isinstance(sent, dict):
        invalid_fields([FieldError("", "wrong-type", "an object is expected")])
    errors = list(check_body(resource.served, sent, moment))
    invalid_fields(errors or rules.check_references(state, resource, sent))


# -- update and delete ------------------------------------------------------------------------------------


def update_operation(resource: Resource) -> Operation:
    """PATCH on one record."""

    async def handle(call: Call) -> Response:
        record = target(call, resource)
        check_precondition(call, resource, record, required=True)
        return record_response(call.state, resource, update(call.state, resource, record, call.body))

    guarded = has_etag(resource)
    return Operation(
        "PATCH",
        resource.record_path,
        f"update_{resource.name}",
        f"Change a {resource.title}",
        "Changes the fields that are sent." + (" Needs If-Match, so that no update is lost." if guarded else ""),
        resource.name,
        handle,
        (f"{resource.noun}:write",),
        (_record_answer(resource, 200, "The changed record."),),
        parameters=(IF_MATCH,) if guarded else (),
        body={JSON_TYPE: ref(f"{resource.schema}Update")},
        errors=(
            "malformed-request",
            "not-found",
            "validation-failed",
            *(("precondition-failed", "precondition-required") if guarded else ()),
        ),
    )


def update(state: State, resource: Resource, record: Json, sent: Any) -> Json:
    """Check and store changed fields. Raises a 422 Problem."""
    check_sent(state, resource, sent, "update")
    before = dict(record)
    for name, value in sent.items():
        record[name] = stored_form(resource.field(name), value, record[name])
    rules.complete(state, resource, record)
    rules.touch(state, resource.name, record)
    rules.follow_up(state, resource, record)
    events.changed(state, resource, before, record)
    return record


def check_precondition(call: Call, resource: Resource, record: Json, *, required: bool) -> None:
    """Refuse with 412 what was written against an old version, with 428 what names no version."""
    if not has_etag(resource) or IGNORED_IF_MATCH in call.state.broken:
        return
    sent = call.header("If-Match")
    if sent is None:
        if required:
            raise Problem("precondition-required", "send If-Match with the ETag that you last read")
        return
    current = f'"{record["version"]}"'
    if sent.strip() != "*" and current not in [tag.strip() for tag in sent.split(",")]:
        raise Problem("precondition-failed", f"{resource.title} {record['id']} is now at version {current}")


def delete_operation(resource: Resource, broken: Broken) -> Operation:
    """DELETE on one record."""
    sloppy = SLOPPY_STATUS_CODES in broken

    async def handle(call: Call) -> Response:
        record = target(call, resource)
        check_precondition(call, resource, record, required=False)
        rules.check_unused(call.state, resource, record["id"])
        remove(call.state, resource, record)
        return json_response({"deleted": True}) if sloppy else Response(status_code=204)

    guarded = has_etag(resource)
    schema = {"type": "object", "properties": {"deleted": {"type": "boolean", "description": "Always true."}}}
    return Operation(
        "DELETE",
        resource.record_path,
        f"delete_{resource.name}",
        f"Delete a {resource.title}",
        _deletion_text(resource),
        resource.name,
        handle,
        (f"{resource.noun}:{'delete' if resource.noun in {'workorders', 'assets'} else 'write'}",),
        (Answer(200, "It is deleted.", schema) if sloppy else Answer(204, "It is deleted."),),
        parameters=(IF_MATCH,) if guarded else (),
        errors=(
            "not-found",
            *(("conflict",) if resource.used_by else ()),
            *(("precondition-failed",) if guarded else ()),
        ),
    )


def _deletion_text(resource: Resource) -> str:
    if not resource.keeps_tombstones:
        return f"Deletes the {resource.title} for good."
    return (
        f"Deletes the {resource.title}. Afterwards it is answered with 404, and listed only with include_deleted=true, "
        "where it carries deleted_at and a new updated_at."
    )


def remove(state: State, resource: Resource, record: Json) -> None:
    """Delete a record, leaving a tombstone where its kind keeps them."""
    if resource.keeps_tombstones:
        record["deleted_at"] = state.now
        rules.touch(state, resource.name, record)
    else:
        store.delete(state.database, resource, record["id"])
    rules.follow_up(state, resource, record)
