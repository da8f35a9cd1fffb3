"""A recorded request as a line of curl that a person can repeat in a shell, with $VARIABLES in the place of secrets.

Pure, and made for hostile requests: addresses come from answers, so every piece is quoted for the shell, nothing that
cannot be seen is printed, and a variable only ever stands where its own credential travelled.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote

from msgspec import Struct

from cmms_audit.model import Exchange, Purpose
from cmms_audit.patterns import pattern
from cmms_audit.reports.personal import is_about_people, mask_json, mask_text, mask_url
from cmms_audit.reports.text import visible

LONGEST = 6_000
"""Characters of a line; nobody reads a longer one before sending it."""

_MARK = pattern(r"«([a-z][a-z0-9_-]{0,40}(?:\.[a-z0-9_-]{1,60}){1,3})»")
# A user name and password, or an id and secret, in base64: whichever of them the redactor found there.
_BASIC_PAIR = pattern(
    r"Basic [^\s«»]{0,2000}«([a-z][a-z0-9_-]{0,40})\.(?:pair|username|password|client_id|client_secret)»\S{0,2000}"
)
_ONE_MARK = pattern(r"([A-Za-z0-9._~%-]{1,100})=«([a-z][a-z0-9_-]{0,40}(?:\.[a-z0-9_-]{1,60}){1,3})»")
_METHOD = pattern(r"[A-Z]{1,20}")
_HEADER_NAME = pattern(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_ADDRESS = pattern(r"https?://[^/?#\\@]")
_ADDRESS_LETTERS = "%/:=&?~!$*+,;'@()[]"
_FORM = "application/x-www-form-urlencoded"
# What curl says by itself, or says better.
_UNTOLD = frozenset({"user-agent", "accept-encoding", "host", "content-length", "connection", "transfer-encoding"})
# Secrets that travel to the sign-in service alone: a mark of theirs in another request was written by somebody else.
_SIGN_IN_ONLY = frozenset({"client_secret", "password", "pair", "secret", "refresh_token", "id_token"})


def curl_line(exchange: Exchange, *, show_values: bool = False) -> str | None:
    """The request as one line of curl; None where no line could repeat it.

    That is where part of it was withheld, is no text or cannot be seen, and where it holds the mark of a secret that
    it cannot have carried: a vendor may have written that into an address. Personal values are masked unless
    `show_values`.
    """
    try:
        line = " ".join(_words(exchange, mask=not show_values))
    except _CannotTellError:
        return None
    fits = len(line) <= LONGEST and line.isprintable() and visible(line) == line
    return line if fits else None


class _CannotTellError(Exception):
    """No line can repeat this request."""


class _Piece(Struct, frozen=True):
    """Part of a word: plain text, or the label of a secret ("main.access_token")."""

    text: str
    is_secret: bool


def _words(exchange: Exchange, *, mask: bool) -> Iterator[str]:
    """The command, word by word, each quoted for a POSIX shell. Raises _CannotTellError."""
    request = exchange.request
    if not _METHOD.fullmatch(request.method) or (request.method == "HEAD" and request.body):
        raise _CannotTellError
    yield "curl -i"
    yield from _method(request.method, has_body=request.body is not None)
    yield from _address(exchange, mask=mask)
    names = set()
    for name, value in request.headers:
        names.add(name.lower())
        yield from _header(name, value, exchange, mask=mask)
    if request.body is not None:
        if "content-type" not in names:
            yield "-H 'Content-Type:'"
        yield from _body(request.body, exchange, mask=mask)


def _method(method: str, *, has_body: bool) -> Iterator[str]:
    if method == "HEAD":
        yield "--head"
    elif method != ("POST" if has_body else "GET"):
        yield f"-X {method}"


def _address(exchange: Exchange, *, mask: bool) -> Iterator[str]:
    """The address, and the secrets among its parameters as options that spell them for an address."""
    url = exchange.request.url.partition("#")[0]
    if not _ADDRESS.match(url):
        raise _CannotTellError
    path, question, query = url.partition("?")
    parameters = query.split("&") if query else []
    encoded = [each for each in parameters if exchange.request.body is None and _ONE_MARK.fullmatch(each)]
    if encoded:
        yield "-G"
        query = "&".join(each for each in parameters if each not in encoded)
        url = path + question * bool(query) + query
        for each in encoded:
            yield _encoded_parameter(each, exchange)
    if any(letter in url for letter in "[]"):
        yield "--globoff"
    if "/./" in path or "/../" in path or path.endswith(("/.", "/..")):
        yield "--path-as-is"
    pieces = _pieces(url, exchange)
    yield _quoted(
        _Piece(each.text if each.is_secret else _for_address(each.text, mask), each.is_secret) for each in pieces
    )


def _for_address(text: str, mask: bool) -> str:
    text = quote(text, safe=_ADDRESS_LETTERS, errors="surrogatepass")
    return mask_url(text) if mask else text


def _header(name: str, value: str, exchange: Exchange, *, mask: bool) -> Iterator[str]:
    if name.lower() in _UNTOLD:
        return
    if not _HEADER_NAME.fullmatch(name):
        raise _CannotTellError
    pair = _BASIC_PAIR.fullmatch(value.strip())
    if name.lower() == "authorization" and pair:
        yield _basic(pair[1], exchange)
    elif not value.strip():
        yield f"-H {shlex.quote(name + ';')}"
    else:
        pieces = _pieces(f"{name}: {value.strip()}", exchange)
        yield "-H " + _quoted(_masked(each, mask_text) if mask else each for each in pieces)


def _basic(role: str, exchange: Exchange) -> str:
    """User name and password, or id and secret of a client, which curl joins and encodes by itself."""
    if role != exchange.role:
        raise _CannotTellError
    names = ("client_id", "client_secret") if exchange.purpose is Purpose.TOKEN else ("username", "password")
    return f'-u "{":".join("$" + _variable(f"{role}.{name}") for name in names)}"'


def _body(body: str, exchange: Exchange, *, mask: bool) -> Iterator[str]:
    if len(body) > LONGEST:
        raise _CannotTellError
    mask = mask and exchange.purpose is not Purpose.TOKEN  # nothing but our own credentials
    if _media_type(exchange) == _FORM:
        yield from _form(body, exchange, mask=mask)
        return
    if not mask:
        pieces = _pieces(body, exchange)
    elif body.lstrip()[:1] in {"{", "["}:
        _pieces(body, exchange)
        pieces = _split(mask_json(body, about_people=is_about_people(exchange.request.url)))
    else:
        pieces = [_masked(each, mask_text) for each in _pieces(body, exchange)]
    yield "--data-raw " + _quoted(pieces)


def _form(body: str, exchange: Exchange, *, mask: bool) -> Iterator[str]:
    """A form's members, which curl joins again; those that are a secret as options that spell them for a form."""
    plain: list[str] = []
    for member in body.split("&"):
        if not _ONE_MARK.fullmatch(member):
            plain.append(member)
            continue
        if plain:
            yield _plain_form(plain, exchange, mask=mask)
            plain = []
        yield _encoded_parameter(member, exchange)
    if plain:
        yield _plain_form(plain, exchange, mask=mask)


