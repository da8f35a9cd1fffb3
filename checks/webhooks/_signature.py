"""What the signatures of deliveries are worth, all of them together: a receiver that lets one pass lets all pass."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import Enum

from cmms_audit.battery import Finding, Received, met, partial, unknown
from cmms_audit.model import Verdict

_SHOWN = 3
_CHANGEABLE = "Several signatures stand side by side, so that the secret can be changed without a gap."


class _Carries(Enum):
    """What a delivery carries to prove where it comes from: a `WORD` may be a signature, a `FIXED` one is none."""

    VERIFIED = 1
    SIGNATURE = 2
    WORD = 3
    FIXED = 4
    NOTHING = 5


_ByKind = dict[_Carries, list[Received]]


def judge_events(came: Sequence[Received], given: Collection[str]) -> Finding:
    """The verdict on the signatures of events; `given` are the addresses whose subscription took a secret of ours."""
    by_kind = _by_kind(came)
    verified, signed = by_kind[_Carries.VERIFIED], by_kind[_Carries.SIGNATURE]
    bare = _bare(by_kind)
    if bare and (verified or signed):
        says = f"{len(bare)} of {len(came)} events carry no signature, so that a forged one without any would be taken"
        return partial(says, *bare[:_SHOWN], *(verified or signed)[:1])
    if verified:
        misfits = _misfits(signed, verified)
        if misfits:
            says = f"the signatures of {len(misfits)} of {len(came)} events do not fit the secret that fits the others"
            return partial(f"{says}: a receiver would have to refuse them", *misfits[:_SHOWN], verified[0])
        return _judge_verified(verified, len(came))
    if signed:
        one = signed[0]
        known = one.signature.secret_known or one.delivery.address in given
        return _judge_unverified(one, "events", known=known)
    return _judge_unsigned(by_kind, "events")


def judge_captured(came: Sequence[Received]) -> Finding:
    """The verdict on captured deliveries, of which strangers may have sent some."""
    by_kind = _by_kind(came)
    signed = by_kind[_Carries.SIGNATURE]
    if by_kind[_Carries.VERIFIED]:
        return _judge_partly_verified(by_kind, len(came))
    if not signed:
        return _judge_unsigned(by_kind, "captured deliveries")
    one = next((each for each in signed if each.delivery.whole), signed[0])
    if one.signature.secret_known and not one.delivery.whole:
        says = "the capture does not hold the deliveries as they came, byte for byte: nothing can verify them"
        return unknown(says, one)
    return _judge_unverified(one, "captured deliveries", known=one.signature.secret_known)


def _judge_partly_verified(by_kind: _ByKind, came: int) -> Finding:
    """Captured deliveries, some of which were verified: of the others count those that the sender may have sent."""
    verified, bare = by_kind[_Carries.VERIFIED], _bare(by_kind)
    agents = {_agent(each) for each in verified}
    own = [each for each in bare if _agent(each) and _agent(each) in agents]
    if own:
        says = f"{len(own)} of {came} captured deliveries carry no signature, but come from the same sender"
        return partial(f"{says} (user-agent) as those that were verified", *own[:_SHOWN], verified[0])
    others = [each for each in (*bare, *by_kind[_Carries.SIGNATURE]) if _may_be_of(each, agents)]
    if others:
        says = f"the signatures of {len(verified)} of {came} captured deliveries were verified; {len(others)} others"
        says = f"{says} carry none, or one that does not fit the secret, and who sent them is not known"
        return unknown(f"{says}; leave out what the vendor did not send", *others[:_SHOWN], verified[0])
    return _judge_verified(verified, came)


def _agent(one: Received) -> str | None:
    """What the sender calls himself."""
    return one.delivery.header("user-agent")


def _may_be_of(one: Received, agents: Collection[str | None]) -> bool:
    return _agent(one) is None or None in agents or _agent(one) in agents


def _judge_verified(verified: Sequence[Received], came: int) -> Finding:
    """The worst that can be said of the ones that were verified."""
    judged = [_judge_one(each) for each in verified]
    worst = next((each for each in judged if each.verdict is Verdict.PARTIAL), judged[0])
    if worst.verdict is Verdict.PARTIAL or came == 1:
        return worst
    way = verified[0].signature.way
    named = f"{way.header}, {way.hash}" if way else ""
    of = f"all {came}" if len(verified) == came else f"{len(verified)} of {came}"
    says = f"the signatures ({named}) of {of} deliveries were verified; they cover what is said and when"
    detail = _CHANGEABLE if any(each.signature.several for each in verified) else ""
    return met(f"{says}, and a copy with another content fails", *verified[:_SHOWN], detail=detail)


def _judge_one(one: Received) -> Finding:
    way = one.signature.way
    assert way is not None  # noqa: S101 - only those that were verified are judged
    signed = f"the signature ({way.header}, {way.hash}) was verified"
    if not way.covers_body or not one.signature.tampered_fails:
        return partial(f"{signed}, but it does not cover what the event says: a forged one verifies, too", one)
    if not way.covers_time:
        return partial(f"{signed}, but it covers no time: a copy that is sent later verifies, too", one)
    return met(f"{signed}; it covers what the event says and when, and a copy with another content fails", one)


def _judge_unverified(one: Received, who: str, *, known: bool) -> Finding:
    """Signatures that are there, but could not be verified, and why."""
    header = next(each for each in one.signature.headers if each not in one.signature.fixed)
    if one.signature.public_key:
        return unknown(f"{who} are signed with a key of the vendor's own ({header}), which was not verified", one)
    if not known:
        says = f"{who} are signed ({header}), but no secret was given or returned that could verify it"
        return unknown(f"{says}; give it as webhooks.secret in the vendor file, and run online", one)
    says = f"{who} are signed, but none of the usual ways of signing gives what stands in {header}"
    return unknown(f"{says}; ask the vendor how to verify it, and give the secret as webhooks.secret", one)


def _judge_unsigned(by_kind: _ByKind, who: str) -> Finding:
    """Deliveries without a signature: with a word that is always the same, with one that may be anything, or bare."""
    words, fixed, nothing = by_kind[_Carries.WORD], by_kind[_Carries.FIXED], by_kind[_Carries.NOTHING]
    if words and not nothing:
        header = words[0].signature.words[0]
        says = f"{who} carry a word of their own ({header}), of which it is not known whether it is a signature"
        return unknown(f"{says}; ask the vendor what it proves", words[0])
    if fixed and not nothing:
        header = [*fixed[0].signature.headers, *fixed[0].signature.words][0]
        says = f"{who} carry a fixed word ({header}) and no signature over what they say"
        return partial(f"{says}: whoever has read one can send forged ones", *fixed[:_SHOWN])
    return partial(f"{who} carry no signature: anybody who learns the address can send some", *nothing[:_SHOWN])


def _by_kind(came: Sequence[Received]) -> _ByKind:
    fixed = frozenset(name for each in came for name in each.signature.fixed)
    found: _ByKind = {kind: [] for kind in _Carries}
    for each in came:
        found[_kind(each, fixed)].append(each)
    return found


def _bare(by_kind: _ByKind) -> list[Received]:
    return [*by_kind[_Carries.WORD], *by_kind[_Carries.FIXED], *by_kind[_Carries.NOTHING]]


def _kind(one: Received, fixed: Collection[str]) -> _Carries:
    signature = one.signature
    if signature.way is not None:
        return _Carries.VERIFIED
    if any(name not in fixed for name in signature.headers):
        return _Carries.SIGNATURE
    if any(name not in fixed for name in signature.words):
        return _Carries.WORD
    return _Carries.FIXED if signature.headers or signature.words else _Carries.NOTHING


def _misfits(signed: Sequence[Received], verified: Sequence[Received]) -> list[Received]:
    """Those that a secret should fit, for it fits others at the same address."""
    addresses = {each.delivery.address for each in verified}
    return [
        each
        for each in signed
        if each.delivery.address in addresses and each.delivery.whole and not each.signature.public_key
    ]
