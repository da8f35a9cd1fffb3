"""errors.versioning: by which way customers are told of changes. Whether in time, and of which, is asked elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cmms_audit.battery import Context, Finding, Prose, check, met, not_applicable, partial, pattern, sentences, unknown
from cmms_audit.model import Basis

QUESTION = "errors.versioning"

_E_MAIL, _RELEASE_NOTES = "e-mail", "release notes"
_CHANNELS = {
    "a changelog": pattern(r"\bchange[ -]?logs?\b", re.IGNORECASE),
    _E_MAIL: pattern(
        r"\b(?:by|via|through|per|(?:in|send|sends|sent|get|receive|with)(?: you)? an) e-?mails?\b|\be-?mailed\b"
        r"|\bwe (?:will )?e-?mail\b|\be-?mails? (?:notif|notice|announce|alert|update|to\b|(?:is|are|will be) sent)",
        re.IGNORECASE,
    ),
    "a mailing list or newsletter": pattern(r"\bmailing list|\bnewsletter", re.IGNORECASE),
    "a feed": pattern(r"\bRSS\b|\bAtom feed", re.IGNORECASE),
    _RELEASE_NOTES: pattern(r"\brelease notes?\b", re.IGNORECASE),
}
_SPEAK_FOR_THEMSELVES = ("a changelog", _RELEASE_NOTES)
_LITERALS = ("changelog", "change log", "change-log", "mail", "newsletter", "rss", "atom feed", "release note")
_ANY_CHANNEL = pattern("|".join(words.pattern for words in _CHANNELS.values()), re.IGNORECASE)
_OF_CHANGES = pattern(
    r"deprecat|sunset|breaking|discontinu|\bchanges? (?:to|in|of) the API|\bAPI changes?\b|\bnew (?:API )?versions?\b"
    r"|\bold(?:er)? versions?\b|\bchanges? (?:are|is|will be) (?:announced|notified)",
    re.IGNORECASE,
)
# Whoever may be asked by e-mail does not announce anything by it.
_TO_THE_VENDOR = pattern(
    r"\bcontact (?:us|our|your|support)\b|\bquestions?\b|\bin touch\b|\breach\b|\bplease e-?mail", re.IGNORECASE
)
# A change log may also be that of a record, which announces nothing.
_OF_RECORDS = pattern(r"\brecords?\b|\bassets?\b|work orders?\b|\bobjects?\b|\baudit|\bhistory\b", re.IGNORECASE)


@check(question=QUESTION, id="errors.channel-stated", aspect="channel", sends="nothing")
def channel_stated(ctx: Context) -> Finding:
    """Reads the specification for the way in which changes are announced."""
    return _judge(_channels(ctx.spec.prose()), "the specification")


@check(question=QUESTION, id="errors.channel-published", aspect="channel", sends="reads")
async def channel_published(ctx: Context) -> Finding:
    """Reads the public documentation for the way in which changes are announced."""
    if ctx.vendor.docs_url is None:
        return not_applicable("the vendor file names no public documentation (docs_url) to read")
    documentation = await ctx.documentation()
    if not documentation.readable:
        return not_applicable("the public documentation holds no text that could be read", documentation.front)
    found = _channels(Prose(page.text, page.evidence) for page in documentation.pages)
    if not found:
        says = "the public documentation names no way in which changes are announced"
        return not_applicable(says, documentation.front)
    return _judge(found, "the public documentation")


def _channels(texts: Iterable[Prose]) -> dict[str, Prose]:
    """The ways of announcing that are named, each with the first sentence that names it."""
    found: dict[str, Prose] = {}
    telling = (each for each in texts if _names_one(each.text))
    for sentence in sentences(telling, _ANY_CHANNEL):
        about_changes = _OF_CHANGES.search(sentence.text) is not None
        in_general = not sentence.of_operation and _OF_RECORDS.search(sentence.text) is None
        for name, words in _CHANNELS.items():
            if name == _E_MAIL and _TO_THE_VENDOR.search(sentence.text):
                continue
            speaks = about_changes or (in_general and name in _SPEAK_FOR_THEMSELVES)
            if speaks and words.search(sentence.text):
                found.setdefault(name, sentence)
    return found


def _names_one(text: str) -> bool:
    """Whether a text can name a way of announcing at all; most cannot, and need no closer look."""
    lower = text.lower()
    return any(word in lower for word in _LITERALS)


def _judge(found: dict[str, Prose], where: str) -> Finding:
    if not found:
        return unknown(f"{where} does not say by which way changes are announced")
    detail = "\n".join(f"{name}: “{sentence.text[:200]}”" for name, sentence in found.items())
    places = list(found.values())
    if list(found) == [_RELEASE_NOTES]:
        says = f"{where} names release notes only, which come with the change and not before it"
        return partial(says, *places, basis=Basis.DOCUMENTED, detail=detail)
    named = " and ".join(name for name in found if name != _RELEASE_NOTES)
    return met(f"{where} says that changes are announced by {named}", *places, basis=Basis.DOCUMENTED, detail=detail)
