"""Files on work orders: upload as multipart/form-data, list, fetch back unchanged, delete."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from cmms_audit.sandbox.granary import records
from cmms_audit.sandbox.granary.calls import Answer, Call, Operation
from cmms_audit.sandbox.granary.fields import Field, FieldError, Json
from cmms_audit.sandbox.granary.problems import Problem
from cmms_audit.sandbox.granary.resource import TRACKED, Resource, id_field, reference
from cmms_audit.sandbox.switch import Broken, Switch

NO_ATTACHMENTS = Switch(
    "no-attachments",
    "files cannot be attached",
    questions=("operations.attachments",),
)
MANGLED_ATTACHMENTS = Switch(
    "mangled-attachments",
    "a file that is fetched back has lost its last byte",
    questions=("operations.attachments",),
)
SWITCHES = (NO_ATTACHMENTS, MANGLED_ATTACHMENTS)

MULTIPART = "multipart/form-data"
MAX_BYTES = 10 * 1024 * 1024

ATTACHMENTS = Resource(
    "attachments",
    "/work-orders/{id}/attachments",
    "attachment",
    "Attachment",
    "A file on a work order.",
    "workorders",
    "AT",
    6,
    (
        id_field("AT", 6, "attachment"),
        reference("work_order_id", "work_orders", "WO-0000001", "The work order."),
        Field("file_name", "string", "Name of the file.", "bearing.txt"),
        Field("media_type", "string", "Media type that was sent with the file.", "text/plain"),
        Field("size", "integer", "Length of the file, in bytes.", 24, minimum=0),
        Field("sha256", "string", "SHA-256 of the file, in hexadecimal.", "0" * 64, pattern="^[0-9a-f]{64}$"),
        *TRACKED,
    ),
    sorts=("id", "created_at"),
    does=frozenset({"create", "delete"}),
    id_parameter="attachment_id",
)

UPLOAD_SCHEMA: Json = {
    "type": "object",
    "description": "One file, as a part called file with a file name and a media type.",
    "additionalProperties": False,
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary", "description": "The file, at most 10 MiB."}},
}


def resources(broken: Broken) -> tuple[Resource, ...]:
    """The resource of attachments, where this vendor has it."""
    return () if NO_ATTACHMENTS in broken else (ATTACHMENTS,)


def create_tables(database: sqlite3.Connection) -> None:
    """The table of the files themselves."""
    database.execute("CREATE TABLE files (id TEXT PRIMARY KEY, content BLOB)")


def operations(broken: Broken) -> tuple[Operation, ...]:
    """List, upload, read, fetch and delete attachments."""
    if NO_ATTACHMENTS in broken:
        return ()
    return (
        records.list_operation(ATTACHMENTS, broken),
        _upload_operation(broken),
        records.read_operation(ATTACHMENTS),
        _content_operation(),
        records.delete_operation(ATTACHMENTS, broken),
    )


def _upload_operation(broken: Broken) -> Operation:
    upload = records.create_operation(ATTACHMENTS, broken, _store_upload, ("payload-too-large",))
    return replace(
        upload,
        summary="Attach a file",
        description="Uploads one file of at most 10 MiB as multipart/form-data.",
        body={MULTIPART: UPLOAD_SCHEMA},
    )


def _store_upload(call: Call, resource: Resource) -> Json:
    parent = records.parent_value(call, resource)
    file = parse_multipart(call.header("Content-Type") or "", call.body)
    given = parent | {
        "file_name": file["name"],
        "media_type": file["media_type"],
        "size": len(file["content"]),
        "sha256": hashlib.sha256(file["content"]).hexdigest(),
    }
    record = records.create(call.state, resource, {}, given)
    call.state.database.execute("INSERT INTO files VALUES (?, ?)", [record["id"], file["content"]])
    return record


def parse_multipart(content_type: str, body: bytes) -> dict[str, Any]:
    """Name, media type and content of the part called file (RFC 7578). Raises a 422 Problem where there is none."""
    boundary = re.search(r'boundary="?([^\s";,]{1,70})', content_type)
    delimiter = b"\r\n--" + boundary.group(1).encode() if boundary else b""
    parts = (b"\r\n" + body).split(delimiter)[1:-1] if delimiter else []
    for part in parts:
        head, found, content = part.partition(b"\r\n\r\n")
        headers = head.decode("utf-8", "replace")
        if found and re.search(r'[;\s]name="?file"?(;|\s|$)', headers):
            name = re.search(r'filename="([^"\r\n]{1,200})"', headers)
            media_type = re.search(r"content-type:\s*([\w.+-]+/[\w.+-]+)", headers, re.IGNORECASE)
            return {
                "name": re.sub(r"[^\w .()-]", "_", name.group(1)) if name else "file",
                "media_type": media_type.group(1).lower() if media_type else "application/octet-stream",
                "content": content,
            }
    raise Problem("validation-failed", "", FieldError("file", "required", "a part called file is expected"))


def _content_operation() -> Operation:
    async def handle(call: Call) -> Response:
        record = records.target(call, ATTACHMENTS)
        row = call.state.database.execute("SELECT content FROM files WHERE id = ?", [record["id"]]).fetchone()
        content = row[0][:-1] if MANGLED_ATTACHMENTS in call.state.broken else row[0]
        # The file is a stranger's: a browser must neither guess its type nor show it.
        headers = {
            "Content-Type": record["media_type"],
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(record['file_name'])}",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(content, headers=headers)

    binary = {"type": "string", "format": "binary"}
    return Operation(
        "GET",
        f"{ATTACHMENTS.record_path}/content",
        "read_attachment_content",
        "Fetch the file of an attachment",
        "Answers with the file as it was uploaded, under its own media type.",
        ATTACHMENTS.name,
        handle,
        ("workorders:read",),
        (Answer(200, "The file.", binary, "*/*"),),
        errors=("not-found",),
    )
