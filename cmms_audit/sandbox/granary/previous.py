"""What the release before this one published: the document of today, without what the changelog has added since."""

from __future__ import annotations

from collections.abc import Sequence

from cmms_audit.sandbox.granary import openapi
from cmms_audit.sandbox.granary.calls import NO_VERSIONING
from cmms_audit.sandbox.granary.fields import Json
from cmms_audit.sandbox.granary.limits import Limit
from cmms_audit.sandbox.switch import Broken, Switch

SILENT_BREAK = Switch(
    "silent-break",
    "a field of work orders got another name with the last release, under the same version",
    questions=("errors.versioning",),
    flags=("no-versioning-policy", "claim-contradicted"),
)
SWITCHES = (SILENT_BREAK,)

NAME = "openapi-previous.json"
RELEASE = "1.13.0"


def build(origin: str, broken: Broken, published: Sequence[Limit]) -> Json:
    """The document as it was, of a vendor at that origin."""
    document = openapi.build(origin, broken, published)
    readings = document["paths"]["/meters/{id}/readings"]["get"]
    readings["parameters"] = [each for each in readings["parameters"] if each["name"] != "read_since"]
    if SILENT_BREAK in broken:
        fields = document["components"]["schemas"]["WorkOrder"]["properties"]
        fields["due_date"] = fields.pop("due_at")
    elif NO_VERSIONING not in broken:
        document["info"]["version"] = RELEASE
    return document
