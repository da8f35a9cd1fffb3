"""Which secrets that a sender tells can be looked for in all that a run writes, without spoiling anything of ours.

Whoever calls a common word his secret, or a piece of the mark by which our own records are known, would otherwise have
it cut out of all evidence: records of ours could not be found and deleted any more.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from cmms_audit.patterns import pattern
from cmms_audit.webhooks.secrets import LONGEST, TOLD
from cmms_audit.wire.redact import WITHHELD, Redactor, forms_of

SHORTEST_EVERYWHERE = 16  # characters; shorter texts occur by chance, or by design
_FEWEST_LETTERS = 8  # that differ
_WINDOW = 6  # characters of a mark of ours
_PLAIN = pattern(r"[!#-\[\]-~]+")  # what stands in JSON as it is, without blanks
_MADE_BY_CHANCE = pattern(r"(?=.*[0-9])(?=.*[A-Za-z])")
_WORD = pattern(r"[a-z0-9]{6,}")
_KNOWN = pattern(r"«[^«»]*»")
_DELIVERY, _CREATING, _CREATED = (f'{{"kind":"{kind}",'.encode() for kind in ("delivery", "creating", "created"))


def kept_out(secret: str, redactor: Redactor, evidence: Path, *, beside: str = "") -> bool:
    """Let the redactor know a secret, where that spoils nothing; whether it keeps it out of everything from now on.

    It does not where the secret does not look like one, or stands in what was written so far, deliveries apart: in
    requests, answers, documents, the names of our own records. `beside` is what else it may not stand in.
    """
    known = redactor.text(secret)
    if known != secret:
        return known != WITHHELD and _KNOWN.fullmatch(known) is not None
    if not _looks_like_one(secret) or _stands_in_evidence(secret, evidence, beside):
        return False
    redactor.add(TOLD, secret)
    return True


def _looks_like_one(secret: str) -> bool:
    return (
        SHORTEST_EVERYWHERE <= len(secret) <= LONGEST
        and _PLAIN.fullmatch(secret) is not None
        and _MADE_BY_CHANCE.match(secret) is not None
        and len(set(secret.lower())) >= _FEWEST_LETTERS
    )


def _stands_in_evidence(secret: str, evidence: Path, beside: str) -> bool:
    alone = Redactor()
    alone.add(TOLD, secret)
    if alone.contains(beside.encode("utf-8", "replace"), in_doubt=True):
        return True
    forms = tuple(form.lower() for form in forms_of(secret))
    with evidence.open("rb") as file:
        return any(_stands_in(line, forms, alone) for line in file)


def _stands_in(line: bytes, forms: Collection[bytes], alone: Redactor) -> bool:
    """Whether a line of evidence holds a secret; one about a record of our own in any spelling, and a piece of it."""
    if line.startswith(_DELIVERY):
        return False
    lower = line.lower()
    if any(form in lower for form in forms):
        return True
    if line.startswith(_CREATING) and _holds_a_piece(json.loads(line)["marker"], forms):
        return True
    return line.startswith((_CREATING, _CREATED)) and alone.contains(line, in_doubt=True)


def _holds_a_piece(marker: str, forms: Collection[bytes]) -> bool:
    """Whether the secret may be part of a mark that we have not made yet."""
    words: list[str] = _WORD.findall(marker.lower())
    pieces = (word[at : at + _WINDOW].encode() for word in words for at in range(len(word) - _WINDOW + 1))
    return any(piece in form for piece in pieces for form in forms)
