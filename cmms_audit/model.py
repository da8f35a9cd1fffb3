"""The words that everything else speaks: verdicts, findings, evidence, and recorded exchanges.

Values only. What they mean together (aspects, questions, grades) is scoring's business.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, Protocol

from msgspec import Struct, field
from msgspec.structs import replace


class Verdict(StrEnum):
    """The answer to a question, or to one check of it."""

    MET = "met"
    PARTIAL = "partial"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Basis(StrEnum):
    """What a verdict stands on, strongest first."""

    OBSERVED = "observed"
    DOCUMENTED = "documented"
    CLAIMED = "claimed"
    NONE = "none"


class Severity(StrEnum):
    """How much a gap costs a plant."""

    CRITICAL = "critical"
    SERIOUS = "serious"
    MINOR = "minor"


class Reason(StrEnum):
    """Why a check has no answer."""

    VENDOR_SILENT = "vendor-silent"
    NOT_PERMITTED = "not-permitted"
    OFFLINE = "offline"
    SKIPPED = "skipped"
    BUDGET = "budget"
    CONNECTIVITY = "connectivity"
    CREDENTIAL = "credential"
    TIMEOUT = "timeout"
    RESOURCE_NOT_FOUND = "resource-not-found"
    INTERRUPTED = "interrupted"
    DEFECT = "defect"


class Sends(StrEnum):
    """What a check causes on the wire."""

    NOTHING = "nothing"
    READS = "reads"
    WRITES = "writes"
    BURST = "burst"
    WEBHOOKS = "webhooks"


class FlagState(StrEnum):
    """Whether a red flag was raised, looked for and not found, or not looked for."""

    RAISED = "raised"
    CLEAR = "clear"
    NOT_TESTED = "not_tested"
    NOT_APPLICABLE = "not_applicable"


class Purpose(StrEnum):
    """What a request was sent for; the report counts traffic by it.

    API requests expect success. PROVOKED ones carry a good credential and a wrong question; STRANGER ones carry no
    credential, or a made-up one. Neither counts when a run is asked whether nearly everything was refused. CLEANUP ones
    look for what the audit itself created, and delete it.
    """

    API = "api"
    PROVOKED = "provoked"
    STRANGER = "stranger"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    DISCOVERY = "discovery"
    DOCUMENT = "document"
    BURST = "burst"
    CLEANUP = "cleanup"


class Evidence(Struct, frozen=True):
    """Where a reader can see for himself: an exchange, a place in the specification, a claim, a delivery."""

    kind: Literal["exchange", "spec", "claim", "delivery"]
    id: int | None = None
    pointer: str | None = None
    line: int | None = None
    question: str | None = None

    @property
    def evidence(self) -> Evidence:
        """Itself, so that evidence can be given wherever something that has evidence can."""
        return self

    def as_json(self) -> dict[str, Any]:
        """The report's form: only the members that this kind has."""
        members = {
            "kind": self.kind,
            "id": self.id,
            "pointer": self.pointer,
            "line": self.line,
            "question": self.question,
        }
        return {name: value for name, value in members.items() if value is not None}


class HasEvidence(Protocol):
    """Anything a verdict can point at."""

    @property
    def evidence(self) -> Evidence:
        """Where to look."""
        ...


class Claim(Struct, frozen=True):
    """The vendor's own answer to one question, from the vendor file.

    `numbers` holds every number given with it ("per_hour", "retries", "notice_days" ...); `evidence_url`
    a public page that is said to prove it, and `proven` whether that page could be read by anyone.
    """

    question: str
    answer: Literal["yes", "no", "partly"] | None
    numbers: Mapping[str, float] = field(default_factory=dict)
    evidence_url: str | None = None
    proven: bool = False

    @property
    def evidence(self) -> Evidence:
        """The claim itself."""
        return Evidence("claim", question=self.question)


class ClaimTest(Struct, frozen=True):
    """A claim held against what was seen, in words for both sides."""

    question: str
    claimed: str
    observed: str
    contradicted: bool


