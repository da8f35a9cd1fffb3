"""Secrets of the vendor file: where each comes from, and a wrapper that never shows it by accident.

Which fields may hold a secret is the vendor loader's business; who may be sent one is the wire's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from cmms_audit.errors import InputError, Problem
from cmms_audit.patterns import pattern

KEYRING_SERVICE = "cmms-audit"
LITERAL = "a literal in the file"
LARGEST_SECRET_FILE = 64 * 1024  # bytes
FILE_ADVICE = "give this vendor's secret a file of its own, beside the vendor file or below it"

_WHOLE_REFERENCE = pattern(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_CONTROL = pattern(r"[\x00-\x1f\x7f-\x9f]")

# Environment variables by which other systems hand out access. A vendor file that names one asks for what is
# not its own.
_FOREIGN = pattern(
    r"(ACTIONS|ANSIBLE|ANTHROPIC|ATLASSIAN|AWS|AZURE|BITBUCKET|BUILDKITE|CARGO|CI|CIRCLE|CLOUDFLARE|CLOUDSDK)_.*"
    r"|(CODECOV|CONFLUENCE|CONSUL|DATABASE|DATABRICKS|DATADOG|DD|DIGITALOCEAN|DJANGO|DOCKER|FLASK|GCLOUD|GCP|GH)_.*"
    r"|(GIT|GITHUB|GITLAB|GOOGLE|GPG|HEROKU|HUGGINGFACE|JENKINS|JIRA|LDAP|MAIL|MARIADB|MSSQL|MYSQL|NODE|NOMAD|NPM)_.*"
    r"|(OKTA|OP|OPENAI|PIP|POETRY|POSTGRES|PYPI|RABBITMQ|RAILS|REDIS|RUNNER|SENDGRID|SENTRY|SLACK|SMTP|SNOWFLAKE)_.*"
    r"|(SONAR|SQLALCHEMY|STRIPE|TF|TRAVIS|TWILIO|TWINE|VAULT)_.*"
    r"|(KUBE|MONGO|PG|SECRET_KEY).*|.*(SSH|DATABASE_URL|DB_PASS).*|.*_PROXY"
    r"|CI|HF_TOKEN|HOME|HOSTNAME|LOGNAME|MAIL|NETRC|PATH|PWD|SHELL|SYSTEM_ACCESSTOKEN|USER|USERNAME|USERPROFILE",
    re.IGNORECASE,
)


class Secret:
    """A secret value that can be printed, logged and formatted safely: what is seen is where it comes from.

    `reference` says that as the vendor file does ("${NW_KEY}", "{file: key.txt}", "{keyring: cmms-audit/nw}"),
    or is "a literal in the file". An offline run reads no secret: only literals are resolved there.
    """

    __slots__ = ("_value", "reference")

    def __init__(self, reference: str, value: str | None) -> None:
        self.reference = reference
        self._value = value

    @property
    def resolved(self) -> bool:
        """Whether there is a value to reveal."""
        return self._value is not None

    @property
    def literal(self) -> bool:
        """Whether the value stands in the vendor file itself."""
        return self.reference == LITERAL

    def reveal(self) -> str:
        """The value itself, for the one place that sends it. Raises RuntimeError where none was read."""
        if self._value is None:
            raise RuntimeError(f"{self.reference} was not read: an offline run reads no secret")
        return self._value

    def __str__(self) -> str:
        return self.reference

    def __repr__(self) -> str:
        return f"Secret({self.reference})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never copied or written out")


@dataclass(frozen=True)
class SecretSources:
    """Where secrets may be read from: the vendor file's folder and the environment; nowhere when offline."""

    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    offline: bool


def read_secret(raw: Any, sources: SecretSources, *, where: str, ascii_only: bool = False) -> Secret:
    """Turn what a credential field holds into a secret.

    `raw` is "${NAME}", {"file": path}, {"keyring": "cmms-audit/user"} or the literal text itself; `where` is
    "file:line" for messages; `ascii_only` is for values that travel in an HTTP header as they are.
    Raises InputError where the reference is malformed, not allowed, or leads to no usable value.
    """
    match raw:
        case str() if "${" in raw:
            secret = _from_environment(raw, sources, where)
        case str():
            secret = Secret(LITERAL, raw)
        case {"file": str(path), **others} if not others:
            secret = _from_file(path, sources, where)
        case {"keyring": str(entry), **others} if not others:
            secret = _from_keyring(entry, sources, where)
        case _:
            raise _wrong(where, "a secret must be text", 'write "${NAME}", {file: path} or {keyring: cmms-audit/user}')
    if secret.resolved:
        _demand_usable(secret, where, ascii_only)
    return secret