def _plain_form(members: list[str], exchange: Exchange, *, mask: bool) -> str:
    pieces = _pieces("&".join(members), exchange)
    return "--data-raw " + _quoted(
        _masked(each, lambda text: mask_url(f"?{text}")[1:]) if mask else each for each in pieces
    )


def _encoded_parameter(parameter: str, exchange: Exchange) -> str:
    return "--data-urlencode " + _quoted(_pieces(parameter, exchange))


def _pieces(text: str, exchange: Exchange) -> list[_Piece]:
    """The text cut at the marks of secrets. Raises _CannotTellError where another mark stands in it."""
    pieces = _split(text)
    for each in pieces:
        if each.is_secret:
            _refuse_misplaced(each.text, exchange)
        elif "«" in each.text or "»" in each.text:
            raise _CannotTellError
    return pieces


def _split(text: str) -> list[_Piece]:
    parts = _MARK.split(text)
    pieces = [_Piece(part, is_secret=bool(number % 2)) for number, part in enumerate(parts)]
    return [each for each in pieces if each.text] or [_Piece("", is_secret=False)]


def _refuse_misplaced(label: str, exchange: Exchange) -> None:
    role, *names = label.split(".")
    at_sign_in = exchange.purpose is Purpose.TOKEN
    if role != exchange.role or (not at_sign_in and _SIGN_IN_ONLY.intersection(names)):
        raise _CannotTellError


def _masked(piece: _Piece, mask: Callable[[str], str]) -> _Piece:
    return piece if piece.is_secret else _Piece(mask(piece.text), is_secret=False)


def _quoted(pieces: Iterable[_Piece]) -> str:
    """The pieces as one word of a shell: variables in double quotes, everything else as it is."""
    return "".join(f'"${_variable(each.text)}"' if each.is_secret else shlex.quote(each.text) for each in pieces)


def _variable(label: str) -> str:
    """The variable for a secret: MAIN_ACCESS_TOKEN for "main.access_token"."""
    return "".join(letter if letter.isalnum() else "_" for letter in label.upper())


def _media_type(exchange: Exchange) -> str:
    headers = exchange.request.headers
    named = next((value for name, value in headers if name.lower() == "content-type"), "")
    return named.partition(";")[0].strip().lower()
