"""Compiled templates, kept where Python keeps compiled modules: compiling them takes longer than a whole report."""

from __future__ import annotations

import os
import pickle
from contextlib import suppress
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """Reads compiled templates from a folder, and, if it `writes`, puts them there; quietly where it may not."""

    def __init__(self, folder: Path, *, writes: bool) -> None:
        self._folder = folder
        self._writes = writes

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, if this very template was compiled before by this version of Python and jinja2."""
        try:
            with self._file(bucket).open("rb") as file:
                bucket.load_bytecode(file)
        except (OSError, pickle.UnpicklingError, EOFError, ValueError):  # not there, or only part of it
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        if self._writes:
            with suppress(OSError):
                self._folder.mkdir(exist_ok=True)
                unfinished = self._file(bucket).with_suffix(f".{os.getpid()}")
                unfinished.write_bytes(bucket.bytecode_to_string())
                unfinished.replace(self._file(bucket))

    def _file(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.jinja"
