"""What a vendor file may not say about credentials and certificates, beyond its schema.

A credential opens a door and does nothing else: no name that it brings along may tell a server what to do. As in
`vendor_rules`, the file is taken as it is, well formed or not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cmms_audit.credentials import Keys, where_used
from cmms_audit.errors import Problem
from cmms_audit.patterns import pattern
from cmms_audit.secrets import Secret, file_beside
from cmms_audit.tls import TlsSettings, unusable_files
from cmms_audit.vendor_rules import VendorText, quoted

TLS_FILES = ("ca", "certificate", "key")

_HEADER_NAME = pattern(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

# A credential may not steer the request that carries it: these words say what a server is to do with it ...
_STEERING_WORDS = frozenset({"action", "override", "verb", "patchtype"})
# ... and these headers, how the message is framed, where it is meant to go, or which answer is wanted.
_STEERING_HEADERS = pattern(
    r"accept-encoding|connection|content-(encoding|length|type)|cookie|expect|forwarded|host|if-.*|proxy-authorization"
    r"|range|te|trailer|transfer-encoding|upgrade|x-forwarded-.*|x-original-url|x-rewrite-url",
    re.IGNORECASE,
)
_SECRET_WORD = pattern(r"pass-?_?(?:word|wd|phrase|code)|secret|token|api-?_?key", re.IGNORECASE)


def broken_credential_rules(text: VendorText, *, offline: bool) -> Iterator[Problem]:
    """Every rule about credentials and certificates that the file breaks, in no particular order.

    An offline audit shows no certificate, so the files need not be there.
    """
    for role in text.members("credentials"):
        at: Keys = ("credentials", role)
        yield from _names_of_keys(text, at)
        yield from _keys_given_twice(text, at)
        yield from _steering_addresses(text, at)
        if text.text(*at, "type") == "login":
            yield from _login(text, at)
    yield from _tls(text, offline)


def credential_warnings(text: VendorText) -> Iterator[Problem]:
    """What looks like a secret in a place where nothing is kept out of the records."""
    for role in text.members("credentials"):
        for name in text.members("credentials", role, "with"):
            if _SECRET_WORD.search(name):
                problem = f"{quoted(name)} looks like a secret, and what stands in with is recorded as it is"
                advice = "only username and password are kept secret"
                yield Problem(text.where("credentials", role, "with", name), problem, advice)


def tls_settings(text: VendorText, password: Secret | None) -> TlsSettings | None:
    """The section tls of a file whose paths break no rule; None where it has none."""
    raw = text.members("tls")
    folder = text.folders[0]
    files = {name: file_beside(raw[name], folder) for name in TLS_FILES if name in raw}
    return TlsSettings(**files, password=password) if raw else None


def unusable_certificates(text: VendorText, settings: TlsSettings) -> Iterator[Problem]:
    """What is wrong with the files themselves."""
    for unusable in unusable_files(settings):
        yield Problem(text.where("tls", unusable.field), f"tls.{unusable.field} cannot be used: {unusable}")


def _names_of_keys(text: VendorText, at: Keys) -> Iterator[Problem]:
    """The name of a key is a header, parameter or cookie, and may not change what the request does."""
    yield from _name(text, (*at, "name"))
    for index, _ in enumerate(text.items(*at, "also")):
        yield from _name(text, (*at, "also", index, "name"))
    yield from _name(text, (*at, "use", "name"))


def _name(text: VendorText, keys: Keys, name: str | None = None) -> Iterator[Problem]:
    name = text.text(*keys) if name is None else name
    if name is None:
        return
    if not _HEADER_NAME.fullmatch(name):
        yield Problem(text.where(*keys), f"{quoted(name)} is no name for a header, parameter or cookie")
    elif _STEERING_HEADERS.fullmatch(name) or _steers(name):
        problem = f"a key cannot travel as {name}: that name tells a server what to do with the request"
        yield Problem(text.where(*keys), problem, "use the name that the vendor documents for the key")


def _steers(name: str) -> bool:
    words = re.split(r"[^a-z]+", name.lower())
    return "method" in "".join(words) or not _STEERING_WORDS.isdisjoint(words)


def _keys_given_twice(text: VendorText, at: Keys) -> Iterator[Problem]:
    seen = {_place(text.members(*at))}
    for index, key in enumerate(text.items(*at, "also")):
        place = _place(key)
        if place is not None and place in seen:
            problem = f"two keys cannot travel in one place: the {place[0]} {quoted(place[1])} is given twice"
            yield Problem(text.where(*at, "also", index), problem, "keep one of them")
        seen.add(place)


def _place(key: Any) -> tuple[str, str] | None:
    where, name = (key.get("in"), key.get("name")) if isinstance(key, dict) else (None, None)
    if not isinstance(where, str) or not isinstance(name, str):
        return None
    return where, name.lower() if where == "header" else name


def _steering_addresses(text: VendorText, at: Keys) -> Iterator[Problem]:
    """The address of a login may not ask for something else in its query."""
    for field in ("token_url", "url"):
        try:
            query = urlsplit(text.text(*at, field) or "").query
        except ValueError:
            continue
        for name, _ in parse_qsl(query.replace(";", "&"), keep_blank_values=True):
            if _steers(name):
                problem = f"{field} asks the server for something else than a login, by {quoted(name)} in its query"
                yield Problem(text.where(*at, field), problem, "use the address that the vendor documents")


def _login(text: VendorText, at: Keys) -> Iterator[Problem]:
    yield from _fields_of_login(text, at)
    take, use = text.members(*at, "take"), text.members(*at, "use")
    if len(take) != 1 or not isinstance(next(iter(take.values())), str):
        return
    (kind, name), *_ = take.items()
    if kind in ("header", "cookie") and not _HEADER_NAME.fullmatch(name):
        yield Problem(text.where(*at, "take", kind), f"{quoted(name)} is no name for a header or cookie")
        return
    if not isinstance(use.get("name", ""), str) or use.get("in", "header") not in ("header", "cookie"):
        return
    used = where_used({"take": take, "use": use})
    if used is None:
        problem = f"nothing says by which name the session travels as a {use.get('in', 'header')}"
        yield Problem(text.where(*at, "use"), problem, "add name: to use")
        return
    if used.where == "cookie" and "prefix" in use:
        yield Problem(text.where(*at, "use", "prefix"), "a cookie has no prefix", "leave prefix out")
    if "name" not in use:  # the name it was taken by, then
        yield from _name(text, (*at, "take", kind), used.name)


def _fields_of_login(text: VendorText, at: Keys) -> Iterator[Problem]:
    """What is sent to log in: a name, a password, and words beside them that ask for nothing else."""
    fields = {word: text.text(*at, "fields", word) or word for word in ("username", "password")}
    if fields["username"] == fields["password"]:
        problem = f"user name and password cannot both be sent as {quoted(fields['username'])}"
        yield Problem(text.where(*at, "fields"), problem, "name the two fields as the vendor documents them")
    named = [(name, (*at, "fields", word)) for word, name in fields.items()]
    for name, keys in [*named, *((name, (*at, "with", name)) for name in text.members(*at, "with"))]:
        if _steers(name):
            problem = f"a login cannot send {quoted(name)}: that name tells a server what to do"
            yield Problem(text.where(*keys), problem, "send what the vendor documents for a login")
        elif keys[-2] == "with" and name in fields.values():
            yield Problem(text.where(*keys), f"{quoted(name)} is sent twice", "leave it out of with")


def _tls(text: VendorText, offline: bool) -> Iterator[Problem]:
    section = text.members("tls")
    for name in TLS_FILES:
        path = text.text("tls", name)
        if path is not None:
            yield from _tls_file(text, name, path, offline)
    for name in ("key", "password"):
        if name in section and "certificate" not in section:
            yield Problem(
                text.where("tls", name), f"tls.{name} is of no use without tls.certificate", "add certificate"
            )


def _tls_file(text: VendorText, name: str, path: str, offline: bool) -> Iterator[Problem]:
    try:
        there = file_beside(path, text.folders[0]).is_file() or offline
        why = "" if there else "cannot be read: there is no such file"
    except OSError:
        why = "cannot be followed"
    except ValueError as error:
        why = str(error)
    if why:
        advice = "put it beside the vendor file or below it"
        yield Problem(text.where("tls", name), f"tls.{name} {quoted(path)} {why}", advice)
