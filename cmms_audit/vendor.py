"""The vendor file as typed values: who is audited, with which credentials, and what the vendor claims.

What a file may not say stands in `vendor_rules`; what it asks to be allowed is granted in `permissions`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct, field

from cmms_audit.addresses import origin
from cmms_audit.credential_rules import (
    broken_credential_rules,
    credential_warnings,
    tls_settings,
    unusable_certificates,
)
from cmms_audit.credentials import (
    ApiKey,
    Basic,
    Bearer,
    Credential,
    Keys,
    Login,
    NoCredential,
    OAuth2,
    Oidc,
    Signed,
    read_credential,
    secret_places,
)
from cmms_audit.documents import Limits, load_schema, nearest, parse, read_bytes, validate
from cmms_audit.errors import InputError, Problem
from cmms_audit.model import Claim
from cmms_audit.secrets import Secret, SecretSources, read_secret
from cmms_audit.tls import TlsSettings
from cmms_audit.vendor_rules import (
    AUTO_DIALECT,
    NO_SPEC,
    OTHER_SECRETS,
    SECRET_FIELDS,
    WAIVER_KINDS,
    Known,
    VendorText,
    broken_rules,
    claimed_numbers,
    is_dialect_path,
    is_url,
    local_file,
    quoted,
)

__all__ = [
    "Allow",
    "ApiKey",
    "Basic",
    "Bearer",
    "Budget",
    "Credential",
    "Login",
    "MappingNeed",
    "NoCredential",
    "OAuth2",
    "Oidc",
    "ResourceHint",
    "Signed",
    "TlsSettings",
    "Vendor",
    "Waiver",
    "WebhookSettings",
    "load_vendor",
    "secret_receivers",
]

_LIMITS = Limits(bytes=500_000, nodes=10_000, depth=50, alias_nodes=2_000)
_SIGNS = "nobody: it signs here"
_CONFIDENTIAL_FIELDS = frozenset({"value", "token", "password", "client_secret", "secret"})
_HEADER_FIELDS = frozenset({"value", "token"})  # sent as they are; the others are encoded first
_ANSWERS: Mapping[str | bool, Literal["yes", "no", "partly"]] = {
    "yes": "yes",
    "no": "no",
    "partly": "partly",
    True: "yes",
    False: "no",
}

Secrets = Mapping[Keys, Secret]


class Allow(Struct, frozen=True):
    """What the file asks to be allowed beyond reading. A wish, not a permission."""

    writes: bool = False
    burst: bool = False
    webhooks: bool = False


class Budget(Struct, frozen=True):
    """What an audit may cost: requests in all, requests a second, requests of the burst, seconds in all."""

    requests: int = 400
    per_second: float = 10
    burst_requests: int = 150
    seconds: float = 600


class ResourceHint(Struct, frozen=True):
    """Where a resource lives, below base_url, and what a record that may be created looks like."""

    path: str
    sample: Mapping[str, Any] = field(default_factory=dict)


class WebhookSettings(Struct, frozen=True):
    """How the vendor reaches our receiver.

    `bind` ("host:port") is a wish; `public_url` is None where the vendor runs on this machine.
    """

    bind: str = "127.0.0.1:0"
    public_url: str | None = None
    watch_seconds: float = 120
    subscribe_path: str | None = None
    secret: Secret | None = None


class MappingNeed(Struct, frozen=True):
    """A field that the integration must find: what for, on which resource, by which name, of which type."""

    need: str
    on: str
    field: str
    type: str | None = None


class Waiver(Struct, frozen=True):
    """A gap that is accepted until a date: a question, a flag, or one finding by its fingerprint."""

    kind: Literal["question", "flag", "fingerprint"]
    target: str
    reason: str
    until: date
    approved_by: str | None = None


class Vendor(Struct, frozen=True):
    """One vendor file.

    `spec` and `previous_spec` are "none", a URL or an absolute path; `dialect` is "auto", a name or an absolute
    path. `base_url` has no slash at its end, and is empty where an offline audit names none. `warnings` are
    "file:line: ..." for the user, `lines` the line of each top-level key, `sha256` that of the file's bytes.
    """

    name: str
    spec: str
    base_url: str
    path: Path
    sha256: str
    credentials: Mapping[str, Credential]
    scenarios: tuple[str, ...]
    product: str | None = None
    previous_spec: str | None = None
    docs_url: str | None = None
    environment: Literal["sandbox", "production"] = "production"
    dialect: str = AUTO_DIALECT
    allow: Allow = Allow()
    budget: Budget = Budget()
    resources: Mapping[str, ResourceHint] = field(default_factory=dict)
    webhooks: WebhookSettings = WebhookSettings()
    volumes: Mapping[str, float] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    mapping: tuple[MappingNeed, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    warnings: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    tls: TlsSettings | None = None

    def where(self, key: str) -> str:
        """The "file:line" of a top-level key; the file alone where it does not have it."""
        return f"{self.path}:{self.lines[key]}" if key in self.lines else str(self.path)


def secret_receivers(vendor: Vendor) -> list[tuple[str, str, str]]:
    """Each secret of the file: its reference, its label ("main.value"), and the origin that will receive it."""
    receivers = [
        (
            secret.reference,
            f"{role}.{name}",
            _SIGNS if name in credential.unsent else credential.receiver(vendor.base_url),
        )
        for role, credential in vendor.credentials.items()
        for name, secret in credential.secrets()
    ]
    if vendor.webhooks.secret is not None:
        receivers.append((vendor.webhooks.secret.reference, "webhooks.secret", "nobody: it checks signatures here"))
    return [*receivers, *_tls_receivers(vendor)]


def own_origins(vendor: Vendor) -> tuple[str, ...]:
    """The origins that the file names for the API and for logging in to it: they alone may see what is ours."""
    receivers = (credential.receiver(vendor.base_url) for credential in vendor.credentials.values())
    return tuple(dict.fromkeys([*([origin(vendor.base_url)] if vendor.base_url else ()), *receivers]))


def _tls_receivers(vendor: Vendor) -> Iterator[tuple[str, str, str]]:
    """The certificate is shown and the key used, but neither the key nor its password is sent to anyone."""
    tls = vendor.tls
    if tls is None or tls.certificate is None:
        return
    yield f"{{file: {tls.certificate.name}}}", "tls.certificate", ", ".join(own_origins(vendor))
    yield f"{{file: {(tls.key or tls.certificate).name}}}", "tls.key", _SIGNS
    if tls.password is not None:
        yield tls.password.reference, "tls.password", "nobody: it opens the key here"


def load_vendor(
    path: Path,
    *,
    environ: Mapping[str, str],
    offline: bool,
    question_ids: Collection[str],
    flag_ids: Collection[str],
    dialect_names: Collection[str],
    scenario_ids: Collection[str],
    extra_folder: Path | None = None,
) -> Vendor:
    """Read a vendor file and hold it against its schema and rules.

    `environ` is where "${NAME}" is looked up (not at all when offline); `extra_folder` a further folder that
    the user allows `spec`, `previous_spec` and `dialect` to be read from.
    Raises InputError with every problem of the file, in the order of its lines.
    """
    content = read_bytes(path, _LIMITS)
    document = parse(content, str(path), limits=_LIMITS)
    folders = (path.parent,) if extra_folder is None else (path.parent, extra_folder)
    text = VendorText(document, folders)
    known = Known(question_ids, flag_ids, dialect_names, scenario_ids)
    secrets, problems = _read_secrets(text, SecretSources(path.parent, environ, offline))
    problems += [*validate(document, "vendor"), *broken_rules(text, known, offline=offline)]
    problems += broken_credential_rules(text, offline=offline)
    tls = None if problems else tls_settings(text, secrets.get(("tls", "password")))
    if tls is not None and not offline:
        problems += unusable_certificates(text, tls)
    if problems:
        raise InputError(*sorted(problems, key=_line))
    return _vendor(text, known, secrets, tls, path, hashlib.sha256(content).hexdigest())


def _line(problem: Problem) -> int:
    line = problem.where.rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


def _read_secrets(text: VendorText, sources: SecretSources) -> tuple[Secrets, list[Problem]]:
    """Every secret by the keys that lead to it, and what is wrong with the others."""
    secrets: dict[Keys, Secret] = {}
    problems: list[Problem] = []
    for keys in _secret_places(text):
        raw = text.get(*keys)
        if not isinstance(raw, str | dict):
            continue
        try:
            secrets[keys] = read_secret(raw, sources, where=text.where(*keys), ascii_only=keys[-1] in _HEADER_FIELDS)
        except InputError as error:
            problems += [problem for problem in error.problems if isinstance(problem, Problem)]
    return secrets, problems


def _secret_places(text: VendorText) -> Iterator[Keys]:
    for role in text.members("credentials"):
        for below in secret_places(text.members("credentials", role), SECRET_FIELDS):
            yield "credentials", role, *below
    yield from OTHER_SECRETS


def _vendor(
    text: VendorText, known: Known, secrets: Secrets, tls: TlsSettings | None, path: Path, sha256: str
) -> Vendor:
    """The values of a file that breaks no rule."""
    raw = text.members()
    return Vendor(
        name=raw["vendor"],
        product=raw.get("product"),
        spec=_located(raw["spec"], text),
        previous_spec=_located(raw["previous_spec"], text) if "previous_spec" in raw else None,
        docs_url=raw.get("docs_url"),
        base_url=raw.get("base_url", "").rstrip("/"),
        environment=raw.get("environment", "production"),
        dialect=_dialect(raw.get("dialect", AUTO_DIALECT), text, known),
        scenarios=tuple(dict.fromkeys(raw.get("scenarios", known.scenarios))),
        credentials={role: _credential(role, text, secrets) for role in text.members("credentials")},
        allow=Allow(**text.members("allow")),
        budget=Budget(**text.members("budget")),
        resources={kind: ResourceHint(**hint) for kind, hint in text.members("resources").items()},
        webhooks=_webhooks(text, secrets),
        volumes={name: float(value) for name, value in text.members("volumes").items()},
        claims={question: _claim(question, claim) for question, claim in text.members("claims").items()},
        mapping=tuple(MappingNeed(**need) for need in text.items("mapping")),
        waivers=tuple(_waiver(waiver) for waiver in text.items("waivers")),
        path=path,
        sha256=sha256,
        warnings=tuple(map(str, sorted(_warnings(text, secrets), key=_line))),
        lines={key: line for key in raw if (line := text.line(key)) is not None},
        tls=tls,
    )


def _located(name: str, text: VendorText) -> str:
    return name if name == NO_SPEC or is_url(name) else str(local_file(name, text.folders))


def _dialect(name: str, text: VendorText, known: Known) -> str:
    return str(local_file(name, text.folders)) if is_dialect_path(name, known.dialects) else name


def _credential(role: str, text: VendorText, secrets: Secrets) -> Credential:
    return read_credential(text.members("credentials", role), lambda *keys: secrets["credentials", role, *keys])


def _webhooks(text: VendorText, secrets: Secrets) -> WebhookSettings:
    raw = dict(text.members("webhooks"))
    raw.pop("secret", None)
    subscribe = raw.pop("subscribe", {})
    return WebhookSettings(subscribe_path=subscribe.get("path"), secret=secrets.get(("webhooks", "secret")), **raw)


def _claim(question: str, raw: Mapping[str, Any]) -> Claim:
    answer = _ANSWERS[raw["answer"]] if "answer" in raw else None
    return Claim(question, answer, claimed_numbers(raw), raw.get("evidence"))


def _waiver(raw: Mapping[str, Any]) -> Waiver:
    kind = next(kind for kind in WAIVER_KINDS if kind in raw)
    return Waiver(kind, raw[kind], raw["reason"], date.fromisoformat(raw["until"]), raw.get("approved_by"))


def _warnings(text: VendorText, secrets: Secrets) -> Iterator[Problem]:
    """What is allowed, and yet not what anyone should want."""
    for keys, secret in secrets.items():
        if secret.literal and keys[-1] in _CONFIDENTIAL_FIELDS:
            problem = (
                f"the secret {'.'.join(map(str, keys))} stands in the file itself, for everyone who gets to read it"
            )
            yield Problem(text.where(*keys), problem, 'put it into an environment variable and write "${NAME}"')
    wishes = [name for name, wish in text.members("allow").items() if wish]
    if wishes and text.text("environment") != "sandbox":
        problem = f"the file asks for {', '.join(wishes)}, which is not done outside a sandbox"
        yield Problem(text.where("allow"), problem, "if it is one, the file needs the line: environment: sandbox")
    yield from credential_warnings(text)
    yield from _near_misses(text)


def _near_misses(text: VendorText) -> Iterator[Problem]:
    """Names that a file may make up, and that look like a known one mistyped."""
    schema = load_schema("vendor")
    kinds = schema["properties"]["resources"]["properties"]
    figures = schema["$defs"]["claim"]["properties"]
    yield from _near_miss(text, ("resources",), kinds)
    for question in text.members("claims"):
        yield from _near_miss(text, ("claims", question), figures)


def _near_miss(text: VendorText, keys: tuple[str, ...], known: Collection[str]) -> Iterator[Problem]:
    for name in text.members(*keys):
        near = None if name in known else nearest(name, known)
        if near:
            yield Problem(text.where(*keys, name), f"{quoted(name)} is a name of your own", f"did you mean '{near}'?")
