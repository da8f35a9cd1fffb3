"""What the event trial brought, as the live checks of this group look at it."""

from __future__ import annotations

from datetime import timedelta

from cmms_audit.battery import Context, CouldNotLook, Created, EventTrial, Tries
from cmms_audit.model import Reason

STEADY, FAILING, LATER, SILENT, BROKEN, GONE, NARROW = (
    "steady", "failing", "later", "silent", "broken", "gone", "narrow",
)  # fmt: skip
_AT_ONCE = 1.0  # seconds


def corner(trial: EventTrial, name: str) -> Created:
    """The subscription of an address of the trial.

    Raises CouldNotLook where it could not be made, or more came than was looked at.
    """
    found = trial.corners[name]
    if found.flooded:
        raise CouldNotLook(Reason.VENDOR_SILENT, found.flooded, *([found.made] if found.made else []))
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


async def refused_at(ctx: Context, name: str) -> tuple[EventTrial, Tries]:
    """The event that an address of the trial did not take at first; of several the one that came most often.

    Raises CouldNotLook where none was refused.
    """
    trial = await ctx.events()
    made = corner(trial, name)
    refused = [each for each in trial.events(name) if each.refused]
    if not refused:
        says = f"not seen: no event came to the address that should refuse one in {seconds(trial.watched)}"
        raise CouldNotLook(Reason.VENDOR_SILENT, says, made)
    return trial, max(refused, key=lambda each: len(each.tries))


def may_be_two_events(event: Tries) -> bool:
    """Whether two tries under two ids came so soon after each other that they may be no tries of one event."""
    if event.ids or len(event.gaps) > 1 or event.gaps[0] >= _AT_ONCE:
        return False
    return event.tries[0].event_id != event.tries[1].event_id


def silence_after(trial: EventTrial, tries: Tries) -> float:
    """Seconds from the last try of an event to the end of the watch."""
    causes = [each.at for each in trial.causes if each.what != "created after the end"]
    end = max(causes) + timedelta(seconds=trial.watched)
    return (end - tries.tries[-1].delivery.moment).total_seconds()


def seconds(value: float) -> str:
    """A length of time as people read it."""
    if value < 10:
        return f"{value:.2g} s"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"
