"""Compares two operations that are the same: what they take, what they answer, and whether they are going away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cmms_audit.spec.library import Node
from cmms_audit.spec_diff.faces import Body, Face
from cmms_audit.spec_diff.ledger import BOTH, IN, OUT, Ledger, Place, named
from cmms_audit.spec_diff.parameters import Parameters
from cmms_audit.spec_diff.schemas import Schemas, references
from cmms_audit.spec_diff.shape import Shape, component

_SCHEMAS = ("#/components/schemas/", "#/definitions/")
_ANYTHING = "*/*"


class Operations:
    """The comparison of what operations take and give. Bodies and answers that they share are compared once."""

    def __init__(self, ledger: Ledger, schemas: Schemas) -> None:
        self._ledger = ledger
        self._schemas = schemas
        self._parameters = Parameters(ledger, schemas)
        self._shared: dict[Any, Place] = {}

    def compare(self, place: Place, old: Face, new: Face) -> None:
        """Note every change between two operations, at their place (which counts as a sender) and below it."""
        if old.operation.deprecated != new.operation.deprecated:
            kind = "deprecation-marked" if new.operation.deprecated else "deprecation-withdrawn"
            self._ledger.note(kind, place, old.node, new.node, what=place.label)
        answers = self._ledger.place(place.label, place.group, readers=place.senders)
        if not self._written_alike(place, answers, old, new):
            self._parameters.compare(place, old, new)
            self._request(place, old, new)
            self._answers(answers, old, new)

    def compare_message(self, place: Place, old: Face, new: Face) -> None:
        """Note every change of a message that the vendor sends, at a place that counts as a reader."""
        if old.operation.deprecated != new.operation.deprecated:
            kind = "deprecation-marked" if new.operation.deprecated else "deprecation-withdrawn"
            self._ledger.note(kind, place, old.node, new.node, what=place.label)
        before, after = old.body(), new.body()
        if before and after:
            self._answer(place, before, after)

    def _written_alike(self, place: Place, answers: Place, old: Face, new: Face) -> bool:
        """Whether nothing but named schemas can differ; those are then linked."""
        parts = [
            (holder.at("parameters"), other.at("parameters"), place, IN)
            for holder, other in ((old.path_item, new.path_item), (old.node, new.node))
        ]
        parts.append((old.node.at("requestBody"), new.node.at("requestBody"), place, IN))
        parts.append((old.node.at("responses"), new.node.at("responses"), answers, OUT))
        own_media = [[face.node.value.get(key) for key in ("consumes", "produces")] for face in (old, new)]
        if (old.inherited_media, own_media[0], old.swagger2) != (new.inherited_media, own_media[1], new.swagger2):
            return False
        if any(before.value != after.value for before, after, _, _ in parts):
            return False
        found = [references(before.value, side)[0] for before, _, _, side in parts]
        if not all(reference.startswith(_SCHEMAS) for each in found for reference, _ in each):
            return False
        for (before, after, holder, _), each in zip(parts, found, strict=True):
            self._schemas.link(holder, before, after, each)
        return True

    def _request(self, place: Place, old: Face, new: Face) -> None:
        before, after = old.body(), new.body()
        here = self._ledger.place(f"{place.label} body", place.group, senders=place.senders)
        if before and after:
            own = self._place_of(place, here, "request body", (old, new), (before, after), IN)
            if own is None:
                return
            if before.required != after.required:
                kind = "became-required" if after.required else "became-optional"
                self._ledger.note(kind, own, before.node, after.node, what="the body")
            self._bodies(own, before, after)
        elif before:
            self._ledger.note("required-body-removed" if before.required else "body-removed", here, before.node, None)
        elif after:
            self._ledger.note("required-body-added" if after.required else "body-added", here, None, after.node)

    def _answers(self, place: Place, old: Face, new: Face) -> None:
        before, after = old.answers(), new.answers()
        for status in sorted(before.keys() | after.keys()):
            was, now = _answer_for(status, before, after), _answer_for(status, after, before)
            label = f"{place.label} {named(status)}"
            if was and now:
                own = self._ledger.place(label, place.group, readers=place.readers)
                shared = self._place_of(place, own, "response", (old, new), (was, now), OUT)
                if shared is not None:
                    self._headers(shared, was.node, now.node)
                    self._answer(shared, was, now)
            else:
                success = "success" if status.startswith("2") else "error"
                kind = f"{success}-status-{'removed' if was else 'added'}"
                nodes = was.node if was else None, now.node if now else None
                self._ledger.note(kind, place, *nodes, aspect=named(status), what=status)

    def _answer(self, place: Place, old: Body, new: Body) -> None:
        if bool(old.media) != bool(new.media):
            self._ledger.note("body-removed" if old.media else "body-added", place, old.node, new.node)
        else:
            self._bodies(place, old, new)

    def _place_of(
        self, place: Place, own: Place, kind: str, faces: tuple[Face, Face], bodies: tuple[Body, Body], side: int
    ) -> Place | None:
        """Where to note changes of a body: its own place, or one that operations share; None where that is done."""
        nodes = bodies[0].node, bodies[1].node
        if any(face.owns(node) for face, node in zip(faces, nodes, strict=True)):
            return own
        key = (nodes[0].key, nodes[1].key)
        known = self._shared.get(key)
        if known is not None:
            place.links[known] = side
            return None
        one = component(nodes[0]) == component(nodes[1])
        label = f"{kind} {named(component(nodes[0]))}" if one else own.label
        made = self._ledger.place(label, label if one else own.group, shared=True)
        self._shared[key] = made
        place.links[made] = side
        return made

    def _headers(self, place: Place, old: Node, new: Node) -> None:
        before, after = ({name.lower(): (name, node) for name, node in side.child("headers").entries()}
                         for side in (old, new))  # fmt: skip
        for key in sorted(before.keys() ^ after.keys()):
            name, node = before.get(key) or after[key]
            nodes = (node, None) if key in before else (None, node)
            kind = "header-removed" if key in before else "header-added"
            self._ledger.note(kind, place, *nodes, aspect=f"header {named(key)}", what=name)

    def _bodies(self, place: Place, old: Body, new: Body) -> None:
        """Compare media types, and the schemas of those that both have; one that says the same again is passed over."""
        self._media(place, old, new)
        if old.form or new.form:
            self._forms(place, old, new)
            return
        told: list[tuple[Any, Any]] = []
        for index, (media, other) in enumerate(_common(old, new)):
            before, after = old.media[media], new.media[other]
            if before is None or after is None:
                if before is not after:
                    kind = "shape-described" if after is not None else "shape-undescribed"
                    nodes = before or old.node, after or new.node
                    self._ledger.note(kind, place, *nodes, aspect=media if index else "", was="given", now="given")
            elif (before.value, after.value) not in told:
                told.append((before.value, after.value))
                own = place if len(told) == 1 else self._beside(place, media)
                self._schemas.compare(own, before, after)

    def _beside(self, place: Place, media: str) -> Place:
        """The place of a further media type; a shared place hands its users on to it."""
        made = self._ledger.place(
            f"{place.label} {media}", place.group, shared=place.shared, senders=place.senders, readers=place.readers
        )
        place.links[made] = BOTH
        return made

    def _media(self, place: Place, old: Body, new: Body) -> None:
        if not old.media or not new.media or _ANYTHING in old.media or _ANYTHING in new.media:
            return
        for media in sorted(old.media.keys() ^ new.media.keys()):
            kind = "media-type-removed" if media in old.media else "media-type-added"
            self._ledger.note(kind, place, old.node, new.node, aspect=media, what=media)

    def _forms(self, place: Place, old: Body, new: Body) -> None:
        shapes = [body.form or _form_of(body) for body in (old, new)]
        if shapes[0] and shapes[1]:
            self._schemas.compare_shapes(place, shapes[0], shapes[1])


def _answer_for(status: str, one: Mapping[str, Body], other: Mapping[str, Body]) -> Body | None:
    """What is answered with this status: under the number, else under its class ("2XX"), or the other way round."""
    if status in one:
        return one[status]
    if not status.endswith("XX"):
        return one.get(f"{status[:1]}XX")
    numbers = [number for number in one if number[:1] == status[:1] and number not in other]
    return one[min(numbers)] if numbers else None


def _form_of(body: Body) -> Shape | None:
    node = next((schema for media, schema in body.media.items() if "form" in media and schema is not None), None)
    return Shape(node.followed()) if node is not None else None


def _common(old: Body, new: Body) -> list[tuple[str, str]]:
    """The media types whose schemas are to be compared, JSON first."""
    both = sorted(old.media.keys() & new.media.keys(), key=lambda name: (_rank(name), name))
    pairs = [(name, name) for name in both]
    if not pairs and old.media and new.media:
        left, right = (min(side, key=lambda name: (_rank(name), name)) for side in (old.media, new.media))
        if _ANYTHING in (left, right) or (_rank(left) < 2 and _rank(right) < 2):
            pairs = [(left, right)]
    return pairs


def _rank(media: str) -> int:
    name = media.partition(";")[0]
    return 0 if name == "application/json" else 1 if "json" in name else 2 if name == _ANYTHING else 3
