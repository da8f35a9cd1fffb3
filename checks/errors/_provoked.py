"""Wrong questions, asked once in a run, so that every check of errors looks at the same answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from typing import Literal

from msgspec import Struct

from cmms_audit.battery import Api, Context, CouldNotLook, Operation, Parameter, Resource, Schema
from cmms_audit.model import Evidence, Exchange, Reason

from ._shapes import hides_an_error, is_page

Wrong = Literal[
    "query", "stranger", "record", "route", "media type",
    "body", "type", "missing", "kind of body", "size", "method", "conflict", "permission",
]  # fmt: skip
OF_WRITES = ("body", "type", "missing", "kind of body", "size", "method", "conflict")

MOST_RECORDS = 3
TRIED_FIRST = ("work_orders", "assets", "locations", "sites", "purchase_orders", "labor", "inventory", "requests")

NOT_A_VALUE = "cmms-audit-wrong"
_NO_SUCH_PATH = "/cmms-audit-no-such-path"
_NO_SUCH_MEDIA_TYPE = "application/x-cmms-audit-nothing"
MADE_UP = "cmms-audit-made-up-credential"


class Provoked(Struct, frozen=True):
    """A wrong question and its answer.

    `asked` says in plain words what was wrong; `word` is the parameter, field or id at fault, empty where there is
    none; `operation` what the document has for the address, None where it has nothing; `kind` of which records it is.
    """

    wrong: Wrong
    asked: str
    word: str
    operation: Operation | None
    exchange: Exchange
    kind: str = ""

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence

    @property
    def is_error(self) -> bool:
        """Whether the answer says that something was wrong, in its status or inside a success.

        That too many calls were made (429) is no answer to the question. A server that has nothing to offer in the
        format that was asked for may leave the body empty, say so (406) in whatever form, or send what it has.
        Otherwise a page for people is no answer of an API, whatever its status.
        """
        if self.wrong == "media type" and self._is_sent_as_can_be:
            return False
        if self.exchange.status == 429 or self.is_barred or self.is_silent:
            return False
        return self.exchange.status >= 400 or hides_an_error(self.exchange) or is_page(self.exchange)

    @property
    def _is_sent_as_can_be(self) -> bool:
        """Whether nobody could expect JSON: in the format that was asked for there is none."""
        exchange = self.exchange
        return exchange.status < 400 or not exchange.text or (exchange.status == 406 and exchange.json is None)

    @property
    def is_barred(self) -> bool:
        """Whether a write was refused to the credential, so that nobody looked at what was wrong with it."""
        return self.wrong in OF_WRITES and self.exchange.status in (401, 403)

    @property
    def is_silent(self) -> bool:
        """Whether no answer came at all, or one that broke off."""
        response = self.exchange.response
        cut = response is not None and response.truncated
        return response is None or (cut and self.exchange.reason in (Reason.CONNECTIVITY, Reason.TIMEOUT))


async def provoked(ctx: Context) -> tuple[Provoked, ...]:
    """The answers to wrong questions (reads only). Raises CouldNotLook where no list of records is known."""
    return tuple(each for each in await _everything(ctx) if not each.is_silent)


async def unknown_records(ctx: Context) -> tuple[Provoked, ...]:
    """The answers to ids that no record has, on up to three resources."""
    return tuple(each for each in await _for_records(ctx) if not each.is_silent)


async def unanswered(ctx: Context) -> tuple[Provoked, ...]:
    """The wrong questions that got no answer, although the system answers other calls."""
    return tuple(each for each in await _everything(ctx) if each.is_silent)


async def _everything(ctx: Context) -> tuple[Provoked, ...]:
    questions = await _wrong_questions(ctx)
    try:
        return (*questions, *await _for_records(ctx))
    except CouldNotLook:
        return questions


async def _wrong_questions(ctx: Context) -> tuple[Provoked, ...]:
    async def ask(api: Api) -> tuple[Provoked, ...]:
        return await until_silent(api, _lists(ctx)[0].path, _ask_everything(ctx, api))

    return await ctx.shared("wrong questions", ask)


async def _for_records(ctx: Context) -> tuple[Provoked, ...]:
    async def ask(api: Api) -> tuple[Provoked, ...]:
        return await until_silent(api, _lists(ctx)[0].path, _ask_for_records(ctx, api))

    return await ctx.shared("unknown records", ask)


async def until_silent(api: Api, path: str, asked: AsyncIterator[Provoked]) -> tuple[Provoked, ...]:
    """The answers up to the first question that gets none, so that the rest does not wait in vain.

    `path` can be read as a rule. Raises CouldNotLook where it cannot be read any more: then the question is not why.
    What was learnt before a later question could not be sent is kept.
    """
    answers: list[Provoked] = []
    try:
        async for each in asked:
            answers.append(each)
            if each.is_silent:
                break
    except CouldNotLook:
        if not answers:
            raise
    if answers and answers[-1].is_silent:
        await api.get(path)
    return tuple(answers)


async def heard(asked: Awaitable[Exchange]) -> Exchange:
    """The answer, or the exchange that brought none. Raises CouldNotLook where nothing was sent."""
    try:
        return await asked
    except CouldNotLook as why:
        seen = [each for each in why.evidence if isinstance(each, Exchange)]
        if why.reason not in (Reason.CONNECTIVITY, Reason.TIMEOUT) or not seen:
            raise
        return seen[0]


async def _ask_everything(ctx: Context, api: Api) -> AsyncIterator[Provoked]:
    first, *others = _lists(ctx)
    for again in ("", ", once more"):
        async for each in _ask_of_list(api, first, again):
            yield each
    async for each in _ask_as_stranger(ctx, api, first):
        yield each
    answer = await heard(api.provoke(_NO_SUCH_PATH))
    yield Provoked("route", "an address that does not exist", "", None, answer)
    answer = await heard(api.provoke(first.path, headers={"Accept": _NO_SUCH_MEDIA_TYPE}))
    yield Provoked("media type", "a format that nobody has", "", first.list, answer, first.kind)
    for resource in others:
        async for each in _ask_of_list(api, resource):
            yield each
        async for each in _ask_as_stranger(ctx, api, resource):
            yield each


async def _ask_of_list(api: Api, resource: Resource, again: str = "") -> AsyncIterator[Provoked]:
    """A query that cannot be right, where a parameter is known that does not take any word."""
    parameter = _fallible(resource)
    if parameter:
        answer = await heard(api.provoke(resource.path, params=[(parameter.name, NOT_A_VALUE)]))
        asked = f"the word {NOT_A_VALUE!r} for {parameter.name} of {_plain(resource)}{again}"
        yield Provoked("query", asked, parameter.name, resource.list, answer, resource.kind)


async def _ask_as_stranger(ctx: Context, api: Api, resource: Resource) -> AsyncIterator[Provoked]:
    headers, params = _made_up_credential(ctx)
    answer = await heard(api.forged(resource.path, headers, params))
    asked = f"a made-up credential for {_plain(resource)}"
    yield Provoked("stranger", asked, "", resource.list, answer, resource.kind)


async def _ask_for_records(ctx: Context, api: Api) -> AsyncIterator[Provoked]:
    asked = 0
    for kind in by_importance(ctx):
        resource = ctx.resources[kind]
        if asked == MOST_RECORDS or resource.read is None or resource.read.path.count("{") != 1:
            continue
        try:
            missing = api.unused_id(kind, await ctx.first_page(kind))
        except CouldNotLook:
            continue
        asked += 1
        answer = await heard(api.provoke(api.record_path(kind, missing)))
        asked_for = f"a record of {_plain(resource)} that does not exist"
        yield Provoked("record", asked_for, missing, resource.read, answer, kind)


def _lists(ctx: Context) -> list[Resource]:
    """Up to three lists, the most telling first. Raises CouldNotLook where none is known."""
    found = [ctx.resources[kind] for kind in by_importance(ctx)]
    lists = [each for each in found if each.list and "{" not in each.path]
    return lists[:MOST_RECORDS] or [ctx.resource("work_orders")]


def _plain(resource: Resource) -> str:
    return resource.kind.replace("_", " ")


def by_importance(ctx: Context) -> list[str]:
    """The kinds of records that were found, those first that integrations need most."""
    first = [kind for kind in TRIED_FIRST if ctx.has(kind)]
    return [*first, *(kind for kind in ctx.resources if kind not in first)]


def _fallible(resource: Resource) -> Parameter | None:
    """A query parameter that cannot take any word: a number, or else a moment, a choice, a yes or no."""
    parameters = resource.list.parameters if resource.list else ()
    ranked = [(strictness(each.schema), each) for each in parameters if each.where == "query"]
    strict = [pair for pair in ranked if pair[0] is not None]
    return min(strict, key=lambda pair: pair[0] or 0)[1] if strict else None


def strictness(schema: Schema) -> int | None:
    """How surely a value is refused that is a mere word, 0 the surest; None where any word will do."""
    tests = (
        bool({"integer", "number"} & set(schema.types)),
        schema.format in ("date-time", "date"),
        schema.enum is not None,
        "boolean" in schema.types,
    )
    return tests.index(True) if any(tests) else None


def _made_up_credential(ctx: Context) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """A credential of the vendor's own kind that nobody ever issued."""
    schemes = ctx.spec.security_schemes.values() if ctx.has_spec else ()
    if any(each.type in ("oauth2", "openIdConnect") or each.scheme == "bearer" for each in schemes):
        return {"Authorization": f"Bearer {MADE_UP}"}, []
    for each in schemes:
        if each.type == "apiKey" and each.where == "header":
            return {each.parameter: MADE_UP}, []
        if each.type == "apiKey" and each.where == "query":
            return {}, [(each.parameter, MADE_UP)]
    return {"Authorization": f"Bearer {MADE_UP}"}, []
