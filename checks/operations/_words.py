"""Searches the description of operations for a subject: in parameters, statuses and texts."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cmms_audit.battery import Context, Operation, Parameter, Prose, Resource, sentences, squeezed


def texts(operation: Operation) -> str:
    """What the document says of an operation in words."""
    answers = " ".join(response.description for response in operation.responses)
    return f"{operation.summary} {operation.description} {answers}"[:20_000]


def header(operation: Operation, names: Iterable[str]) -> Parameter | None:
    """The request header of one of these names that an operation takes."""
    wanted = {squeezed(name) for name in names}
    return next(
        (each for each in operation.parameters if each.where == "header" and squeezed(each.name) in wanted), None
    )


def quoted(prose: Prose, most: int = 300) -> str:
    """A sentence as a quotation for the detail of a finding."""
    return f"“{prose.text[:most]}”"


def statuses(operation: Operation) -> set[str]:
    """The statuses that are documented for an operation."""
    return {response.status.upper() for response in operation.responses}


def prose_about(ctx: Context, about: re.Pattern[str], resource: Resource) -> list[Prose]:
    """What the document says of a subject in general, or at the operations of this resource."""
    own = (resource.list, resource.read, resource.create, resource.update, resource.delete)
    general = (each for each in ctx.spec.prose() if not each.of_operation)
    of_these = (
        Prose(text, operation, of_operation=True)
        for operation in own
        if operation is not None
        for text in (operation.summary, operation.description)
        if text
    )
    return list(sentences((*general, *of_these), about))
