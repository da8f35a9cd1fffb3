"""operations.concurrency: whether a change that is based on an old version of a record is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from cmms_audit.battery import (
    Context,
    CouldNotLook,
    Created,
    Extra,
    Field,
    Finding,
    Operation,
    OwnRecords,
    Resource,
    check,
    members,
    met,
    not_applicable,
    not_met,
    partial,
    pattern,
    unknown,
)
from cmms_audit.model import Exchange, Reason

from ._lists import changeable_kind
from ._words import header, prose_about, quoted, statuses, texts

QUESTION = "operations.concurrency"

_ABOUT_LOCKING = pattern(
    r"\boptimistic (?:lock|concurren)|\bIf-Match\b|\blost updates?\b|\bprecondition failed\b"
    r"|(?:updated|changed|modified) by another|\bstale (?:version|revision|record|data|object|etag|copy|write|update)"
    r"|\b(?:version|revision|record|data|object|entity|etag|copy|update)\b[^.\n]{0,20}"
    r"\b(?:is|was|are|being) (?:stale|outdated|out of date|not (?:the )?(?:current|latest))\b"
    r"|\b(?:version|revision) (?:conflict|mismatch)|\b(?:versions?|revisions?) (?:do(?:es)? not|don't|doesn't) match\b",
    re.IGNORECASE,
)
_MUST_BE_CURRENT = pattern(
    r"\b(?:current|latest|last(?: known| read)?|expected|same) (?:version|revision|value)\b|\bmust (?:match|equal)\b"
    r"|\bstale\b|\boptimistic\b|\bconcurren",
    re.IGNORECASE,
)
_OR_REFUSED = pattern(r"\b(?:refus|reject|den(?:y|ied)|fail|conflict)|\b4(?:09|12|28)\b", re.IGNORECASE)


@check(question=QUESTION, id="operations.locking-documented", aspect="lock", sends="nothing")
def locking_documented(ctx: Context) -> Finding:
    """Looks for ETag and If-Match, the answers 412 and 428, or a version field that updates ask for."""
    resource = ctx.resource(changeable_kind(ctx))
    if resource.update is None:
        return not_applicable(f"no way to change a record of {resource.path} is described", resource)
    updates = _updates(ctx, resource.update)
    guards = {each: guard for each in updates if (guard := _guard(ctx, resource, each))}
    refusals = [each for each in updates if {"412", "428"} & statuses(each) or _refuses_stale(ctx, each)]
    detail = _detail(ctx, resource, updates)
    both = [each for each in refusals if each in guards]
    if both:
        says = f"a change of a record of {resource.path} that is based on an old version is refused"
        return met(f"{says}, by {guards[both[0]]}", *both, detail=detail)
    if guards:
        guard = next(iter(guards.values()))
        says = f"updates of {resource.path} take {guard}, but the document does not say that a stale one is refused"
        return partial(says, *guards, detail=detail)
    prose = prose_about(ctx, _ABOUT_LOCKING, resource)
    if refusals or prose or _serves_etags(resource) or _speaks_of_locking(resource.update):
        says = "protection against overwriting is hinted at, but"
        says = f"{says} the update of {resource.path} shows no way to ask for it"
        return partial(says, resource.update, *prose[:1], detail="\n".join([detail, *map(quoted, prose[:1])]))
    says = f"nothing keeps two clients from overwriting each other's changes at {resource.path}"
    return ctx.absent(says, resource.update)


def _updates(ctx: Context, update: Operation) -> list[Operation]:
    """Every way to change one record: what PATCH does not take, PUT may."""
    found = (ctx.spec.operation(method, update.path) for method in ("PATCH", "PUT", "POST"))
    return [each for each in found if each is not None] or [update]


def _detail(ctx: Context, resource: Resource, updates: Sequence[Operation]) -> str:
    version = ctx.field(resource.record, "version")
    etag = "carry an ETag" if _serves_etags(resource) else "are not described with an ETag"
    etag = f"carry their version in the field {version.name}" if version else etag
    kinds = [code for code in ("409", "412", "428") if any(code in statuses(each) for each in updates)]
    return f"records {etag}\nrefusals described for updates: {', '.join(kinds) or 'none of 409, 412, 428'}"


def _guard(ctx: Context, resource: Resource, update: Operation) -> str | None:
    """What an update can be made conditional on: a request header, or a version that is sent along."""
    condition = header(update, ctx.words.preconditions)
    if condition:
        return f"the header {condition.name}"
    version = ctx.field(resource.record, "version")
    sent = ctx.field(update.request, "version")
    if sent and not sent.schema.read_only and (version or _is_condition(_said_of(sent))):
        return f"the version field {sent.name}"
    return None


def _refuses_stale(ctx: Context, update: Operation) -> bool:
    """Whether 409 is described as the answer to an old version, or the version that is sent as one that must hold."""
    if "409" in statuses(update) and _ABOUT_LOCKING.search(texts(update)):
        return True
    sent = ctx.field(update.request, "version")
    return sent is not None and _is_condition(_said_of(sent))


def _is_condition(says: str) -> bool:
    """Whether a field is said to hold the version that a record still has, lest the change is refused."""
    return bool(_MUST_BE_CURRENT.search(says) and _OR_REFUSED.search(says))


def _said_of(field: Field) -> str:
    return field.schema.description[:2_000]


def _speaks_of_locking(update: Operation) -> bool:
    """Whether a member of what is sent is said to keep changes apart."""
    return any(_ABOUT_LOCKING.search(inner.description[:2_000]) for _, inner in members(update.request, 3))


def _serves_etags(resource: Resource) -> bool:
    answers = [response for op in (resource.read, resource.update) if op for response in op.responses]
    return any(name.lower() == "etag" for response in answers for name in response.headers)


_REFUSES_STALE = frozenset({409, 412, 428})
_LONGER_THAN_A_SECOND = 1.1  # dates in headers know no fractions
FLAG = "lost-update"
_FIRST, _STALE = "first change", "change from an old copy"
_UNCLEAR = (401, 403, 408, 425, 429)  # refusals that say nothing of the version


class _Condition(Struct, frozen=True):
    """What makes a change conditional on the version that was read: in words, and what is sent."""

    says: str
    extra: Extra


class _Changes(Struct, frozen=True):
    """The answers to three changes from one copy: the first, one after it, and one that names no version at all."""

    first: Exchange
    stale: Exchange
    unconditional: Exchange | None = None


@check(
    question=QUESTION,
    id="operations.stale-change-refused",
    aspect="lock",
    sends="writes",
    flags=(FLAG,),
    exclusive=True,
)
async def stale_change_refused(ctx: Context) -> Finding:
    """Changes a record of our own twice from the same copy: the second change must be refused."""
    kind = changeable_kind(ctx)
    resource = ctx.resource(kind)
    if resource.update is None:
        return not_applicable(f"no way to change a record of {resource.path} is described", resource)
    async with ctx.own.tidied() as own:
        made = await own.create(kind)
        copy = await own.read(made)
        condition = _condition(ctx, own, resource.update, copy)
        changes = await _change_from(ctx, own, made, condition)
        if not changes.first.ok:
            return _first_refused(changes.first, condition)
        if changes.stale.status in _REFUSES_STALE:
            return _refused(ctx, resource.update, changes, condition)
        return await _overwritten(own, made, changes, condition)


def _condition(ctx: Context, own: OwnRecords, update: Operation, copy: Exchange) -> _Condition | None:
    """What the vendor gives to make a change conditional: an ETag, a version, else the time of the last change.

    Many servers give ETags for caching alone: where changes take a version too, both are sent.
    """
    etag, modified = copy.header("etag"), copy.header("last-modified")
    version, sent = ctx.value(own.record(copy), "version"), ctx.field(update.request, "version")
    asked = header(update, ("If-Match",))
    if not etag and asked and not sent:
        etag = next((each for each in (version, own.record(copy).get("@odata.etag")) if isinstance(each, str)), None)
    headers = {"If-Match": etag} if etag else {}
    if sent and not sent.schema.read_only and version is not None:
        return _Condition(f"the version that was read ({sent.name})", Extra({sent.name: version}, headers))
    if etag:
        return _Condition("the ETag that was read (If-Match)", Extra(headers=headers))
    if modified:
        extra = Extra(headers={"If-Unmodified-Since": modified})
        return _Condition("the time of the last change (If-Unmodified-Since)", extra)
    return None


async def _change_from(ctx: Context, own: OwnRecords, made: Created, condition: _Condition | None) -> _Changes:
    given = condition.extra if condition else Extra()

    async def change(words: str, extra: Extra) -> Exchange:
        text = own.text_of(made, words, for_update=True)
        return await own.change(made, Extra({**extra.members, **text}, extra.headers))

    if "If-Unmodified-Since" in given.headers:
        await ctx.clock.sleep(_LONGER_THAN_A_SECOND)
    first = await change(_FIRST, given)
    strong = given.headers.get("If-Match", "").removeprefix("W/")
    if first.status == 412 and strong != given.headers.get("If-Match"):  # made weak on its way, by compression
        given = Extra(given.members, {"If-Match": strong})
        first = await change(_FIRST, given)
    if not first.ok:
        return _Changes(first, first)
    stale = await change(_STALE, given)
    if stale.ok or condition is None:
        return _Changes(first, stale)
    return _Changes(first, stale, await change("change without a version", Extra()))


def _first_refused(first: Exchange, condition: _Condition | None) -> Finding:
    """A change that should pass did not."""
    if condition and first.status == 412:
        return not_met(f"a change that gives {condition.says} is refused although it is the present one", first)
    if condition is None and first.status in (412, 428):
        return not_met("a change must name the version that it is based on, but the record does not tell it", first)
    if first.status in (401, 403):
        raise CouldNotLook(Reason.CREDENTIAL, f"the credential may not change records ({first.status})", first)
    reason = Reason.VENDOR_SILENT if 400 <= first.status < 500 else Reason.CONNECTIVITY
    return unknown(f"a plain change of a record was answered with {first.status}", first, reason=reason)


def _refused(ctx: Context, update: Operation, changes: _Changes, condition: _Condition | None) -> Finding:
    """The stale change was refused. What names no version should be too, or the document should say that it is not."""
    code = changes.stale.status
    last = changes.unconditional
    if condition is None:
        return met(f"a second change from the same copy is refused with {code}", changes.stale).clears(FLAG)
    says = f"a change that gives {condition.says} passes once, and is refused with {code} when that is old"
    seen = [each for each in (changes.first, changes.stale, last) if each]
    if last is None or not last.ok:
        ending = f"; one that names no version is answered with {last.status}" if last else ""
        return met(says + ending, *seen).clears(FLAG)
    detail = f"a change that names no version is accepted ({last.status})"
    if any(_guard(ctx, ctx.resource(changeable_kind(ctx)), each) for each in _updates(ctx, update)):
        return met(says, *seen, detail=detail).clears(FLAG)
    return partial(f"{says}; the document does not tell, and {detail}", *seen).clears(FLAG)


async def _overwritten(own: OwnRecords, made: Created, changes: _Changes, condition: _Condition | None) -> Finding:
    """The stale change was not refused: whether it really took the place of the first one."""
    status = changes.stale.status
    if not changes.stale.ok and not (400 <= status < 500 and condition):
        reason = Reason.VENDOR_SILENT if 400 <= status < 500 else Reason.CONNECTIVITY
        return unknown(f"a change from an old copy was answered with {status}", changes.stale, reason=reason)
    now = await own.read(made)
    seen = (changes.first, changes.stale, now)
    if not changes.stale.ok:
        return _refused_oddly(own, made, changes, now)
    if not _holds(own, now, made, _STALE):
        if status == 202:
            return unknown("a change from an old copy was only taken in (202), and is not seen to be done", *seen)
        return not_met("a change from an old copy is answered as done, and is not done", *seen)
    given = f"although it gives {condition.says}" if condition else "and nothing is offered to prevent it"
    says = f"a change from an old copy overwrites one that was made in the meantime, {given}"
    return not_met(says, *seen).raises(FLAG)


def _refused_oddly(own: OwnRecords, made: Created, changes: _Changes, now: Exchange) -> Finding:
    """The stale change was refused with a status that means something else; the first change shows that it was."""
    status = changes.stale.status
    seen = (changes.first, changes.stale, now)
    says = f"a change from an old copy was answered with {status}"
    if status in _UNCLEAR or not _holds(own, now, made, _FIRST):
        return unknown(says, *seen, reason=Reason.VENDOR_SILENT)
    says = f"a change from an old copy is refused with {status}, which does not tell that the record has changed"
    return partial(says, *seen).clears(FLAG)


def _holds(own: OwnRecords, now: Exchange, made: Created, words: str) -> bool:
    """Whether a record holds a changed text, however the vendor writes it."""
    wanted = own.text_of(made, words, for_update=True)
    record = own.record(now)
    return all(value.casefold() in str(record.get(name)).casefold() for name, value in wanted.items())
