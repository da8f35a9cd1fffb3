"""webhooks.filtering, seen: a narrowed subscription gets what it asked for, and nothing else."""

from __future__ import annotations

from cmms_audit.battery import Context, Finding, check, met, not_applicable, not_met, partial, unknown

from ._trial import NARROW, STEADY, corner, seconds

_WORDS = {"event_types": "event type", "priority": "priority", "asset_class": "asset class", "site": "site"}


@check(question="webhooks.filtering", id="webhooks.filters-hold", aspect="filters", sends="webhooks", timeout=7200)
async def filters_hold(ctx: Context) -> Finding:
    """Of events that differ in one thing from what a subscription asks for, none comes; of those that match, all do."""
    trial = await ctx.events()
    corner(trial, STEADY)
    made = corner(trial, NARROW)
    narrowed = trial.corners[NARROW].narrowed
    if not narrowed:
        return not_applicable("no field was found by which a subscription could be narrowed", made)
    came = {each.cause.number: each for each in trial.events(NARROW)}
    elsewhere = {each.cause.number for each in trial.events(STEADY)}
    matching = [each for each in trial.causes if not each.differs and each.number in elsewhere]
    if not any(each.number in came for each in matching):
        says = f"a subscription narrowed by {_listed(narrowed)} got nothing in {seconds(trial.watched)}"
        return unknown(f"{says}, matching events neither", made, *matching[:1])
    tried = [each for each in trial.causes if each.differs in narrowed and each.number in elsewhere]
    wrong = [each for each in tried if each.number in came]
    if wrong:
        names = _listed(tuple(each.differs for each in wrong))
        says = f"a subscription narrowed by {names} also got events of another {names}"
        judge = not_met if len(wrong) == len(tried) else partial
        return judge(says, made, *(came[each.number].tries[0] for each in wrong))
    names = _listed(tuple(each.differs for each in tried))
    if not tried:
        return unknown("no event was seen that a narrowed subscription should not get", made)
    return met(
        f"a subscription narrowed by {names} got the events that match, and none that differ in one", made, *tried
    )


def _listed(concepts: tuple[str, ...]) -> str:
    words = [_WORDS[each] for each in dict.fromkeys(concepts)]
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "nothing"
