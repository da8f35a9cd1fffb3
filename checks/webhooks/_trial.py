"""What the event trial brought, as the live checks of this group look at it."""

from __future__ import annotations

from datetime import datetime, timedelta

from cmms_audit.battery import Context, CouldNotLook, Created, EventTrial, Tries
from cmms_audit.model import Reason

STEADY, FAILING, LATER, SILENT, BROKEN, GONE, NARROW = (
    "steady", "failing", "later", "silent", "broken", "gone", "narrow",
)  # fmt: skip


def corner(trial: EventTrial, name: str) -> Created:
    """The subscription of an address of the trial. Raises CouldNotLook where it could not be made."""
    found = trial.corners[name]
    if found.made is None:
        raise CouldNotLook(Reason.VENDOR_SILENT, f"not tried: the subscription was not made: {found.refused}")
    return found.made


async def events_at(ctx: Context, name: str) -> tuple[EventTrial, tuple[Tries, ...]]:
    """The events of new work orders that came to an address. Raises CouldNotLook where none came."""
    trial = await ctx.events()
    made = corner(trial, name)
    events = tuple(each for each in trial.events(name) if each.cause.what == "created")
    if not events:
        says = f"not seen: no event came to this address in {seconds(trial.watched)}"
        raise CouldNotLook(Reason.VENDOR_SILENT, says, made)
    return trial, events


def silence_after(trial: EventTrial, tries: Tries) -> float:
    """Seconds from the last try of an event to the end of the watch."""
    causes = [each.at for each in trial.causes if each.what != "created after the end"]
    end = max(causes) + timedelta(seconds=trial.watched)
    return (end - datetime.fromisoformat(tries.tries[-1].delivery.received)).total_seconds()


def seconds(value: float) -> str:
    """A length of time as people read it."""
    if value < 10:
        return f"{value:.2g} s"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"
