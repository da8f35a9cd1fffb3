"""Who may use the API: the event trial at its beginning and its end, and all others while it only waits."""

from __future__ import annotations

import asyncio


class Stage:
    """Two signals: `waiting`, that the trial makes no more calls for now; `others_done`, that it may make its last."""

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.others_done = asyncio.Event()
