"""Who may use the API: the event trial at its beginning and its end, and all others while it only waits."""

from __future__ import annotations

import asyncio


class Stage:
    """Two signals: `waiting`, that the trial makes no more calls for now; `others_done`, that it may make its last.

    `says` tells whoever watches the run what is waited for; it is empty where nothing is.
    """

    def __init__(self) -> None:
        self.waiting = asyncio.Event()
        self.others_done = asyncio.Event()
        self.says = ""
