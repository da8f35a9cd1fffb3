"""Records that these checks make for themselves: of which kind, and what it means when none can be made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cmms_audit.battery import RECORD_KINDS, Context, CouldNotLook
from cmms_audit.model import Reason

_PASSING = (Reason.BUDGET, Reason.CONNECTIVITY, Reason.TIMEOUT, Reason.INTERRUPTED)
NOTHING_TO_MAKE = "no way to create a record is described, so there is none with which to try it"


def kind_to_make(ctx: Context) -> str | None:
    """The first kind of record that can be created without another one to put it below; None where there is none."""
    found = (ctx.resource(each) for each in RECORD_KINDS if ctx.has(each))
    return next((each.kind for each in found if each.create is not None and "{" not in each.path), None)


@contextmanager
def making() -> Iterator[None]:
    """Around what makes a record: where that fails for good, the check could not be tried, which is nobody's fault."""
    try:
        yield
    except CouldNotLook as why:
        reason = why.reason if why.reason in _PASSING else Reason.NOT_PERMITTED
        summary = f"no record could be made at which to try it: {why.summary}"
        raise CouldNotLook(reason, summary, *why.evidence) from None
