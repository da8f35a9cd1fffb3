"""Misbehaviours that point elsewhere: at a trap that waits for a credential."""

from __future__ import annotations

from typing import Any

from tests.hostile.desk import Asked, Reply
from tests.hostile.plant import Answer, Plant, problem
from tests.hostile.switches import Made, Misbehaviour, at, changed, records_changed, with_headers


def moved(status: int, location: str) -> Made:
    """A redirect. {far}, {near} and {own} stand for the traps and the plant, {path} for what was asked."""

    def made(plant: Plant, asked: Asked) -> Reply:
        return Reply(status, b"", {"Location": _filled(location, plant, asked)})

    return made


def next_page(link: str) -> Made:
    """Every page says that the next one is there."""

    def change(plant: Plant, asked: Asked, page: dict[str, Any]) -> None:
        page["next"] = _filled(link, plant, asked)
        page["links"] = {"next": {"href": page["next"]}}

    return records_changed(change)


def document_says(change: Any) -> Made:
    """The OpenAPI document, changed by `change(plant, document)`."""
    return changed(lambda plant, asked, reply: change(plant, reply.body))


def discovery_says(**members: str) -> Made:
    """The discovery document with other members."""

    def change(plant: Plant, asked: Asked, reply: Reply) -> None:
        reply.body |= {name: _filled(value, plant, asked) for name, value in members.items()}

    return changed(change)


def writes_moved(plant: Plant, asked: Asked) -> Answer:
    """Whatever changes something is sent elsewhere."""
    return moved(307, "http://{near}{path}")(plant, asked) if asked.method in ("POST", "DELETE", "PATCH") else None


def created_elsewhere(plant: Plant, asked: Asked) -> Reply:
    """A new record is said to lie at the trap."""
    reply = plant.answer(asked)
    if reply.status == 201:
        reply.headers["Location"] = f"{plant.far.url}{asked.path}/1"
    return reply


def challenged(plant: Plant, asked: Asked) -> Reply:
    """Every call is refused, and told to log in at the trap."""
    where = plant.far.url
    says = f'Bearer realm="{where}/token", authorization_uri="{where}", resource_metadata="{where}/meta", Basic realm=x'
    return problem(401, f"log in at {where}", {"WWW-Authenticate": says})


def cookies_for_all(plant: Plant, asked: Asked) -> Reply:
    """A cookie for every host, another with each of the first answers."""
    reply = plant.answer(asked)
    if len(plant.cookies) < 10:
        plant.cookies.append(f"c00kie-{len(plant.cookies)}-of-{id(reply)}")
    reply.headers["Set-Cookie"] = f"session={plant.cookies[-1]}; Domain=127.0.0.2; Path=/"
    return reply


def servers_at_trap(plant: Plant, document: dict[str, Any]) -> None:
    """The document says that the API is served by the trap."""
    document["servers"] = [{"url": plant.far.url + "/api"}]
    for item in document["paths"].values():
        item["servers"] = [{"url": plant.far.url}]


def token_url_at_trap(plant: Plant, document: dict[str, Any]) -> None:
    """The document says that tokens come from the trap."""
    flow = {"tokenUrl": plant.far.url + "/token", "refreshUrl": plant.far.url, "scopes": {}}
    flows = {"clientCredentials": flow, "password": flow}
    schemes = document["components"]["securitySchemes"]
    schemes["login"] = {"type": "oauth2", "flows": flows}
    schemes["other"] = {
        "type": "openIdConnect",
        "openIdConnectUrl": plant.far.url + "/.well-known/openid-configuration",
    }


def paths_at_trap(plant: Plant, document: dict[str, Any]) -> None:
    """Paths that are addresses themselves, or turn into some when they are put behind another one."""
    far = plant.far.host
    first = document["paths"]["/work-orders"]
    odd = (f"@{far}/work-orders", f"//{far}/work-orders", f"http://{far}/work-orders", f"/\\{far}/work-orders")
    document["paths"] = dict.fromkeys(odd, first) | {"/../../work-orders": first, "/work-orders#@x": first}


def _filled(text: str, plant: Plant, asked: Asked) -> str:
    own = plant.url.removeprefix("http://")
    return text.format(far=plant.far.host, near=plant.near.host, own=own, path=asked.target)


LEADING_AWAY = (
    Misbehaviour(
        "redirect-301-far", "the API has moved to another machine for good", at("api", moved(301, "http://{far}{path}"))
    ),
    Misbehaviour("redirect-302-no-scheme", "moved to //trap", at("api", moved(302, "//{far}{path}")), login="api-key"),
    Misbehaviour("redirect-303-userinfo", "moved to own@trap", at("api", moved(303, "http://{own}@{far}{path}"))),
    Misbehaviour("redirect-307-backslash", "moved to own\\@trap", at("api", moved(307, "http://{own}\\@{far}{path}"))),
    Misbehaviour("redirect-308-near", "moved to another port", at("api", moved(308, "http://{near}{path}"))),
    Misbehaviour("redirect-loop", "moved to where it was, for ever", at("api", moved(302, "http://{own}{path}"))),
    Misbehaviour("redirect-writes", "creates and deletes are moved to a trap", at("api", writes_moved)),
    Misbehaviour("redirect-token-307", "the token endpoint is moved", at("token", moved(307, "http://{near}/token"))),
    Misbehaviour(
        "redirect-discovery", "discovery is moved", at("discovery", moved(302, "http://{far}/oidc")), login="oidc"
    ),
    Misbehaviour(
        "redirect-document-far", "the document is moved", at("document docs", moved(302, "http://{far}/spec"))
    ),
    Misbehaviour(
        "redirect-document-near",
        "the document is moved to another port of the same host, where anybody may read",
        at("document docs", moved(307, "http://{near}/spec")),
        near_trap_may_be_visited=True,
    ),
    Misbehaviour("next-far", "the next page is at the trap", at("api", next_page("http://{far}{path}"))),
    Misbehaviour("next-near", "the next page is on another port", at("api", next_page("http://{near}/api/x?page=2"))),
    Misbehaviour(
        "link-header",
        "the Link header points at the trap",
        at("api", with_headers(Link='<http://{far}/x>; rel="next"')),
    ),
    Misbehaviour("spec-servers", "the document's servers are the trap", at("document", document_says(servers_at_trap))),
    Misbehaviour(
        "spec-token-url", "the document's logins are the trap", at("document", document_says(token_url_at_trap))
    ),
    Misbehaviour(
        "spec-paths", "the document's paths are addresses", at("document", document_says(paths_at_trap)), base=""
    ),
    Misbehaviour(
        "discovery-token-endpoint",
        "discovery names the trap as token endpoint",
        at("discovery", discovery_says(token_endpoint="http://{far}/token")),
        login="oidc",
    ),
    Misbehaviour(
        "discovery-issuer",
        "discovery names the trap as issuer",
        at("discovery", discovery_says(issuer="http://{far}", token_endpoint="http://{own}@{far}/t")),
        login="oidc",
    ),
    Misbehaviour("cookie-domain", "cookies for other hosts", at("api token document", cookies_for_all)),
    Misbehaviour(
        "headers-elsewhere",
        "Refresh, Content-Location and Alt-Svc name the trap",
        at(
            "api token document docs",
            with_headers(
                Refresh="0; url=http://{far}/", Content_Location="http://{far}/x", Alt_Svc='h2="{far}"; ma=99999'
            ),
        ),
    ),
    Misbehaviour("challenge", "401, log in at the trap", at("api", challenged), proves_nothing=True),
    Misbehaviour("created-elsewhere", "a new record lies at the trap", at("api", created_elsewhere)),
)
