"""Dialects are data: shipped ones hold, own ones may extend them, and none may call a write a read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cmms_audit.dialect import Dialect, detect, dialect_names, load_dialect
from cmms_audit.errors import InputError
from cmms_audit.spec.resources import find_resources
from tests.spec.toy import DIALECTS, crud, described, fields, rest


def own(folder: Path, text: str, name: str = "own") -> Dialect:
    (folder / f"{name}.yaml").write_text(f"dialect: {name}\ntitle: Own\n{text}")
    return load_dialect(name, (folder, *DIALECTS))


def refused(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        own(folder, text)
    return str(caught.value).replace(str(folder), "")


@pytest.mark.parametrize("name", dialect_names(DIALECTS))
def test_every_shipped_dialect_holds_and_is_called_like_its_file(name: str) -> None:
    assert load_dialect(name, DIALECTS).name == name


def test_the_plain_dialect_knows_the_things_that_every_system_has() -> None:
    dialect = rest()

    assert {"work_orders", "assets", "locations", "sites", "purchase_orders", "labor", "meters"} <= set(
        dialect.resources
    )
    assert {"inventory", "requests", "users", "attachments", "webhooks", "audit_log", "usage"} <= set(dialect.resources)
    assert {"id", "site", "updated", "created", "status", "priority", "parent", "asset"} <= set(dialect.fields)
    assert {"location", "account", "deleted", "number", "title", "custom_fields"} <= set(dialect.fields)
    assert all((dialect.paging.size, dialect.paging.next_links, dialect.paging.totals, dialect.changed_since))
    assert dialect.event_delivery is None
    assert dialect.searches == ()


@pytest.mark.parametrize(
    ("concept", "names", "expected"),
    [
        ("site", ["id", "siteId"], "siteId"),
        ("updated", ["Last_Updated", "updatedAt"], "updatedAt"),
        ("account", ["GL-Account"], "GL-Account"),
        ("id", ["name"], None),
        ("nonsense", ["name"], None),
    ],
)
def test_a_concept_is_found_among_field_names_in_any_spelling(
    concept: str, names: list[str], expected: str | None
) -> None:
    assert rest().field_in(concept, names) == expected


def test_an_own_dialect_puts_its_words_before_those_that_it_extends(tmp_path: Path) -> None:
    dialect = own(
        tmp_path,
        "extends: rest\nresources: {work_orders: {names: [job card]}, pumps: {names: [pump]}}\n"
        "fields: {site: [werk]}\npaging: {size: [anzahl]}\nqueries: {sort: [sortierung]}\nextra_query: {lang: de}\n",
    )

    assert dialect.resources["work_orders"].names[:2] == ("job card", "work order")
    assert dialect.resources["work_orders"].at_least == rest().resources["work_orders"].at_least
    assert dialect.resources["pumps"].names == ("pump",)
    assert dialect.fields["site"][:2] == ("werk", "site_id")
    assert dialect.paging.size[:2] == ("anzahl", "limit")
    assert dialect.sort[0] == "sortierung"
    assert dialect.extra_query == {"lang": "de"}


def test_an_own_dialect_is_found_before_a_shipped_one_of_that_name(tmp_path: Path) -> None:
    assert own(tmp_path, "", name="maximo").title == "Own"
    assert dialect_names((tmp_path, *DIALECTS)) == dialect_names(DIALECTS)


def test_a_dialect_can_be_named_by_its_path(tmp_path: Path) -> None:
    own(tmp_path, "extends: rest\n")

    assert load_dialect(str(tmp_path / "own.yaml"), DIALECTS).title == "Own"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("pagging: {}", "/own.yaml:3: 'pagging' is not a key that belongs here (did you mean 'paging'?)"),
        ("paging: {size: limit}", "/own.yaml:3: 'size' should be a list, not 'limit'"),
        ("resources: {work_orders: {nmaes: [x]}}", "'nmaes' is not a key that belongs here (did you mean 'names'?)"),
        ("extends: rset", "/own.yaml:3: there is no dialect called 'rset' (did you mean 'rest'?)"),
        ("extends: own", "/own.yaml:3: dialects extend each other in a circle"),
        (
            "searches: [/work-orders]",
            "/own.yaml:3: only a dialect that is shipped with cmms-audit may say that a POST is a read",
        ),
    ],
)
def test_a_dialect_that_does_not_hold_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    assert says in refused(tmp_path, text)


def test_an_unknown_dialect_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"there is no dialect called 'maxmio' .did you mean 'maximo'"):
        load_dialect("maxmio", DIALECTS)


def structure(*names: str) -> Any:
    return fields("href", *names)


MAXIMO = {
    **crud("/os/MXAPIWODETAIL", structure("wonum", "wopriority", "assetnum", "siteid"), container="member"),
    **crud("/os/mxapiasset", structure("assetnum", "serialnum", "siteid", "location"), container="member"),
    **crud("/os/mxapioperloc", structure("location", "siteid", "parent"), container="member"),
    **crud("/os/mxapipo", structure("ponum", "status", "vendor"), container="member"),
    **crud("/os/mxapisr", structure("ticketid", "reportdate", "status"), container="member"),
    **crud("/os/mxapiperson", structure("personid", "displayname"), container="member"),
}


@pytest.mark.parametrize(
    ("title", "paths", "schemas", "name"),
    [
        ("Maximo REST API", {}, {}, "maximo"),
        ("Assets", MAXIMO, {}, "maximo"),
        ("Assets", {}, {"RESOURCE_MXAPIASSET": {}}, "maximo"),
        ("Assets", crud("/assets", fields("id")), {"Asset": {}}, "rest"),
    ],
)
def test_a_dialect_is_recognised_by_title_paths_or_schemas(title: str, paths: Any, schemas: Any, name: str) -> None:
    spec = described(paths, components={"schemas": schemas}, info={"title": title})

    assert detect(spec, DIALECTS).name == name


def test_maximos_object_structures_are_found() -> None:
    found = find_resources(described(MAXIMO), load_dialect("maximo", DIALECTS))

    assert {kind: (resource.path, resource.container) for kind, resource in found.items()} == {
        "work_orders": ("/os/MXAPIWODETAIL", "member"),
        "assets": ("/os/mxapiasset", "member"),
        "locations": ("/os/mxapioperloc", "member"),
        "purchase_orders": ("/os/mxapipo", "member"),
        "requests": ("/os/mxapisr", "member"),
        "users": ("/os/mxapiperson", "member"),
    }
    assert found["work_orders"].id_field == "href"


def test_maximo_speaks_oslc_in_its_lean_form() -> None:
    dialect = load_dialect("maximo", DIALECTS)

    assert dialect.paging.size[0] == "oslc.pageSize"
    assert dialect.paging.containers[:2] == ("member", "rdfs:member")
    assert dialect.paging.next_links[0] == "responseInfo.nextPage.href"
    assert dialect.extra_query == {"lean": "1"}
    assert dialect.event_delivery is not None
    assert "publish channels" in dialect.event_delivery
    assert dialect.field_in("version", ["_rowstamp", "wonum"]) == "_rowstamp"


SIGNING = (
    "parameters: {key: '{client_id}'}, text: url-without-scheme, digest: sha256, encoding: hex, header: X-Signature"
)


def test_fiix_signs_each_call() -> None:
    dialect = load_dialect("fiix", DIALECTS)

    assert dialect.signing is not None
    assert dialect.signing.parameters == {
        "service": "cmms",
        "timestamp": "{milliseconds}",
        "appKey": "{client_id}",
        "accessKey": "{username}",
        "signatureMethod": "HmacSHA256",
        "signatureVersion": "1",
    }
    assert (dialect.signing.digest, dialect.signing.encoding) == ("sha256", "hex")
    assert dialect.searches == ()
    assert dialect.paging.size[0] == "maxObjects"
    assert detect(described({}, info={"title": "Fiix CMMS API"}), DIALECTS).name == "fiix"


def test_a_dialect_that_says_nothing_of_it_signs_nothing() -> None:
    assert rest().signing is None


def test_an_own_dialect_may_say_how_calls_are_signed(tmp_path: Path) -> None:
    signing = own(tmp_path, f"extends: rest\nsigning: {{{SIGNING}}}\n").signing

    assert signing is not None
    assert (signing.parameters, signing.header) == ({"key": "{client_id}"}, "X-Signature")


def test_an_own_dialect_may_extend_one_that_signs(tmp_path: Path) -> None:
    as_it_is = own(tmp_path, "extends: fiix\n").signing
    its_own = own(tmp_path, f"extends: fiix\nsigning: {{{SIGNING}}}\n").signing

    assert as_it_is == load_dialect("fiix", DIALECTS).signing
    assert its_own is not None
    assert its_own.parameters == {"key": "{client_id}"}


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("{client_id}", "{client_secret}", "/own.yaml:4: {client_secret} is no word that can be filled in"),
        ("{client_id}", "{milisecond}", "did you mean '{milliseconds}'?"),
        ("{client_id}", "{}", "possible here: {milliseconds}, {seconds}, {client_id}, {username}"),
        ("{client_id}", "{seconds}{username}", "'key' holds more than one word in braces"),
        ("url-without-scheme", "body", "'text' cannot be 'body'"),
        ("sha256", "md5", "'digest' cannot be 'md5'"),
        ("hex", "bas64", "did you mean 'base64'?"),
        ("X-Signature", "Host", "Authorization, or a header that begins with X-"),
        ("key:", "'a b':", "letters, digits, dots, dashes and underscores"),
        ("hex", "hex, secret: x", "'secret' is not a key that belongs here"),
    ],
)
def test_a_signature_that_cannot_be_made_is_refused_with_its_line(
    right: str, wrong: str, says: str, tmp_path: Path
) -> None:
    assert says in refused(tmp_path, f"extends: rest\nsigning: {{{SIGNING.replace(right, wrong)}}}\n")


def test_a_signature_needs_all_of_its_parts(tmp_path: Path) -> None:
    said = refused(tmp_path, "extends: fiix\nsigning: {parameters: {}}\n")

    assert [
        word for word in ("text", "digest", "encoding", "header") if f"/own.yaml:4: '{word}' is missing" in said
    ] == [
        "text",
        "digest",
        "encoding",
        "header",
    ]