def belongs_elsewhere(name: str) -> bool:
    """Whether other systems hand out access by an environment variable of this name (AWS_*, *SSH* ...)."""
    return _FOREIGN.fullmatch(name) is not None


def _from_environment(raw: str, sources: SecretSources, where: str) -> Secret:
    match = _WHOLE_REFERENCE.fullmatch(raw)
    if match is None:
        raise _wrong(where, "${...} must be the whole value, and name one environment variable", 'such as "${NW_KEY}"')
    name = match[1]
    if belongs_elsewhere(name):
        raise _wrong(
            where,
            f"the environment variable {name} belongs to another system, and is never read for a vendor",
            "give this vendor's secret a variable of its own",
        )
    if sources.offline:
        return Secret(raw, None)
    if name not in sources.environ:
        raise _wrong(
            where,
            f"the environment variable {name} is not set",
            f"set it, or use --offline: export {name}=...",
        )
    return Secret(raw, sources.environ[name])


def file_beside(path: str, folder: Path) -> Path:
    """The file that a path of the vendor file means, links followed: in its folder or below, and not hidden.

    Whether it is there is left to the reader. Raises ValueError in plain words.
    """
    root = folder.resolve()
    try:
        target = (root / path).resolve()
    except (OSError, RuntimeError, ValueError):
        raise ValueError("names no file") from None
    if not target.is_relative_to(root):
        raise ValueError("leads out of the vendor file's folder, links followed")
    if any(part.startswith(".") for part in target.relative_to(root).parts):
        raise ValueError("is a hidden file, or in a hidden folder, where other programs keep their secrets")
    return target


def _from_file(path: str, sources: SecretSources, where: str) -> Secret:
    reference = f"{{file: {_shown(path)}}}"
    try:
        target = file_beside(path, sources.folder)
    except ValueError as error:
        raise _wrong(where, f"{reference} {error}", FILE_ADVICE) from None
    return Secret(reference, None if sources.offline else _file_text(target, reference, where))


def _file_text(target: Path, reference: str, where: str) -> str:
    """The text of a secret file without one line break at its end."""
    content = _file_bytes(target)
    if content is None:
        raise _wrong(where, f"{reference} cannot be read", "check that the file is there and may be read")
    if len(content) > LARGEST_SECRET_FILE:
        raise _wrong(where, f"{reference} is too large for a secret", f"at most {LARGEST_SECRET_FILE // 1024} KiB")
    text = content.decode("utf-8-sig", errors="replace")
    if "\ufffd" in text:
        raise _wrong(where, f"{reference} is not text in UTF-8", "")
    return text.removesuffix("\n").removesuffix("\r")


def _file_bytes(target: Path) -> bytes | None:
    """One byte more than the cap at most; None where there is no regular file that may be read."""
    try:
        if not target.is_file():
            return None
        with target.open("rb") as file:
            return file.read(LARGEST_SECRET_FILE + 1)
    except (OSError, ValueError):
        return None


def _from_keyring(entry: str, sources: SecretSources, where: str) -> Secret:
    reference = f"{{keyring: {_shown(entry)}}}"
    service, _, user = entry.partition("/")
    if service != KEYRING_SERVICE or not user:
        raise _wrong(
            where,
            f"{reference} is not allowed: a vendor file may read only what is stored for {KEYRING_SERVICE}",
            f"write {{keyring: {KEYRING_SERVICE}/user}}",
        )
    if sources.offline:
        return Secret(reference, None)
    value = _keyring_password(user)
    if value is None:
        raise _wrong(
            where,
            f"{reference} cannot be read from this machine's keyring",
            f"store it with: keyring set {KEYRING_SERVICE} {_shown(user)}",
        )
    return Secret(reference, value)


def _keyring_password(user: str) -> str | None:
    import keyring

    try:
        return keyring.get_password(KEYRING_SERVICE, user)
    except Exception:  # a keyring is whatever the desktop offers, and raises what it likes
        return None


def _demand_usable(secret: Secret, where: str, ascii_only: bool) -> None:
    value = secret.reveal()
    if not value.strip():
        raise _wrong(where, f"{secret} is empty", "")
    if _CONTROL.search(value):
        raise _wrong(where, f"{secret} holds a line break or another control character", "a secret is one line of text")
    if ascii_only and not value.isascii():
        raise _wrong(where, f"{secret} holds a letter outside ASCII, which an HTTP header cannot carry", "")


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _wrong(where: str, what: str, advice: str) -> InputError:
    return InputError(Problem(where, what, advice))
