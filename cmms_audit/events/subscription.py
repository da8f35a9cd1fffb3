"""What a subscription to events is made of: where to call, which events, and what narrows them, by the dialect's words.

The mark by which a subscription is known as ours stands in the address that it calls. Nothing is sent here.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from cmms_audit.dialect import Dialect, squeezed
from cmms_audit.errors import CouldNotLook
from cmms_audit.model import Reason
from cmms_audit.patterns import pattern
from cmms_audit.sample_bodies import Sources, required_members
from cmms_audit.spec.resources import Resource
from cmms_audit.spec.schema import Schema

NARROWING = ("event_types", "priority", "asset_class", "site")
_DEEPEST = 2
_ORDER = pattern(r"(?:work|service)orders?|^wo[^r]")
_OTHER_ORDER = pattern(r"(?:purchase|sales|stock|transfer)order")
_NEW_ORDER = pattern(
    r"(?:order|^wo)s?(?:creat|new|open|add)|(?:new|creat(?:e|ed|ion|ionof)?|open(?:ed)?|add(?:ed)?)(?:work|service)?(?:order|wo$)"
)


class Wish(Struct, frozen=True):
    """What a subscription should be: called at `url`, signed with `secret` where one may be given.

    `only` narrows it, by concept ("priority", "site" ...), to these values; what cannot be narrowed so is left out.
    """

    url: str
    secret: str
    only: Mapping[str, Any] = field(default_factory=dict)


class Draft(Struct, frozen=True):
    """The body of a subscription: `narrowed` are the concepts that it could be narrowed by, `events` the kinds that it
    chose (none where there was no choice), `gives_secret` whether it carries the secret that was wished for.
    """

    body: Mapping[str, Any]
    narrowed: tuple[str, ...]
    events: tuple[str, ...]
    gives_secret: bool


async def draft(kind: str, wish: Wish, sources: Sources) -> Draft:
    """Make up a subscription to every event, narrowed as wished.

    Raises CouldNotLook where no field takes the address, or a required one cannot be filled.
    """
    resource = sources.resources[kind]
    request = resource.create.request if resource.create else None
    sample = sources.samples.get(kind)
    called = _named("callback_url", (*(sample or ()), *(request.properties if request else ())), sources.dialect)
    if called is None:
        raise _no_address(resource)
    body = copy.deepcopy(dict(sample)) if sample else await required_members(kind, request, wish.url, sources)
    body[called] = wish.url
    if request is None:
        return Draft(body, (), (), gives_secret=False)
    place = _place(request, "event_types", sources.dialect)
    kinds = _every_event(place, place.taken_from(sample or {})) if place else []
    if place and kinds:
        place.put(body, kinds)
    elif place and place.names[0] in request.required and place.names[0] not in (sample or {}):
        raise _no_event(resource)
    narrowed = tuple(each for each, value in wish.only.items() if _narrow(body, request, each, value, sources.dialect))
    events = place.taken_from(body) if place is not None else ()
    return Draft(body, narrowed, events, _give_secret(body, request, wish.secret, sources.dialect))


def events_offered(request: Schema | None, dialect: Dialect) -> tuple[str, ...]:
    """The kinds of events that a subscription can choose from, as far as they are listed."""
    place = _place(request, "event_types", dialect) if request else None
    return tuple(str(each) for each in _choices(place.schema)) if place else ()


class _Place(Struct, frozen=True):
    """Where in a body something stands: the names of the members on the way to it."""

    names: tuple[str, ...]
    schema: Schema

    @property
    def takes_several(self) -> bool:
        """Whether it is a list."""
        return "array" in self.schema.types

    def taken_from(self, body: Mapping[str, Any]) -> tuple[str, ...]:
        """What a body has there, as texts."""
        value: Any = body
        for name in self.names:
            value = value.get(name) if isinstance(value, Mapping) else None
        several = value if isinstance(value, list) else [value]
        return tuple(each for each in several if isinstance(each, str))

    def put(self, body: dict[str, Any], value: Any) -> None:
        """Put a value there, or a list of values, as the place takes it."""
        for name in self.names[:-1]:
            if not isinstance(body.get(name), dict):
                body[name] = {}
            body = body[name]
        several = value if isinstance(value, list) else [value]
        body[self.names[-1]] = several if self.takes_several else several[0]


def _every_event(place: _Place, given: Sequence[str]) -> list[Any]:
    """All kinds of events that are known, or the one about new work orders where only one can be chosen.

    `given` are those of a sample, which its maker knows best where they are not listed.
    """
    choices = list(_choices(place.schema) or given or _examples(place.schema))
    if place.takes_several:
        return choices
    return [*new_order_events(choices), *(each for each in choices if _ORDER.search(plain_kind(each))), *choices][:1]


def new_order_events(names: Iterable[Any]) -> list[Any]:
    """The kinds of events, among these, that tell of a new work order, the surest first."""
    found = [each for each in names if _is_of_new_order(plain_kind(each))]
    return sorted(found, key=lambda each: (not _ORDER.search(plain_kind(each)), len(plain_kind(each))))


def plain_kind(name: Any) -> str:
    """The name of a kind of events for comparing: "workOrder:created" and "WORK_ORDER_CREATED" are alike."""
    return squeezed(str(name).replace(":", "").replace("/", ""))


def _is_of_new_order(kind: str) -> bool:
    return bool(_NEW_ORDER.search(kind)) and not _OTHER_ORDER.search(kind)


def _narrow(body: dict[str, Any], request: Schema, concept: str, value: Any, dialect: Dialect) -> bool:
    """Let only one value of a concept through. Returns whether the subscription has a place for it that takes it."""
    place = _place(request, concept, dialect)
    if place is None:
        return False
    choices = _choices(place.schema)
    if choices and value not in choices:
        return False
    place.put(body, value)
    return True


def _give_secret(body: dict[str, Any], request: Schema, secret: str, dialect: Dialect) -> bool:
    """Give a secret of our own where the API takes one; the answer of another may still bring one."""
    name = _named("signing_secret", tuple(request.properties), dialect)
    if name is None or request.properties[name].read_only or "string" not in request.properties[name].types:
        return False
    longest = request.properties[name].max_length
    if longest is not None and longest < len(secret):
        return False  # what is cut off would neither fit nor be recognised as a secret
    body[name] = secret
    return True


def _place(request: Schema, concept: str, dialect: Dialect) -> _Place | None:
    """Where a subscription names a concept: at its top, or in a member that holds its filters."""
    return next(_places(request, concept, dialect, ()), None)


def _places(schema: Schema, concept: str, dialect: Dialect, above: tuple[str, ...]) -> Iterator[_Place]:
    properties = {name: each for name, each in schema.properties.items() if not each.read_only}
    name = _named(concept, tuple(properties), dialect)
    if name is not None and "object" not in properties[name].types:
        yield _Place((*above, name), properties[name])
    if len(above) < _DEEPEST:
        for inner, each in properties.items():
            if "object" in each.types:
                yield from _places(each, concept, dialect, (*above, inner))


def _named(concept: str, names: Collection[str], dialect: Dialect) -> str | None:
    """Which of these names stands for a concept, in the singular or the plural."""
    found = dialect.field_in(concept, names)
    if found is not None:
        return found
    singular = {_singular(name): name for name in reversed(list(names))}
    one = dialect.field_in(concept, singular)
    return singular[one] if one is not None else None


def _singular(name: str) -> str:
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-2] if name.endswith("sses") else name.removesuffix("s")


def _choices(schema: Schema) -> tuple[Any, ...]:
    return tuple(schema.enum or (schema.items.enum if schema.items else None) or ())


def _examples(schema: Schema) -> tuple[Any, ...]:
    """What a description gives as examples of a list or of its entries."""
    known = (schema.example, schema.default, *((schema.items.example,) if schema.items else ()))
    first = next((each for each in known if each not in (None, "", [])), None)
    return tuple(first) if isinstance(first, list) else (first,) if first is not None else ()


def _no_event(resource: Resource) -> CouldNotLook:
    says = f"which kinds of events {resource.path} can send is not listed; name them in a sample of a subscription"
    return CouldNotLook(
        Reason.VENDOR_SILENT, f"{says} in the vendor file under resources: {resource.kind}: {{path: …, sample: {{…}}}}"
    )


def _no_address(resource: Resource) -> CouldNotLook:
    says = f"no field of {resource.path} could be recognised that takes the address to call; give a sample of one"
    return CouldNotLook(
        Reason.VENDOR_SILENT, f"{says} in the vendor file under resources: {resource.kind}: {{path: …, sample: {{…}}}}"
    )
