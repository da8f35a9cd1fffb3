"""What a check may ask: the specification, the vendor in CMMS words, the claims, and shared observations."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from cmms_audit.api import Api
from cmms_audit.battery.check import Check
from cmms_audit.battery.verdicts import not_met, unknown
from cmms_audit.dialect import Dialect
from cmms_audit.documentation import Documentation, read_documentation
from cmms_audit.errors import CouldNotLook
from cmms_audit.events.stage import Stage
from cmms_audit.guide import Guide
from cmms_audit.model import Claim, Exchange, Finding, HasEvidence, Reason
from cmms_audit.own_records import Created, OwnRecords
from cmms_audit.own_trials import Trials
from cmms_audit.paging import Page
from cmms_audit.sample_bodies import Sources
from cmms_audit.spec.index import Prose, Spec
from cmms_audit.spec.limits import PublishedLimit, PublishedSideLimit, published_limits, published_side_limits
from cmms_audit.spec.load import NotASpec
from cmms_audit.spec.resources import Resource
from cmms_audit.spec.schema import Field, Schema
from cmms_audit.spec.sentences import sentences
from cmms_audit.vendor import MappingNeed
from cmms_audit.wire.rate_headers import RateFacts, read_limits

if TYPE_CHECKING:
    from cmms_audit.events.facts import EventTrial
    from cmms_audit.spec_diff import SpecDiff
    from cmms_audit.webhooks.received import Received
    from cmms_audit.wire.dialogue import AskedClock

T = TypeVar("T")

WORK_ORDERS = "work_orders"
RECORD_KINDS = (
    WORK_ORDERS, "assets", "locations", "sites", "purchase_orders", "labor", "meters", "inventory", "requests",
)  # fmt: skip


class VendorFacts(Struct, frozen=True):
    """What checks may know of the vendor file: addresses and needs, no credential.

    `volumes` are the integration's own figures (records_per_pull, events_per_minute ...); `sandbox` says whether the
    file calls its environment one; `requests` how many a run may send, `burst_requests` how many a burst may, `seconds`
    how long it may take; `samples` what a record that may be created looks like, by kind; `may_subscribe` says whether
    the user allowed subscriptions to events, `may_write` whether records of our own, `watch_seconds` how long to wait
    for events, `reached_by` who can send them here.
    """

    base_url: str
    docs_url: str | None
    spec_url: str | None
    sandbox: bool
    scenarios: tuple[str, ...]
    volumes: Mapping[str, float]
    mapping: tuple[MappingNeed, ...]
    claims: Mapping[str, Claim]
    roles: frozenset[str]
    credential_types: Mapping[str, str]
    requests: int = 400
    burst_requests: int = 150
    seconds: float = 600
    samples: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    may_subscribe: bool = False
    may_write: bool = False
    watch_seconds: float = 120
    reached_by: Literal["the vendor", "a tunnel", "nobody"] = "the vendor"


class Subject(Struct, frozen=True):
    """Everything that is the same for all checks of one run.

    `previous` is what the last release published, `run_id` what marks the records that this run creates, `captured`
    what another receiver took.
    """

    document: Spec | NotASpec
    dialect: Dialect
    resources: Mapping[str, Resource]
    vendor: VendorFacts
    guide: Guide
    api: Api | None
    run_id: str = ""
    seed: int = 0
    previous: Spec | NotASpec | None = None
    captured: tuple[Received, ...] = ()
    observations: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    first_pages: dict[str, Page] = field(default_factory=dict)
    stage: Stage = field(default_factory=Stage)

    async def shared(self, name: str, make: Callable[[Api], Awaitable[T]]) -> T:
        """An observation that several ask for by name and that is made once.

        `make` is given an Api that records under the observation's name. Whoever gives up waiting leaves the
        observation running for the others. Raises CouldNotLook in an offline run.
        """
        if self.api is None:
            raise CouldNotLook(Reason.OFFLINE, "this run sent nothing to the vendor")
        if name not in self.observations:
            api = self.api.asked_by(f"observation:{name}")
            self.observations[name] = asyncio.ensure_future(_run(make, api))
        result: T = await asyncio.shield(self.observations[name])
        return result

    async def end_observations(self) -> None:
        """Stop whatever is still being observed, and wait until it has stopped."""
        under_way = [task for task in self.observations.values() if not task.done()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def first_page(self, kind: str) -> Page:
        """The first page of a resource as `main` sees it, asked for once in a run."""
        self.first_pages[kind] = await self.shared(f"first page of {kind}", lambda api: api.page(kind))
        return self.first_pages[kind]


class Context:
    """One check's view of the run."""

    def __init__(self, subject: Subject, check: Check) -> None:
        self._subject = subject
        self._check = check
        self.vendor = subject.vendor
        self.words = subject.dialect
        self.random = random.Random(f"{subject.seed} {check.id}")  # noqa: S311 - for choosing, never for secrets

    @property
    def document(self) -> Spec | NotASpec:
        """What the vendor handed over: a specification, or something else that is named for what it is."""
        return self._subject.document

    @property
    def has_spec(self) -> bool:
        """Whether there is a specification to read."""
        return isinstance(self._subject.document, Spec)

    @property
    def spec(self) -> Spec:
        """The specification. Raises CouldNotLook where the vendor published none."""
        document = self._subject.document
        if isinstance(document, Spec):
            return document
        raise CouldNotLook(Reason.VENDOR_SILENT, f"there is no API description to read: {document.says}")

    @property
    def has_previous_spec(self) -> bool:
        """Whether the vendor file names what the last release published."""
        return self._subject.previous is not None

    def spec_changes(self) -> SpecDiff:
        """What changed since the last release. Raises CouldNotLook where one of both descriptions is missing."""
        previous = self._subject.previous
        if previous is None:
            says = "the vendor file names no description of the last release (previous_spec)"
            raise CouldNotLook(Reason.VENDOR_SILENT, says)
        if not isinstance(previous, Spec):
            says = f"the description of the last release cannot be compared: {previous.says}"
            raise CouldNotLook(Reason.VENDOR_SILENT, says)
        return _changes(previous, self.spec)

    @property
    def api(self) -> Api:
        """The vendor's live system. Raises CouldNotLook in an offline run."""
        if self._subject.api is None:
            raise CouldNotLook(Reason.OFFLINE, "this run sent nothing to the vendor")
        return self._subject.api.asked_by(self._check.id)

    @cached_property
    def own(self) -> OwnRecords:
        """Records that this check makes for itself. Raises CouldNotLook in an offline run."""
        return OwnRecords(self.api, run_id=self._subject.run_id, sources=self._sources)

    def trials(self, made: Created, credential: str) -> Trials:
        """Writes at a record of our own, with a credential that should not be able to write."""
        return Trials(
            self.api, self.own, self._sources, made, credential, subscribing=self._subject.vendor.may_subscribe
        )

    async def events(self) -> EventTrial:
        """Events that were subscribed, caused and watched, once in a run.

        Raises CouldNotLook: not-permitted where nothing may be written; resource-not-found, vendor-silent where nothing
        can be subscribed or caused.
        """
        if not self.vendor.may_write:
            says = "not looked at: events are caused by creating records, which needs the permission to write (writes)"
            raise CouldNotLook(Reason.NOT_PERMITTED, says)
        if self.vendor.reached_by == "nobody":
            says = (
                "not looked at: the vendor's system cannot reach this machine; give webhooks.public_url in the vendor "
                "file, or deliveries that were captured elsewhere (--webhook-log)"
            )
            raise CouldNotLook(Reason.NOT_PERMITTED, says)
        for kind in ("webhooks", WORK_ORDERS):
            self.resource(kind)
        return await self._subject.shared("events", self._try_events)

    def captured(self) -> tuple[Received, ...]:
        """The deliveries that the user's own receiver took, in the order in which they came; none in most runs."""
        return self._subject.captured

    async def _try_events(self, api: Api) -> EventTrial:
        from cmms_audit.events.trial import try_events  # few runs may subscribe

        own = OwnRecords(api, run_id=self._subject.run_id, sources=self._sources)
        trial = await try_events(api, own, self._sources, self.vendor.watch_seconds, self._subject.stage)
        return replace(trial, by_tunnel=self.vendor.reached_by == "a tunnel")

    @property
    def _sources(self) -> Sources:
        """Where values for records of our own come from."""
        samples = self._subject.vendor.samples
        return Sources(self._subject.resources, self._subject.dialect, samples, self._subject.first_page)

    @property
    def clock(self) -> AskedClock:
        """What time it is, and waiting; recorded like everything that is asked. Raises CouldNotLook offline."""
        return self.api.clock

    def sentences(self, about: re.Pattern[str]) -> list[Prose]:
        """What the specification says about a subject in prose. Raises CouldNotLook without a specification."""
        return list(sentences(self.spec.prose(), about))

    def published_limits(self) -> tuple[PublishedLimit, ...]:
        """The rate limits that the specification states in numbers. Raises CouldNotLook without a specification."""
        return published_limits(self.spec)

    def published_side_limits(self) -> tuple[PublishedSideLimit, ...]:
        """The limits on concurrent calls and bursts that the specification states. Raises CouldNotLook without one."""
        return published_side_limits(self.spec)

    def rate_headers(self, exchange: Exchange) -> RateFacts:
        """What an answer's headers say of rate limits; moments are read as seconds from when it was asked for."""
        headers = exchange.response.headers if exchange.response else ()
        return read_limits(headers, datetime.fromisoformat(exchange.started))

    @property
    def claim(self) -> Claim | None:
        """The vendor's own answer to this check's question."""
        return self.vendor.claims.get(self._check.question)

    @property
    def resources(self) -> Mapping[str, Resource]:
        """Every resource that was found, by kind."""
        return self._subject.resources

    def has(self, kind: str) -> bool:
        """Whether the vendor has this resource, as far as anyone can see."""
        return kind in self._subject.resources

    def resource(self, kind: str) -> Resource:
        """A resource by kind. Raises CouldNotLook (resource-not-found), naming what the user can write to help."""
        try:
            return self._subject.resources[kind]
        except KeyError:
            plain = kind.replace("_", " ")
            raise CouldNotLook(
                Reason.RESOURCE_NOT_FOUND,
                f"no path could be recognised as the {plain}; name it in the vendor file under"
                f" resources: {kind}: {{path: /…}}",
            ) from None

    def field(self, schema: Schema | None, concept: str) -> Field | None:
        """The field of a documented record that stands for a concept ("site", "updated"), by the dialect's words."""
        name = self.words.field_in(concept, schema.properties) if schema else None
        return next((field for field in schema.fields() if field.name == name), None) if schema else None

    def value(self, record: Mapping[str, Any], concept: str) -> Any:
        """What a live record holds for a concept; None where it has no such member."""
        name = self.words.field_in(concept, record)
        return record[name] if name is not None else None

    def absent(self, summary: str, *evidence: HasEvidence, subject: str = "") -> Finding:
        """The answer where the specification shows no sign of a feature.

        What silence means differs by question (`absence` in its group.yaml): a feature of the API that is not
        described is not there, provided the document was read whole, is of a kind that has words for such a feature,
        and its work orders were recognised; what vendors usually provide outside the API is unknown. A claim of the
        vendor is left to stand in.
        """
        places = evidence or (self.spec.evidence_at(""),)
        question = self._subject.guide.questions[self._check.question]
        if question.absence == "outside" or self._is_claimed():
            return unknown(summary, *places, subject=subject)
        if not self.spec.tells(self._check.question):
            why = f"{summary}; but the document is written as {self.spec.written_in.name}, which need not show it"
            return unknown(why, *places, subject=subject)
        if not self._work_orders_identified():
            return unknown(
                f"{summary}; but the work orders could not be recognised either, so this may be our oversight",
                *places,
                reason=Reason.RESOURCE_NOT_FOUND,
                subject=subject,
            )
        if not self.spec.whole:
            return unknown(f"{summary}; but the document could not be read whole", *places, subject=subject)
        return not_met(summary, *places, subject=subject, absence=True)

    def _is_claimed(self) -> bool:
        """Whether the vendor claims the feature, in answer to this question or to one that only makes sense with it."""
        children = [each.id for each in self._subject.guide.questions.values() if each.parent == self._check.question]
        claims = [self.vendor.claims.get(each) for each in (self._check.question, *children)]
        return any(claim is not None and claim.answer != "no" for claim in claims)

    def _work_orders_identified(self) -> bool:
        resource = self._subject.resources.get(WORK_ORDERS)
        return resource is not None and not resource.nearest

    async def shared(self, name: str, make: Callable[[Api], Awaitable[T]]) -> T:
        """An observation that several checks need, made once; see `Subject.shared`."""
        return await self._subject.shared(name, make)

    async def first_page(self, kind: str) -> Page:
        """The first page of a resource as `main` sees it; asked for once in a run, however many checks want it."""
        return await self._subject.first_page(kind)

    async def first_pages(self, kinds: Iterable[str] = RECORD_KINDS) -> dict[str, Page]:
        """The first pages of those of these resources that can be read. Raises CouldNotLook where there is none."""
        pages = {}
        refusals = [CouldNotLook(Reason.RESOURCE_NOT_FOUND, "no list of records was found that could be read")]
        for kind in kinds:
            if self.has(kind) and "{" not in self.resources[kind].path:
                try:
                    pages[kind] = await self.first_page(kind)
                except CouldNotLook as why:
                    refusals.append(why)
        if not pages:
            raise refusals[-1]
        return pages

    async def public_document(self, url: str) -> Exchange:
        """What anybody gets who asks for a document, without credential; asked for once in a run."""
        return await self.shared(f"document {url}", lambda api: api.document(url))

    async def documentation(self) -> Documentation:
        """The vendor's public documentation, read once in a run. Raises CouldNotLook where no address is given."""
        address = self.vendor.docs_url
        if address is None:
            raise CouldNotLook(Reason.VENDOR_SILENT, "the vendor file names no public documentation (docs_url)")
        front = await self.public_document(address)
        return await self.shared("documentation", lambda api: read_documentation(api, front))


@lru_cache(maxsize=2)
def _changes(old: Spec, new: Spec) -> SpecDiff:
    from cmms_audit.spec_diff import compare  # most runs have one description only

    return compare(old, new)


async def _run(make: Callable[[Api], Awaitable[T]], api: Api) -> T:
    return await make(api)
