"""What holds for all tests: a machine may be slow, so no example of a property has a time limit of its own."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("any-machine", deadline=None)
settings.load_profile("any-machine")
