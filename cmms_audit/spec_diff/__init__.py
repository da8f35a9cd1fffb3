"""Two API descriptions held against each other: what changed, whom it breaks, and where both documents say so.

Pure: it compares `Spec` values of any format and knows nothing of files, traffic or checks.
"""

from cmms_audit.spec_diff.change import Change, Level, Side, SpecDiff
from cmms_audit.spec_diff.compare import compare
from cmms_audit.spec_diff.rules import RULES, Rule

__all__ = ["RULES", "Change", "Level", "Rule", "Side", "SpecDiff", "compare"]
