"""What a check is: a function with a declaration. The decorator makes the value; nothing is registered anywhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

from cmms_audit.model import Finding, Sends, Severity

if TYPE_CHECKING:
    from cmms_audit.battery.context import Context

Findings = Finding | list[Finding]
CheckFunction = Callable[["Context"], Findings | Awaitable[Findings]]


class Check(Struct, frozen=True):
    """A check and what it declares of itself.

    `aspect` names the part of its question that it decides; a check that is not `decisive` informs and may raise red
    flags, but moves no verdict. `flags` are the red flags that it may raise or clear. `exclusive` checks run alone.
    `timeout` is in seconds and covers everything the check waits for.
    """

    id: str
    question: str
    aspect: str
    sends: Sends
    decisive: bool
    severity: Severity
    flags: tuple[str, ...]
    exclusive: bool
    timeout: float
    function: CheckFunction

    @property
    def explanation(self) -> str:
        """The function's docstring: what the check looks at, for whoever reads the code."""
        return (self.function.__doc__ or "").strip()


def check(
    *,
    question: str,
    id: str,  # noqa: A002 - the fixed word of the declaration
    aspect: str,
    sends: str,
    decisive: bool = True,
    severity: str = "serious",
    flags: tuple[str, ...] = (),
    exclusive: bool = False,
    timeout: float = 120.0,
) -> Callable[[CheckFunction], Check]:
    """Declare a function as a check; see `Check` for the arguments.

    Raises ValueError where a word is not one of `Sends` or `Severity`.
    """

    def declare(function: CheckFunction) -> Check:
        return Check(
            id=id,
            question=question,
            aspect=aspect,
            sends=Sends(sends),
            decisive=decisive,
            severity=Severity(severity),
            flags=flags,
            exclusive=exclusive,
            timeout=timeout,
            function=function,
        )

    return declare
