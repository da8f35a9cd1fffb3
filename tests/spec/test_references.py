"""References lead within the document's folder and nowhere else; what they do not reach is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cmms_audit.documents import Limits
from cmms_audit.spec.index import Spec
from cmms_audit.spec.load import load_spec
from tests.spec.toy import answer, described, fields


def folder(path: Path, **files: str) -> Spec:
    """A description in a folder, beside other files."""
    for name, text in files.items():
        target = path / name.replace("__", "/").replace("_yaml", ".yaml")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    spec = load_spec(path / "api.yaml")
    assert isinstance(spec, Spec)
    return spec


def api(reference: str) -> str:
    responses = json.dumps(answer({"$ref": reference}))
    return f"openapi: 3.0.0\npaths:\n  /assets:\n    get:\n      responses: {responses}\n"


def properties(spec: Spec) -> list[str]:
    operation = spec.operation("GET", "/assets")
    assert operation is not None
    assert operation.success is not None
    assert operation.success.schema is not None
    return list(operation.success.schema.properties)


def test_files_below_the_folder_are_read_with_their_own_lines(tmp_path: Path) -> None:
    spec = folder(
        tmp_path,
        api_yaml=api("parts/asset.yaml#/Asset"),
        parts__asset_yaml="# assets\nAsset:\n  properties:\n    site: {$ref: site.yaml}\n",
        parts__site_yaml="properties: {id: {type: integer}}\n",
    )

    schema = spec.operations[0].success.schema  # type: ignore[union-attr]
    assert schema is not None
    assert schema.evidence.pointer == "parts/asset.yaml#/Asset"
    assert schema.evidence.line == 2
    assert list(schema.properties["site"].properties) == ["id"]
    assert spec.whole


def test_a_link_inside_the_folder_that_leads_out_of_it_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("properties: {secret: {}}\n")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(outside)

    spec = folder(inside, api_yaml=api("link.yaml"))

    assert properties(spec) == []
    assert not spec.whole


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("../outside.yaml", "outside the folder"),
        ("/etc/hostname", "outside the folder"),
        ("%2e%2e/outside.yaml", "outside the folder"),
        ("https://x.example/a.yaml", "never fetched"),
        ("//x.example/a.yaml", "never fetched"),
        ("file:///etc/hostname", "never fetched"),
        ("none.yaml", "there is no such file"),
        ("broken.yaml", "not valid YAML: a quote or bracket is opened here and never closed (broken.yaml:1)"),
        ("\x00", "does not name a file"),
        ("a" * 5000, "names"),
        ("#/components/schemas/None", "nothing that is in the document"),
        ("#Anchor", "an anchor"),
        ("#/paths/0", "nothing that is in the document"),
        ("#/openapi/0", "nothing that is in the document"),
    ],
)
def test_a_reference_that_may_not_or_cannot_be_followed_is_a_problem(tmp_path: Path, reference: str, says: str) -> None:
    (tmp_path / "outside.yaml").write_text("properties: {secret: {}}\n")

    spec = folder(tmp_path / "in", api_yaml=api(reference), broken_yaml="a: [")

    assert properties(spec) == []
    assert not spec.whole
    assert [problem.evidence.line for problem in spec.problems] == [5]
    assert says in spec.problems[0].what


def test_a_text_without_a_folder_follows_references_in_itself_only() -> None:
    spec = described({"/assets": {"get": {"responses": answer({"$ref": "asset.yaml"})}}})

    assert not spec.whole
    assert "did not come from a folder" in spec.problems[0].what


def test_a_text_with_a_folder_follows_references_there(tmp_path: Path) -> None:
    (tmp_path / "asset.json").write_text(json.dumps(fields("id")))

    spec = described({"/assets": {"get": {"responses": answer({"$ref": "asset.json"})}}}, root=tmp_path)

    assert properties(spec) == ["id"]


def test_cycles_of_references_end() -> None:
    loop = {"a": {"$ref": "#/components/schemas/b"}, "b": {"$ref": "#/components/schemas/a"}}
    tree = {"tree": {"properties": {"parent": {"$ref": "#/components/schemas/tree"}}}}

    spec = described(components={"schemas": {**loop, **tree}})

    assert spec.schema("a").properties == {}  # type: ignore[union-attr]
    assert spec.schema("tree").properties["parent"] is spec.schema("tree")  # type: ignore[union-attr]
    assert ["leads in a circle" in problem.what for problem in spec.problems] == [True, True]


def test_an_escaped_pointer_is_followed() -> None:
    reference = "#/paths/~1a%7Bx%7D~1b/get/responses/200/content/application~1json/schema"
    spec = described(
        {
            "/a{x}/b": {"get": {"responses": answer(fields("id"))}},
            "/assets": {"get": {"responses": answer({"$ref": reference})}},
        }
    )

    assert properties(spec) == ["id"]


@pytest.mark.parametrize(
    "reference",
    [
        "#Asset",
        "#asset-dynamic",
        "https://x.example/api.yaml#Asset",
        "https://x.example/schemas/asset",
        "schemas/asset",
        "https://x.example/schemas/asset#/properties/inner",
        "#/components/schemas/100%25~1a~0b",
        "#/components/schemas/100%~1a~0b",
        "parts/asset.yaml#Asset",
        "./parts/../parts/asset.yaml#Asset",
        r"parts\asset.yaml#Asset",
        "https://x.example/parts/other#Asset",
    ],
)
def test_names_that_a_document_gives_its_parts_are_followed(tmp_path: Path, reference: str) -> None:
    inner: dict[str, object] = {"properties": {"id": {}}}
    names = {"$id": "schemas/asset", "$anchor": "Asset", "$dynamicAnchor": "asset-dynamic"}
    members = {"id": {}, "inner": inner} if "inner" in reference else {"id": {}}
    whole = {**names, "properties": members}
    document = {
        "openapi": "3.1.0",
        "$self": "https://x.example/api.yaml",
        "paths": {"/assets": {"get": {"responses": answer({"$ref": reference})}}},
        "components": {
            "schemas": {
                "Asset": whole,
                "100%/a~b": inner,
                "Other": {"$id": "/parts/other", "$defs": {"a": {"$anchor": "Asset2"}}, **inner},
            }
        },
    }

    spec = folder(
        tmp_path, api_yaml=json.dumps(document), parts__asset_yaml="A: {$anchor: Asset, properties: {id: {}}}"
    )

    assert properties(spec) == ["id"]


def test_a_long_chain_of_references_is_no_circle() -> None:
    chain = {f"s{i}": {"$ref": f"#/components/schemas/s{i + 1}"} for i in range(3_000)}

    spec = described(components={"schemas": {**chain, "s3000": fields("id")}})

    assert list(spec.schema("s0").properties) == ["id"]  # type: ignore[union-attr]
    assert not [problem for problem in spec.problems if "circle" in problem.what]


def test_what_leads_into_a_circle_leads_in_a_circle() -> None:
    loop = {"a": {"$ref": "#/components/schemas/b"}, "b": {"$ref": "#/components/schemas/a"}}

    spec = described(components={"schemas": {"start": {"$ref": "#/components/schemas/a"}, **loop}})

    assert ["leads in a circle" in problem.what for problem in spec.problems] == [True, True]


def test_all_files_of_a_description_share_one_budget(tmp_path: Path) -> None:
    many = json.dumps({"properties": {f"p{i}": {} for i in range(60)}})
    (tmp_path / "api.yaml").write_text(
        json.dumps(
            {
                "openapi": "3.1.0",
                "paths": {},
                "components": {"schemas": {name: {"$ref": f"{name}.yaml"} for name in "abc"}},
            }
        )
    )
    for name in "abc":
        (tmp_path / f"{name}.yaml").write_text(many)

    spec = load_spec(tmp_path / "api.yaml", limits=Limits(nodes=150))

    assert isinstance(spec, Spec)
    assert sum("larger than what is read" in problem.what for problem in spec.problems) == 1


def test_an_address_is_looked_for_once_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    resolve = Path.resolve

    def noted(path: Path) -> Path:
        looked.append(path.name)
        return resolve(path)

    references = {f"s{i}": {"$ref": f"{'./' * i}none.yaml#/a{i}"} for i in range(50)}
    document = {"openapi": "3.1.0", "paths": {}, "components": {"schemas": references}}
    monkeypatch.setattr(Path, "resolve", noted)

    spec = folder(tmp_path, api_yaml=json.dumps(document))

    assert not spec.whole
    assert looked.count("none.yaml") == 1


def test_a_description_that_stands_in_another_file_is_read_from_there(tmp_path: Path) -> None:
    main = "openapi: 3.0.0\ntags:\n- name: all\n  description:\n    $ref: 'text.yaml#/introduction'\n"
    lost = (
        "- name: lost\n  description: {$ref: 'text.yaml#/missing'}\n- name: odd\n  description: {$ref: 'text.yaml'}\n"
    )
    spec = folder(tmp_path, api_yaml=main + lost + "paths: {}\n", text_yaml="other: 1\nintroduction: Be brief.\n")

    (prose,) = spec.prose()

    assert prose.text == "Be brief."
    assert (prose.evidence.pointer, prose.evidence.line) == ("text.yaml#/introduction", 2)


@pytest.mark.parametrize(
    ("reference", "rule"),
    [
        ("file:///etc/hostname", "reference-absolute"),
        ("C:\\specs\\a.yaml", "reference-absolute"),
        ("https://vendor.example/a.yaml", "reference-network"),
        ("//vendor.example/a.yaml", "reference-network"),
    ],
)
def test_a_file_by_its_absolute_address_is_not_called_one_on_the_network(
    tmp_path: Path, reference: str, rule: str
) -> None:
    spec = folder(tmp_path, api_yaml=api(reference))

    assert [problem.rule for problem in spec.problems] == [rule]
