"""Serve any ASGI application with uvicorn, in a thread of this process, on a loopback port, encrypted or not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import uvicorn

from cmms_audit.sandbox import both_ways
from cmms_audit.sandbox.encryption import Encryption

START_SECONDS = 10.0
STOP_SECONDS = 5.0


@contextmanager
def running(app: Any, *, host: str = "127.0.0.1", port: int = 0, encryption: Encryption | None = None) -> Iterator[str]:
    """Serve `app` for as long as the context lasts and yield its origin, such as "http://127.0.0.1:51234".

    `port` 0 takes any free one; with `encryption` the origin begins with https. Raises OSError where the port is taken
    or a file of the encryption cannot be read, RuntimeError where the application does not start.
    """
    if encryption is not None and encryption.plain_beside:
        with (
            running(app, host=host, encryption=replace(encryption, plain_beside=False)) as inner,
            _listening(host, port) as listener,
            both_ways.taking_both(listener, inner),
        ):
            yield f"https://{host}:{listener.getsockname()[1]}"
            return
    with _listening(host, port) as listener:
        server = uvicorn.Server(_config(app, encryption))
        thread = threading.Thread(target=_serve, args=(server, listener), daemon=True)
        thread.start()
        _wait_until_started(server, thread)
        try:
            yield f"{'https' if encryption else 'http'}://{host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(STOP_SECONDS)


def _listening(host: str, port: int) -> socket.socket:
    # Named as TCP, or asyncio leaves Nagle's algorithm on and every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _serve(server: uvicorn.Server, listener: socket.socket) -> None:
    # uvicorn leaves by SystemExit where the application does not start; the waiting thread tells of it.
    with suppress(SystemExit):
        server.run(sockets=[listener])


def _config(app: Any, encryption: Encryption | None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
    if encryption is not None:
        config.load()
        config.ssl = encryption.context()
    return config


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            server.should_exit = True
            raise RuntimeError("the embedded vendor did not start")
        time.sleep(0.002)
