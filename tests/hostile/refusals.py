"""Misbehaviours of logins and limits: tokens that are none, refusals without an end, waits without an end."""

from __future__ import annotations

import json
from typing import Any

from tests.hostile.connections import HEAD
from tests.hostile.desk import Asked, Reply
from tests.hostile.plant import Answer, Plant, problem
from tests.hostile.switches import Hook, Misbehaviour, at, changed, raw, with_headers


def always(status: int, **headers: str) -> Hook:
    """Every call of the API is refused so."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return at("api", lambda plant, asked: problem(status, "not now", named))


def after(count: int, status: int, **headers: str) -> Hook:
    """The first calls are answered, all others refused."""

    def made(plant: Plant, asked: Asked) -> Answer:
        return None if next(plant.calls) <= count else problem(status, "no more", headers)

    return at("api", made)


def every_other(status: int) -> Hook:
    """Every second call is refused."""
    return at("api", lambda plant, asked: problem(status, "no luck") if next(plant.calls) % 2 else None)


def token_says(**members: Any) -> Hook:
    """The token's answer with other members."""
    return at("token", changed(lambda plant, asked, reply: reply.body.update(members)))


def token_is(text: str) -> Hook:
    """A token of these letters."""

    def made(plant: Plant, asked: Asked) -> Reply:
        plant.tokens.append(text)
        return Reply(200, {"access_token": text, "refresh_token": text[::-1], "expires_in": 60})

    return at("token", made)


def token_answer(data: bytes, status: int = 200, kind: str = "application/json") -> Hook:
    """Another answer of the token endpoint."""
    return at("token", Reply(status, data, {"Content-Type": kind}))


def huge_token_answer(plant: Plant, asked: Asked) -> Reply:
    """A token with twenty megabytes around it."""
    return Reply(200, json.dumps({"x": "y" * 20_000_000, "access_token": plant.new_token()}).encode())


def tokens_of_one_use(plant: Plant, asked: Asked) -> Answer:
    """Each token is good for a single call, and each answer hands out another."""
    sent = asked.headers.get("authorization", "").removeprefix("Bearer ")
    reply = plant.answer(asked)
    if sent in plant.tokens:
        plant.tokens[plant.tokens.index(sent)] = "spent-" + sent
    reply.headers |= {"X-Next-Token": plant.new_token(), "Authentication-Info": f'nextnonce="{plant.new_token()}"'}
    return reply


_ODD_LIMITS = with_headers(
    X_RateLimit_Limit="1e400",
    X_RateLimit_Remaining="-5",
    X_RateLimit_Reset="99999999999999999999",
    RateLimit='"x";r=' + "9" * 4000 + ';t=-1, "y"',
    RateLimit_Policy='"\x1b";q=0;w=' + "1" * 400,
    Retry_After="1e9",
)

REFUSALS = (
    Misbehaviour(
        "429-for-days", "429 with a Retry-After of days", always(429, Retry_After="999999"), proves_nothing=True
    ),
    Misbehaviour("429-negative", "429 with a Retry-After of -1", always(429, Retry_After="-1"), proves_nothing=True),
    Misbehaviour(
        "429-date", "429 until a day in the year 9999", always(429, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT")
    ),
    Misbehaviour("429-garbage", "429 with no sense in Retry-After", always(429, Retry_After="\x1bsoon" + "9" * 5000)),
    Misbehaviour(
        "429-short", "429 for ever, always for two more seconds", always(429, Retry_After="2"), proves_nothing=True
    ),
    Misbehaviour("503-for-ever", "503, always for a second more", always(503, Retry_After="1"), proves_nothing=True),
    Misbehaviour("500-always", "500 to everything", always(500), proves_nothing=True),
    Misbehaviour("401-always", "401 to everything", always(401), proves_nothing=True),
    Misbehaviour("401-after-ten", "401 for ever after ten calls", after(10, 401)),
    Misbehaviour("401-every-other", "401 to every second call", every_other(401)),
    Misbehaviour("200-to-strangers", "200 to everybody", at("api", lambda plant, asked: Reply(200, {"data": []}))),
    Misbehaviour("limits-odd", "rate limits of no sense", at("api", _ODD_LIMITS)),
    Misbehaviour("token-expired-0", "tokens that last 0 s", token_says(expires_in=0)),
    Misbehaviour("token-never", "tokens that last 'never'", token_says(expires_in="never", scope=["a"], token_type=7)),
    Misbehaviour("token-of-one-use", "each token is good for one call", at("api", tokens_of_one_use)),
    Misbehaviour(
        "token-control", "a token with line ends", token_is("tok\r\nX-Evil: 1\r\n\r\nen-0123"), proves_nothing=True
    ),
    Misbehaviour("token-escapes", "a token with escapes and NUL", token_is("tok\x1b[2J\0en-0123"), proves_nothing=True),
    Misbehaviour("token-unicode", "a token of other alphabets", token_is("жетон-€-0123-\u202e-\U0001f600")),
    Misbehaviour("token-megabyte", "a token of a megabyte", token_is("t0k" * 350_000)),
    Misbehaviour(
        "token-common-word", "a token that stands in every answer", at("token", Reply(200, {"access_token": "data"}))
    ),
    Misbehaviour(
        "token-page", "a page for a token", token_answer(b"<html>Log in</html>", kind="text/html"), proves_nothing=True
    ),
    Misbehaviour("token-deep", "a login 100,000 deep", token_answer(b'{"a":' * 100_000), proves_nothing=True),
    Misbehaviour("token-huge", "a login of 20 MB", at("token", huge_token_answer)),
    Misbehaviour(
        "token-drip", "a token letter by letter", at("token", raw(HEAD + b"\r\n", again=b" ")), proves_nothing=True
    ),
    Misbehaviour(
        "discovery-drip", "discovery letter by letter", at("discovery", raw(HEAD + b"\r\n", again=b" ")), login="oidc"
    ),
)
