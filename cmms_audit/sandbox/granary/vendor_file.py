"""A ready vendor file for an audit of granary, and the environment variables that it refers to."""

from __future__ import annotations

from collections.abc import Sequence

from cmms_audit.sandbox.granary import auth, limits, previous, sender, webhooks
from cmms_audit.sandbox.granary.calls import NO_VERSIONING, api_prefix
from cmms_audit.sandbox.granary.limits import Limit
from cmms_audit.sandbox.granary.oauth import NO_REVOCATION, TOKEN_PATH
from cmms_audit.sandbox.granary.texts import SHORT_NOTICE, notice_days
from cmms_audit.sandbox.switch import Broken, Switch

INFLATED_CLAIMS = Switch(
    "inflated-claims",
    "the vendor claims ten times the rate limits that it publishes",
    questions=(),
    flags=("claim-contradicted",),
)
SWITCHES = (INFLATED_CLAIMS,)

ID, SECRET = "GRANARY_ID", "GRANARY_SECRET"
READ_ID, READ_SECRET = "GRANARY_READ_ID", "GRANARY_READ_SECRET"
OTHER_ID, OTHER_SECRET, OTHER_KEY = "GRANARY_OTHER_ID", "GRANARY_OTHER_SECRET", "GRANARY_OTHER_KEY"
KEY, READ_KEY, NEW_KEY, OLD_KEY = "GRANARY_KEY", "GRANARY_READ_KEY", "GRANARY_NEW_KEY", "GRANARY_OLD_KEY"


def environment_of(broken: Broken) -> dict[str, str]:
    """The values of the variables that the vendor file refers to."""
    login = {ID: auth.MAIN.id, SECRET: auth.MAIN.secret}
    keys = {NEW_KEY: auth.ROTATED_KEY.value}
    if NO_REVOCATION not in broken:
        keys[OLD_KEY] = auth.REVOKED_KEY.value
    if auth.BASIC_ONLY in broken:
        return login
    if broken & auth.KEYS_ALONE:
        keys[OTHER_KEY] = auth.NEIGHBOUR_KEY.value
        return {KEY: auth.MAIN_KEY.value, READ_KEY: auth.READ_ONLY_KEY.value, **keys}
    other = {OTHER_ID: auth.NEIGHBOUR.id, OTHER_SECRET: auth.NEIGHBOUR.secret}
    return {**login, READ_ID: auth.READ_ONLY.id, READ_SECRET: auth.READ_ONLY.secret, **other, **keys}


def text(origin: str, broken: Broken, published: Sequence[Limit], spec: str | None) -> str:
    """The vendor file, as YAML; `spec` names a copy of the document to read in place of the served one."""
    base_url = origin + api_prefix(broken)
    lines = [
        "vendor: Granary CMMS",
        "product: Granary Cloud",
        f"spec: {spec or base_url + '/openapi.json'}",
        *([] if spec else [f"previous_spec: {base_url}/{previous.NAME}"]),
        f"docs_url: {origin}/docs",
        f"base_url: {base_url}",
        "environment: sandbox",
        "credentials:",
        *_credentials(origin, broken),
        "allow: {writes: true, burst: true, webhooks: true}",
        "budget: {per_second: 50}",
        "webhooks: {watch_seconds: 10}",
        "volumes:",
        "  records_per_pull: 50000",
        "  pull_window_minutes: 60",
        "  history_records: 1000000",
        "  history_window_hours: 48",
        "  events_per_minute: 30",
        "  writes_per_hour: 500",
        *_claims(origin, broken, published),
        "mapping:",
        "  - {need: cost center, on: work_orders, field: cost_center, type: string}",
    ]
    return "\n".join(lines) + "\n"


def _credentials(origin: str, broken: Broken) -> list[str]:
    if auth.BASIC_ONLY in broken:
        return [f'  main: {{type: basic, username: "${{{ID}}}", password: "${{{SECRET}}}"}}']
    keys = [_key("rotated", NEW_KEY)] + ([] if NO_REVOCATION in broken else [_key("revoked", OLD_KEY)])
    if broken & auth.KEYS_ALONE:
        return [_key("main", KEY), _key("read_only", READ_KEY), *keys, _key("other_tenant", OTHER_KEY)]
    clients = [_oauth2("main", origin, ID, SECRET), _oauth2("read_only", origin, READ_ID, READ_SECRET)]
    return [*clients, *keys, _oauth2("other_tenant", origin, OTHER_ID, OTHER_SECRET)]


def _key(role: str, variable: str) -> str:
    return f'  {role}: {{type: api-key, in: header, name: {auth.KEY_HEADER}, value: "${{{variable}}}"}}'


def _oauth2(role: str, origin: str, id_: str, secret: str) -> str:
    members = f'token_url: "{origin}{TOKEN_PATH}", client_id: "${{{id_}}}", client_secret: "${{{secret}}}"'
    return f"  {role}: {{type: oauth2, {members}}}"


def _claims(origin: str, broken: Broken, published: Sequence[Limit]) -> list[str]:
    """What an honest vendor would answer. Where a switch takes the thing away, so is the claim."""
    claims = {}
    if limits.NO_PUBLISHED_LIMITS not in broken:
        claims["limits.documented"] = _limits_claim(broken, published)
    if not broken & {auth.NO_KEY_OVERLAP, auth.BASIC_ONLY}:
        claims["auth.rotation"] = f'{{answer: yes, overlap_hours: 720, evidence: "{origin}/docs/rotation"}}'
    if not broken & {webhooks.NO_WEBHOOKS, sender.NO_WEBHOOK_RETRY}:
        numbers = f"retries: {sender.RETRIES}, window_hours: {webhooks.WINDOW_HOURS}"
        claims["webhooks.delivery"] = f'{{answer: yes, {numbers}, evidence: "{origin}/docs/webhooks"}}'
    if not broken & {NO_VERSIONING, SHORT_NOTICE}:
        days = notice_days(broken)
        claims["errors.versioning"] = f'{{answer: yes, notice_days: {days}, evidence: "{origin}/docs/versioning"}}'
    return ["claims:", *(f"  {question}: {claim}" for question, claim in claims.items())] if claims else []


def _limits_claim(broken: Broken, published: Sequence[Limit]) -> str:
    factor = 10 if INFLATED_CLAIMS in broken else 1
    numbers = ", ".join(f"per_{each.name}: {each.calls * factor}" for each in published[1:])
    return f"{{{numbers}}}"
