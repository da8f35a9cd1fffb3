"""The metadata of an OData service is read as a description: what it declares, with its lines, and nothing more."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.battery.context import Context
from cmms_audit.battery.engine import judge
from cmms_audit.errors import CouldNotLook, InputError
from cmms_audit.model import Finding, Verdict
from cmms_audit.spec.drift import drift
from cmms_audit.spec.index import Operation, ResponseDoc, Schema, Spec
from cmms_audit.spec.load import NotASpec, parse_spec
from cmms_audit.spec.resources import find_resources
from tests.spec.odata_toys import JSON_V4, V2, V4
from tests.spec.test_hostile import used_up
from tests.spec.toy import loaded, rest
from tests.support import battery, subject_of


def edmx(body: str, version: str = "4.0") -> str:
    return (
        f'<edmx:Edmx Version="{version}" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        f'<Schema Namespace="N" Alias="A">{body}</Schema></edmx:DataServices></edmx:Edmx>'
    )


def service(properties: str, *, sets: str = "", more: str = "", key: str = "Id") -> Spec:
    """A service of version 4 with one entity set of one type."""
    body = (
        f'<EntityType Name="T"><Key><PropertyRef Name="{key}"/></Key>{properties}</EntityType>{more}'
        f'<EntityContainer Name="C"><EntitySet Name="Ts" EntityType="A.T"/>{sets}</EntityContainer>'
    )
    return loaded(edmx(body))


@pytest.fixture(scope="module")
def v2() -> Spec:
    return loaded(V2)


@pytest.fixture(scope="module")
def v4() -> Spec:
    return loaded(V4)


def named(spec: Spec) -> set[str]:
    return {f"{each.method} {each.path}" for each in spec.operations}


def operation(spec: Spec, method: str, path: str) -> Operation:
    found = spec.operation(method, path)
    assert found is not None, spec.paths
    return found


def schema(spec: Spec, name: str) -> Schema:
    found = spec.schema(name)
    assert found is not None, spec.schema_names
    return found


def line_of(text: str, source: str) -> int:
    return next(number for number, line in enumerate(source.split("\n"), 1) if text in line)


def asked(found: Operation, where: str = "query") -> list[str]:
    return [each.name for each in found.parameters if each.where == where]


def test_version_2_has_the_addresses_of_its_protocol_that_it_does_not_rule_out(v2: Spec) -> None:
    assert named(v2) == {
        *(f"{method} /WorkOrderSet" for method in ("GET", "POST")),
        *(f"{method} /WorkOrderSet('{{OrderNo}}')" for method in ("GET", "PUT", "MERGE")),
        "GET /WorkOrderSet('{OrderNo}')/Operations",
        "GET /WorkOrderSet('{OrderNo}')/ToEquipment",
        "GET /OperationSet(OrderNo='{OrderNo}',Step={Step})",
        *(f"{method} /EquipmentSet" for method in ("GET", "POST")),
        *(f"{method} /EquipmentSet(guid'{{Id}}')" for method in ("GET", "PUT", "MERGE", "DELETE")),
        *(f"{method} /AttachmentSet" for method in ("GET", "POST")),
        *(f"{method} /AttachmentSet({{Id}}L)" for method in ("GET", "PUT", "MERGE", "DELETE")),
        *(f"{method} /AttachmentSet({{Id}}L)/$value" for method in ("GET", "PUT")),
        "POST /ReleaseOrder",
    }


def test_version_4_has_the_addresses_of_its_protocol_that_it_does_not_rule_out(v4: Spec) -> None:
    assert named(v4) == {
        *(f"{method} /WorkOrders" for method in ("GET", "POST")),
        *(f"{method} /WorkOrders({{Id}})" for method in ("GET", "PATCH", "DELETE")),
        *(f"{method} /WorkOrders({{Id}})/Photo" for method in ("GET", "PUT")),
        *(f"{method} /WorkOrders({{Id}})/Tasks" for method in ("GET", "POST")),
        *(f"{method} /WorkOrders({{Id}})/Tasks({{Id2}})" for method in ("GET", "PATCH", "DELETE")),
        "GET /WorkOrders({Id})/Asset",
        "POST /WorkOrders({Id})/Plant.Care.Close",
        "GET /WorkOrders/Plant.Care.Overdue(Days={Days})",
        *(f"{method} /Assets" for method in ("GET", "POST")),
        *(f"{method} /Assets({{Id}})" for method in ("GET", "PATCH")),
        "GET /Assets({Id})/WorkOrders",
        *(f"{method} /Plant" for method in ("GET", "PATCH")),
        "GET /Plant/WorkOrders",
        "POST /Recount",
    }


@pytest.mark.parametrize(
    ("source", "declared"),
    [
        (V2, {"/WorkOrderSet": '"WorkOrderSet" EntityType', "/ReleaseOrder": "ReleaseOrder"}),
        (V2, {"/WorkOrderSet('{OrderNo}')/Operations": 'NavigationProperty Name="Operations"'}),
        (
            V4,
            {"/WorkOrders": 'EntitySet Name="WorkOrders"', "/WorkOrders({Id})/Plant.Care.Close": 'Action Name="Close"'},
        ),
        (JSON_V4, {"/WorkOrders": '"WorkOrders": {', "/WorkOrders({Id})/Plant.Care.Close": '"Close"'}),
    ],
)
def test_every_operation_has_the_line_of_what_declares_it(source: str, declared: dict[str, str]) -> None:
    spec = loaded(source)

    for path, text in declared.items():
        lines = {each.evidence.line for each in spec.operations if each.path == path}
        assert lines == {line_of(text, source)}, path
    assert all(each.evidence.line for each in spec.operations)


def test_properties_keep_their_lines_and_what_is_said_about_them(v2: Spec, v4: Spec) -> None:
    old, new = schema(v2, "WorkOrder"), schema(v4, "WorkOrder")

    assert old.properties["ShortText"].evidence.line == line_of('"ShortText"', V2)
    assert new.properties["Title"].evidence.line == line_of('"Title"', V4)
    assert old.properties["ShortText"].description == new.properties["Title"].description == "What is to be done"
    assert old.properties["OrderNo"].read_only
    assert old.properties["OrderNo"].raw["title"] == "Order"
    assert new.properties["Id"].read_only
    assert new.properties["Title"].raw["maxLength"] == 80


def test_types_are_told_with_their_format(v2: Spec, v4: Spec) -> None:
    old, new = schema(v2, "WorkOrder"), schema(v4, "WorkOrder")

    assert (old.properties["ActualCost"].types, old.properties["ActualCost"].format) == (("string",), "decimal")
    assert (new.properties["Cost"].types, new.properties["Cost"].nullable) == (("number",), True)
    assert (new.properties["ChangedAt"].format, new.properties["Id"].format) == ("date-time", "uuid")
    assert new.properties["Status"].enum == ("Open", "Closed")
    assert new.properties["Labels"].types == ("array",)
    assert list(new.properties["Site"].properties) == ["Street"]
    assert new.required == {"Id", "Title", "Status"}
    assert schema(v4, "Shifts").enum is None


def test_query_options_are_those_that_are_not_ruled_out(v2: Spec, v4: Spec) -> None:
    assert asked(operation(v4, "GET", "/WorkOrders")) == [
        *("$top", "$skip", "$filter", "$orderby", "$select", "$expand", "$count", "$deltatoken"),
    ]
    assert asked(operation(v4, "GET", "/Assets")) == ["$skip", "$filter", "$select", "$expand", "$count"]
    assert asked(operation(v2, "GET", "/WorkOrderSet")) == [
        *("$top", "$skip", "$filter", "$orderby", "$select", "$expand", "$inlinecount", "search"),
    ]
    assert asked(operation(v2, "POST", "/ReleaseOrder")) == ["OrderNo"]


def members(answer: ResponseDoc | None) -> dict[str, Schema]:
    assert answer is not None
    assert answer.schema is not None
    return answer.schema.properties


def test_answers_have_the_envelope_of_their_version(v2: Spec, v4: Spec) -> None:
    old = operation(v2, "GET", "/WorkOrderSet").success
    new = operation(v4, "GET", "/WorkOrders").success
    one = operation(v2, "GET", "/WorkOrderSet('{OrderNo}')").success

    assert list(members(old)["d"].properties) == ["results", "__count", "__next"]
    assert list(members(new)) == ["@odata.context", "@odata.count", "@odata.nextLink", "value"]
    assert "OrderNo" in members(one)["d"].properties


def test_a_version_of_a_record_is_asked_for_where_the_metadata_says_so(v2: Spec, v4: Spec) -> None:
    for found in (operation(v2, "PUT", "/WorkOrderSet('{OrderNo}')"), operation(v4, "PATCH", "/WorkOrders({Id})")):
        assert asked(found, "header") == ["If-Match"]
    assert asked(operation(v4, "PATCH", "/Assets({Id})"), "header") == []
    read = operation(v4, "GET", "/WorkOrders({Id})").success
    assert read is not None
    assert list(read.headers) == ["ETag"]


@pytest.mark.parametrize("source", [V2, V4, JSON_V4], ids=["2", "4", "json"])
def test_nothing_is_invented_that_metadata_cannot_say(source: str) -> None:
    spec = loaded(source)

    assert (spec.servers, spec.security_schemes, spec.webhooks, spec.version) == ((), {}, (), "")
    assert spec.problems == ()
    assert all(response.status[0] == "2" for each in spec.operations for response in each.responses)


def test_the_resources_are_found_with_their_records(v2: Spec, v4: Spec) -> None:
    old, new = find_resources(v2, rest()), find_resources(v4, rest())

    assert {kind: each.path for kind, each in old.items()} == {
        "work_orders": "/WorkOrderSet",
        "assets": "/EquipmentSet",
        "attachments": "/AttachmentSet",
    }
    for found, key, container in ((old, "OrderNo", "d.results"), (new, "Id", "value")):
        resource = found["work_orders"]
        assert (resource.id_field, resource.id_parameter, resource.container) == (key, key, container)
        assert None not in (resource.read, resource.update, resource.create)
    assert "MERGE /WorkOrderSet('{OrderNo}')" in named(v2)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/A_MaintenanceOrder", "work_orders"),
        ("/msdyn_workorders", "work_orders"),
        ("/MaintenanceOrderCollection", "work_orders"),
        ("/FunctionalLocations", "locations"),
        ("/FunctionalLocationSet", "locations"),
        ("/C_Equipment", "assets"),
        ("/PurchaseOrderSet", "purchase_orders"),
    ],
)
def test_names_with_the_usual_trappings_are_recognised(path: str, kind: str) -> None:
    fields = ("Title", "Priority", "Status", "Equipment", "Site", "Supplier", "Serial", "Parent", "Currency")
    described = "".join(f'<Property Name="{name}"/>' for name in fields)
    spec = loaded(
        edmx(
            f'<EntityType Name="T"><Key><PropertyRef Name="Id"/></Key><Property Name="Id"/>{described}</EntityType>'
            f'<EntityContainer Name="C"><EntitySet Name="{path[1:]}" EntityType="N.T"/></EntityContainer>'
        )
    )

    found = find_resources(spec, rest())

    assert found[kind].path == path


@pytest.mark.parametrize(
    ("source", "kind", "record_id", "path"),
    [
        (V2, "work_orders", "WO 1/2", "/WorkOrderSet('WO%201%2F2')"),
        (V2, "work_orders", "O'Neill", "/WorkOrderSet('O%27%27Neill')"),
        (V2, "attachments", "12", "/AttachmentSet(12L)"),
        (V4, "work_orders", "5f0c-1", "/WorkOrders(5f0c-1)"),
        (V4, "assets", "') or (1", "/Assets(%27%29%20or%20%281)"),
    ],
)
def test_the_address_of_a_record_is_written_as_odata_does(source: str, kind: str, record_id: str, path: str) -> None:
    assert _api(loaded(source)).record_path(kind, record_id) == path


def test_a_record_whose_key_has_several_parts_is_not_asked_for_by_one_id() -> None:
    spec = loaded(V2.replace('Name="OperationSet"', 'Name="LaborSet"').replace(' sap:addressable="false"', ""))

    with pytest.raises(CouldNotLook, match="several parts"):
        _api(spec).record_path("labor", "1")


def _api(spec: Spec) -> Api:
    resources = find_resources(spec, rest())
    dialogue: Any = None
    return Api(dialogue, base_url="https://x.example", resources=resources, dialect=rest())


def test_remarks_of_the_protocol_in_a_live_record_are_no_departures(v2: Spec, v4: Spec) -> None:
    old: dict[str, Any] = {
        "__metadata": {"uri": "x"},
        "OrderNo": "1",
        "ActualCost": "1.50",
        "ChangedAt": "/Date(1700000000000)/",
    }
    old["Operations"] = {"__deferred": {"uri": "x"}}
    new: dict[str, Any] = {
        "@odata.etag": "1",
        "Id": "5f0c0000-0000-4000-8000-000000000000",
        "Title": "x",
        "Status": "Open",
    }
    new |= {"Cost": None, "Photo@odata.mediaReadLink": "x"}

    assert drift(schema(v2, "WorkOrder"), old) == []
    assert drift(schema(v4, "WorkOrder"), new) == []


def test_metadata_in_json_is_read_as_the_same_model() -> None:
    spec = loaded(JSON_V4)
    record = schema(spec, "WorkOrder")

    assert (spec.dialect_version, spec.written_in.holds) == ("4.01", "2 entity sets")
    assert {"PATCH /WorkOrders({Id})", "POST /WorkOrders({Id})/Plant.Care.Close", "GET /Assets('{Tag}')"} <= named(spec)
    assert "DELETE /WorkOrders({Id})" not in named(spec)
    assert (record.properties["Title"].description, record.properties["Status"].enum) == (
        "What is to be done",
        ("Open", "Closed"),
    )
    assert record.properties["Title"].evidence.line == line_of('"Title"', JSON_V4)


def test_version_3_answers_without_the_old_envelope() -> None:
    spec = loaded(V2.replace('DataServiceVersion="2.0"', 'DataServiceVersion="1.0" m:MaxDataServiceVersion="3.0"'))

    assert spec.written_in.name == "OData 3.0 metadata"
    assert "value" in members(operation(spec, "GET", "/WorkOrderSet").success)


def test_what_belongs_to_a_record_in_version_3_is_called_below_it() -> None:
    bound = '<FunctionImport Name="Close" IsBindable="true" IsSideEffecting="true">'
    inside = f'{bound}<Parameter Name="order" Type="ZPLANT_SRV.WorkOrder"/><Parameter Name="Remark"/></FunctionImport>'
    text = V2.replace('DataServiceVersion="2.0"', 'DataServiceVersion="3.0"')
    spec = loaded(text.replace("</EntityContainer>", f"{inside}</EntityContainer>"))

    found = operation(spec, "POST", "/WorkOrderSet('{OrderNo}')/Close")

    assert found.request is not None
    assert list(found.request.properties) == ["Remark"]
    assert "POST /Close" not in named(spec)


def verdict(check_id: str, source: str) -> Finding:
    declared = battery()[check_id]
    spec = loaded(source)
    empty = subject_of({"openapi": "3.1.0", "paths": {}})
    subject = replace(empty, document=spec, resources=find_resources(spec, rest()))
    return asyncio.run(judge(declared, Context(subject, declared)))[0]


@pytest.mark.parametrize("source", [V2, V4], ids=["2", "4"])
@pytest.mark.parametrize(
    "check_id",
    [
        *("auth.operations-protected", "auth.offers-oauth", "auth.scopes-declared", "limits.numbers-published"),
        *("limits.refusal-documented", "webhooks.offered", "errors.documented", "errors.deprecations-dated"),
        *("operations.status-codes-documented", "operations.bulk-documented", "data.custom-fields-documented"),
    ],
)
def test_what_metadata_cannot_say_is_unknown_and_raises_no_flag(check_id: str, source: str) -> None:
    finding = verdict(check_id, source)

    assert (finding.verdict, finding.flags) == (Verdict.UNKNOWN, ())


def test_metadata_is_understood_as_what_it_is() -> None:
    finding = verdict("data.document-understood", V4)

    assert finding.verdict is Verdict.MET
    assert "OData 4.0 metadata with 2 entity sets" in finding.summary
    finding = verdict("data.document-valid", V4)
    assert finding.verdict is Verdict.NOT_APPLICABLE
    assert finding.summary.startswith("the form of OData 4.0 metadata is not checked here")


@pytest.mark.parametrize(
    "text",
    [
        V4.encode("utf-16"),
        V4.replace('encoding="utf-8"', 'encoding="utf-16"').encode("utf-16-le"),
        b"\xef\xbb\xbf" + V4.encode(),
        V4.replace('encoding="utf-8"', 'encoding="ISO-8859-1"').replace("be done", "b\u00e9 done").encode("latin-1"),
        ("\n <!-- " + "x" * 900 + " -->\n" + V4.split("?>\n", 1)[1]).encode(),
        V4.replace("edmx:", "e:").encode(),
        re.sub(r"</?edmx:[^>]*>\n?", "", V4).encode(),
    ],
    ids=["utf-16", "utf-16 without a mark", "mark", "latin-1", "comment", "other prefix", "schema alone"],
)
def test_metadata_is_recognised_in_any_dress(text: bytes) -> None:
    spec = parse_spec(text, "x")

    assert isinstance(spec, Spec)
    assert spec.format == "odata"
    assert "/WorkOrders({Id})" in spec.paths


def test_metadata_that_serves_nothing_is_named() -> None:
    found = parse_spec(edmx('<EntityType Name="T"/>'), "x")

    assert isinstance(found, NotASpec)
    assert found.kind == "edmx"


def test_a_page_that_speaks_of_odata_is_a_page() -> None:
    found = parse_spec("<html><body>&lt;edmx:Edmx&gt; http://docs.oasis-open.org/odata</body></html>", "x")

    assert isinstance(found, NotASpec)
    assert found.kind == "html-page"


def test_a_type_that_inherits_from_itself_is_read() -> None:
    spec = service(
        '<Property Name="Id"/>', more='<EntityType Name="U" BaseType="A.V"/><EntityType Name="V" BaseType="A.U"/>'
    )

    used_up(spec)
    assert schema(spec, "U").properties == {}


@pytest.mark.parametrize("source", [V2, V4], ids=["2", "4"])
def test_damaged_metadata_is_read_or_refused(source: str) -> None:
    chance = random.Random(5)
    words = re.findall(r'"[^"]*"', source)
    for _ in range(150):
        damaged = source
        for _ in range(3):
            damaged = damaged.replace(chance.choice(words), chance.choice(['""', '"x"', '"Collection("', '"A.B.C"']), 1)
        if chance.random() < 0.3:
            at = chance.randrange(len(damaged))
            damaged = damaged[:at] + chance.choice(["<", ">", '"', "&", "</Schema>"]) + damaged[at:]
        try:
            found = parse_spec(damaged, "x")
        except InputError:
            continue
        if isinstance(found, Spec):
            used_up(found)


NAMES = st.sampled_from(["N", "A", "T", "Id", "N.T", "A.T", "Collection(A.T)", "Edm.String", "Edm.Int32", "", "*"])
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        (
            *("Name", "Type", "EntityType", "BaseType", "Nullable", "IsBound", "Role", "ToRole", "Relationship"),
            *("HttpMethod", "Target", "Term", "Bool", "String", "Property", "Multiplicity", "HasStream", "Action"),
            *("Function", "ReturnType"),
        )
    ),
    NAMES,
    max_size=4,
)
LEAVES = ("PropertyRef", "Property", "End", "Parameter", "Member")
BRANCHES = (
    *("EntityType", "Key", "EntityContainer", "EntitySet", "Singleton", "NavigationProperty", "Association", "Action"),
    *("Function", "FunctionImport", "ActionImport", "Annotations", "Annotation", "Record", "EnumType", "Collection"),
    *("PropertyValue", "ComplexType", "TypeDefinition", "ReturnType"),
)
ELEMENTS: st.SearchStrategy[Any] = st.recursive(
    st.tuples(st.sampled_from(LEAVES), ATTRIBUTES, st.just([])),
    lambda inner: st.tuples(st.sampled_from(BRANCHES), ATTRIBUTES, st.lists(inner, max_size=4)),
    max_leaves=20,
)


def as_xml(element: Any) -> str:
    name, attributes, children = element
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{''.join(map(as_xml, children))}</{name}>"


@settings(max_examples=150, deadline=None)
@given(st.lists(ELEMENTS, max_size=5), st.sampled_from(["4.0", "1.0"]))
def test_any_metadata_is_read(elements: list[Any], version: str) -> None:
    served = '<EntityContainer Name="C"><EntitySet Name="Ts" EntityType="A.T"/></EntityContainer>'

    used_up(loaded(edmx("".join(map(as_xml, elements)) + served, version)))


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | NAMES,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["$Kind", "$Key", "$Type", "$Collection", "$Parameter", "T", "@x"]), inner, max_size=4
            )
        ),
        max_leaves=15,
    )
)
def test_any_metadata_in_json_is_read(part: Any) -> None:
    found = parse_spec(json.dumps({"$Version": "4.0", "$EntityContainer": "N.C", "N": {"T": part, "C": part}}), "x")

    if isinstance(found, Spec):
        used_up(found)


def test_a_very_big_service_is_read_without_the_ways_between_its_records() -> None:
    ways = "".join(f'<NavigationProperty Name="W{i}" Type="Collection(A.T)"/>' for i in range(2_000))
    sets = "".join(f'<EntitySet Name="S{i}" EntityType="A.T"/>' for i in range(2_000))
    started = time.process_time()

    spec = service(f'<Property Name="Id"/>{ways}', sets=sets)

    assert len(spec.operations) == 2_001 * 5
    assert spec.written_in.holds == "2,001 entity sets (the 4,002,000 ways from one record to others not followed)"
    assert time.process_time() - started < 4


def test_many_types_that_inherit_a_very_big_one_are_read_quickly() -> None:
    properties = "".join(f'<Property Name="P{i}" ConcurrencyMode="None"/>' for i in range(30_000))
    derived = "".join(f'<EntityType Name="D{i}" BaseType="A.T"/>' for i in range(3_000))
    sets = "".join(f'<EntitySet Name="S{i}" EntityType="A.D{i}"/>' for i in range(3_000))
    started = time.process_time()

    spec = service(f'<Property Name="Id"/>{properties}', more=derived, sets=sets)

    assert len(spec.operations) == 3_001 * 5
    assert time.process_time() - started < 5


def test_metadata_that_multiplies_without_end_is_refused_quickly() -> None:
    bound = '<Parameter Name="on" Type="A.T"/>'
    actions = "".join(f'<Action Name="Do{i}" IsBound="true">{bound}</Action>' for i in range(2_000))
    sets = "".join(f'<EntitySet Name="S{i}" EntityType="A.T"/>' for i in range(2_000))
    started = time.process_time()

    with pytest.raises(InputError, match="describes more than 20,000 operations"):
        service('<Property Name="Id"/>', more=actions, sets=sets)

    assert time.process_time() - started < 4
