"""The exceptions of the project, one small tree.

    AuditError                       what a user can cause or should hear about
    ├── InputError                   the command line or a file given to it is wrong      exit 2
    └── CannotAudit                  the audit could not be carried out                   exit 3

    CouldNotLook                     a check got no answer; becomes an unknown finding, never an exit

A message says what happened, where, and what to do next. It is read by people who do not program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from cmms_audit.model import HasEvidence, Reason


class AuditError(Exception):
    """Base of every error that a user can cause or should hear about."""


class Problem(Struct, frozen=True):
    """One thing wrong in a file.

    `where` is "file:line" (or "file" where no line can be named), `what` the problem in plain words,
    `advice` what to do, often the nearest right word; empty where there is nothing to add.
    """

    where: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.advice})" if self.advice else "")


class InputError(AuditError):
    """The command line, or a file given to it, is wrong. Carries every problem found, not the first."""

    def __init__(self, *problems: Problem | str) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class CannotAudit(AuditError):  # noqa: N818 - named for what it says to a reader
    """The audit could not be carried out: the vendor is unreachable or refused the credential."""


class CouldNotLook(Exception):  # noqa: N818 - not an error of the program, and not a user's
    """A check could not see what it wanted to see. The engine makes an unknown finding of it.

    `reason` says whose fault it is; `evidence` is what was seen on the way, if anything.
    """

    def __init__(self, reason: Reason, summary: str, *evidence: HasEvidence) -> None:
        super().__init__(summary)
        self.reason = reason
        self.summary = summary
        self.evidence = evidence
