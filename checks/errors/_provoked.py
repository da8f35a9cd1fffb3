"""Wrong questions, asked once in a run, so that every check of errors looks at the same answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

from msgspec import Struct

from cmms_audit.battery import Api, Context, CouldNotLook, Operation, Parameter, Resource, Schema
from cmms_audit.model import Evidence, Exchange

from ._shapes import hides_an_error

Wrong = Literal["query", "stranger", "record", "route", "media type"]

MOST_RECORDS = 3
TRIED_FIRST = ("work_orders", "assets", "locations", "sites", "purchase_orders", "labor", "inventory", "requests")

_NOT_A_VALUE = "cmms-audit-wrong"
_NO_SUCH_PATH = "/cmms-audit-no-such-path"
_NO_SUCH_MEDIA_TYPE = "application/x-cmms-audit-nothing"
_MADE_UP = "cmms-audit-made-up-credential"


class Provoked(Struct, frozen=True):
    """A wrong question and its answer.

    `asked` says in plain words what was wrong; `word` is the parameter or id at fault, empty where there is none;
    `operation` what the document has for the address, None where it has nothing.
    """

    wrong: Wrong
    asked: str
    word: str
    operation: Operation | None
    exchange: Exchange

    @property
    def evidence(self) -> Evidence:
        """The exchange."""
        return self.exchange.evidence

    @property
    def is_error(self) -> bool:
        """Whether the answer says that something was wrong, in its status or inside a success.

        That too many calls were made (429) is no answer to the question. A server that has nothing to offer in the
        format that was asked for may leave the body empty.
        """
        if self.wrong == "media type" and not self.exchange.text:
            return False
        if self.exchange.status == 429:
            return False
        return self.exchange.status >= 400 or hides_an_error(self.exchange)


async def provoked(ctx: Context) -> tuple[Provoked, ...]:
    """The answers to wrong questions (reads only). Raises CouldNotLook where no list of records is known."""

    async def ask(api: Api) -> tuple[Provoked, ...]:
        answers = [each async for each in _ask_everything(ctx, api)]
        return (*answers, *await unknown_records(ctx))

    return await ctx.shared("wrong questions", ask)


async def unknown_records(ctx: Context) -> tuple[Provoked, ...]:
    """The answers to ids that no record has, on up to three resources."""

    async def ask(api: Api) -> tuple[Provoked, ...]:
        return tuple([each async for each in _ask_for_records(ctx, api)])

    return await ctx.shared("unknown records", ask)


async def _ask_everything(ctx: Context, api: Api) -> AsyncIterator[Provoked]:
    resource = _a_list(ctx)
    parameter = _fallible(resource)
    if parameter:
        answer = await api.provoke(resource.path, params=[(parameter.name, _NOT_A_VALUE)])
        yield Provoked(
            "query", f"the word {_NOT_A_VALUE!r} for {parameter.name}", parameter.name, resource.list, answer
        )
    headers, params = _made_up_credential(ctx)
    answer = await api.forged(resource.path, headers, params)
    yield Provoked("stranger", "a made-up credential", "", resource.list, answer)
    yield Provoked("route", "an address that does not exist", "", None, await api.provoke(_NO_SUCH_PATH))
    answer = await api.provoke(resource.path, headers={"Accept": _NO_SUCH_MEDIA_TYPE})
    yield Provoked("media type", "a format that nobody has", "", resource.list, answer)


async def _ask_for_records(ctx: Context, api: Api) -> AsyncIterator[Provoked]:
    asked = 0
    for kind in _by_importance(ctx):
        resource = ctx.resources[kind]
        if asked == MOST_RECORDS or resource.read is None or resource.read.path.count("{") != 1:
            continue
        try:
            missing = api.unused_id(kind, await ctx.first_page(kind))
        except CouldNotLook:
            continue
        asked += 1
        answer = await api.provoke(api.record_path(kind, missing))
        yield Provoked(
            "record", f"a record of {kind.replace('_', ' ')} that does not exist", missing, resource.read, answer
        )


def _a_list(ctx: Context) -> Resource:
    found = [ctx.resources[kind] for kind in _by_importance(ctx)]
    lists = [each for each in found if each.list and "{" not in each.path]
    return lists[0] if lists else ctx.resource("work_orders")


def _by_importance(ctx: Context) -> list[str]:
    first = [kind for kind in TRIED_FIRST if ctx.has(kind)]
    return [*first, *(kind for kind in ctx.resources if kind not in first)]


def _fallible(resource: Resource) -> Parameter | None:
    """A query parameter that cannot take any word: a number, or else a moment, a choice, a yes or no."""
    parameters = resource.list.parameters if resource.list else ()
    ranked = [(_strictness(each.schema), each) for each in parameters if each.where == "query"]
    strict = [pair for pair in ranked if pair[0] is not None]
    return min(strict, key=lambda pair: pair[0] or 0)[1] if strict else None


def _strictness(schema: Schema) -> int | None:
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
        return {"Authorization": f"Bearer {_MADE_UP}"}, []
    for each in schemes:
        if each.type == "apiKey" and each.where == "header":
            return {each.parameter: _MADE_UP}, []
        if each.type == "apiKey" and each.where == "query":
            return {}, [(each.parameter, _MADE_UP)]
    return {"Authorization": f"Bearer {_MADE_UP}"}, []
