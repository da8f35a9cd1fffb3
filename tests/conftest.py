"""What holds for all tests: how many run at once, and that no example of a property has a time limit of its own."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")


def pytest_xdist_auto_num_workers() -> int:
    """Twice the processors: a good part of the tests waits for a vendor that is slow on purpose."""
    return 2 * len(os.sched_getaffinity(0))