class FlagMark(Struct, frozen=True):
    """A finding's word on one red flag. `severity` overrides the flag's own table where a finding knows better."""

    flag: str
    raised: bool
    severity: Severity | None = None


class Finding(Struct, frozen=True):
    """What one check found.

    `check`, `question`, `aspect`, `severity`, `decisive`, `sends` are filled in by the engine from the check's
    declaration.
    `subject` is what the finding is about (a resource, field, operation or status; never wording, record ids or
    counts): with the check's id it makes the fingerprint. `absence` marks a not_met that says "there is no such
    feature", which contradicts no claim. `facts` are measured numbers for the capacity model and the reader.
    """

    verdict: Verdict
    basis: Basis
    summary: str
    check: str = ""
    question: str = ""
    aspect: str = ""
    severity: Severity = Severity.SERIOUS
    decisive: bool = True
    sends: Sends = Sends.NOTHING
    reason: Reason | None = None
    detail: str = ""
    remedy: str = ""
    subject: str = ""
    absence: bool = False
    evidence: tuple[Evidence, ...] = ()
    flags: tuple[FlagMark, ...] = ()
    claims: tuple[ClaimTest, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)

    def raises(self, flag: str, severity: Severity | None = None) -> Finding:
        """A copy that also raises a red flag; `severity` where it knows better than the flag's own table."""
        return replace(self, flags=(*self.flags, FlagMark(flag, True, severity)))

    def clears(self, flag: str) -> Finding:
        """A copy that also says that a red flag was looked for and not found."""
        return replace(self, flags=(*self.flags, FlagMark(flag, False)))

    def tests_claim(self, question: str, *, claimed: str, observed: str, contradicted: bool) -> Finding:
        """A copy with a claim of the vendor held against what was seen."""
        return replace(self, claims=(*self.claims, ClaimTest(question, claimed, observed, contradicted)))

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that stay the same when wording, counts and record ids change."""
        return hashlib.sha256(f"{self.check}\n{self.subject}".encode()).hexdigest()[:16]


class Request(Struct, frozen=True):
    """A request as it was sent, secrets already replaced by marks."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None


class Response(Struct, frozen=True):
    """An answer as it was recorded. `size` is in bytes after decompression; `truncated` says that the cap was hit."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    size: int
    truncated: bool = False
    http_version: str = "HTTP/1.1"


class Exchange(Struct, frozen=True, dict=True):
    """One request and what came back, as written to the journal. Judging reads only this.

    `owner` is the check (or shared observation) that asked; `role` the credential's role, None for a stranger;
    `started` ISO 8601 UTC; `elapsed` seconds until the whole body had arrived. `response` is None where none came,
    and then `failure` says why in words and `reason` in kind. `notes` are facts computed from the raw bytes before
    redaction (for example {"echoes_credential": true}).
    """

    id: int
    owner: str
    purpose: Purpose
    role: str | None
    request: Request
    response: Response | None
    started: str
    elapsed: float
    failure: str | None = None
    reason: Reason | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evidence(self) -> Evidence:
        """Where the report shows it."""
        return Evidence("exchange", id=self.id)

    @property
    def status(self) -> int:
        """The status code; 0 where no answer came."""
        return self.response.status if self.response else 0

    @property
    def ok(self) -> bool:
        """Whether the answer is a success (2xx)."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text; empty where no answer came."""
        return self.response.body if self.response else ""

    @property
    def media_type(self) -> str:
        """The media type in lower case without parameters, such as "application/json"; empty where none was named."""
        return (self.header("content-type") or "").split(";")[0].strip().lower()

    def header(self, name: str) -> str | None:
        """The first header of that name, in any case; None where there is none."""
        wanted = name.lower()
        headers = self.response.headers if self.response else ()
        return next((value for key, value in headers if key.lower() == wanted), None)

    @cached_property
    def json(self) -> Any:
        """The body parsed as JSON; None where it is not JSON (or is the word null)."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None
