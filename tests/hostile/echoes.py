"""Misbehaviours that send the credential back, in every spelling, in bodies, headers, errors and trailers."""

from __future__ import annotations

import base64
import gzip
import html
import json
from collections.abc import Callable
from urllib.parse import quote

from tests.hostile.desk import Asked, Raw, Reply
from tests.hostile.plant import Plant
from tests.hostile.switches import Made, Misbehaviour, at


def base64_of(text: str) -> str:
    """A text in base64."""
    return base64.b64encode(text.encode()).decode()


def _jwt(secret: str) -> str:
    parts = ('{"alg":"none"}', json.dumps({"sub": "plant", "key": secret, "ok": 1}), "signature-of-nobody")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "percent-twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "base64": lambda secret: base64_of(f"key: {secret}\r\n"),
    "base64-wrapped": lambda secret: base64.encodebytes(f"{'header ' * 9}{secret}{' trailer' * 9}".encode()).decode(),
    "base64-twice": lambda secret: base64_of(base64_of(secret + "!")),
    "basic-pair": lambda secret: "Basic " + base64_of(f"plant-audit-client:{secret}"),
    "json-escapes": lambda secret: "".join(f"\\u{ord(letter):04x}" for letter in secret),
    "x-escapes": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret.encode()),
    "entities": lambda secret: "".join(f"&#{ord(letter)};" for letter in secret),
    "upper-case": str.upper,
    "quoted-printable": lambda secret: "".join(f"={byte:02X}" for byte in secret.encode()),
    "jwt": _jwt,
    "nul-letters": "\0".join,
}


def echoing(spell: Callable[[str], str]) -> Made:
    """Every answer, refusals included, repeats all that is secret: in its body, and in a header."""

    def made(plant: Plant, asked: Asked) -> Reply:
        reply = plant.answer(asked)
        spelled = [spell(secret) for secret in plant.secrets]
        if isinstance(reply.body, dict):
            reply.body = {**reply.body, "debug": spelled}
            for record in reply.body.get("data", []):
                record["description"] = f"seen with {spelled}"
        else:
            reply.body = json.dumps({"message": f"refused: {spelled}"}).encode() if reply.status != 204 else b""
        reply.headers["X-Debug"] = " ".join("".join(spelled).translate(dict.fromkeys(range(32), "")).split())
        return reply

    return made


def in_utf_16(plant: Plant, asked: Asked) -> Reply:
    """The answer in UTF-16, without saying so."""
    body = json.dumps({"data": [{"id": "1", "debug": plant.secrets}]})
    return Reply(200, body.encode("utf-16-le"), {"Content-Type": "application/json"})


def packed(plant: Plant, asked: Asked) -> Reply:
    """The answer in gzip."""
    body = json.dumps({"data": [{"id": "1", "debug": plant.secrets}]})
    return Reply(200, gzip.compress(body.encode()), {"Content-Type": "text/html", "Content-Encoding": "gzip"})


def in_trailers(plant: Plant, asked: Asked) -> Raw:
    """The answer in chunks, with a secret as the extension of one, and more behind the last."""
    secret = plant.secrets[-1]
    head = f"HTTP/1.1 200 {secret}\r\nTransfer-Encoding: chunked\r\nTrailer: X-Debug\r\n\r\n"
    body = f"2;key={secret}\r\n[]\r\n0\r\nX-Debug: {secret}\r\nX-{secret[:6]}: 1\r\n\r\n"
    return [(head + body).encode()]


def in_a_stack_trace(plant: Plant, asked: Asked) -> Reply:
    """A fault that shows what was sent."""
    sent = json.dumps(asked.headers)
    return Reply(500, f"Traceback: KeyError at /srv/app.py\n{asked.target}\n{sent}\n{plant.secrets}".encode())


def in_addresses(plant: Plant, asked: Asked) -> Reply:
    """A redirect to the plant itself with the secrets in the address, path and name of the cookie."""
    secret = quote(plant.secrets[-1], safe="")
    where = f"/api/{secret}/{asked.path.rpartition('/')[2]}?key={secret}#{secret}"
    cookie = f"{plant.secrets[-1].replace('=', '')}=1; Path=/{secret}"
    return Reply(302, b"", {"Location": where, "Set-Cookie": cookie, "X-" + plant.secrets[-1].replace(":", ""): "1"})


def token_echo(plant: Plant, asked: Asked) -> Reply:
    """A refused login that repeats what was sent, form and header."""
    sent = {**asked.headers, **asked.form, "secret": plant.secrets}
    says = {"error": f"invalid_client {plant.client_secret}", "error_description": json.dumps(sent), "error_uri": sent}
    return Reply(401, says, {"WWW-Authenticate": f"Basic realm={json.dumps(sent)}"})


def _where(name: str) -> str:
    return "api docs" if name in ("plain", "base64", "entities") else "api"


ECHOES = (
    *(
        Misbehaviour(f"echo-{name}", "each answer repeats the credential", at(_where(name), echoing(spell)))
        for name, spell in SPELLINGS.items()
    ),
    *(
        Misbehaviour(f"echo-{login}", "each answer repeats the credential", at("api", echoing(spell)), login=login)
        for login, spell in (("api-key", html.escape), ("api-key-query", quote), ("basic", base64_of))
    ),
    Misbehaviour("echo-utf-16", "the credential in UTF-16 without a charset", at("api", in_utf_16)),
    Misbehaviour("echo-gzip", "the credential in gzip, and called a page", at("api", packed)),
    Misbehaviour(
        "echo-trailers", "the credential in the status line, chunk extensions and trailers", at("api", in_trailers)
    ),
    Misbehaviour("echo-stack-trace", "a fault shows the request", at("api", in_a_stack_trace), proves_nothing=True),
    Misbehaviour("echo-addresses", "the credential in redirects, cookies and header names", at("api", in_addresses)),
    Misbehaviour(
        "echo-token-refused", "a refused login repeats what was sent", at("token", token_echo), proves_nothing=True
    ),
)
