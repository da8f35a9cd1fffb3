"""Amounts with their nouns, for sentences that a person reads."""

from __future__ import annotations


def counted(amount: int, one: str, many: str = "") -> str:
    """An amount with its noun: 1 place, 2,000 places."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"
