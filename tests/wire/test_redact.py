"""No secret survives recording, in no usual spelling; and nothing else is touched."""

from __future__ import annotations

import base64
import html
import json
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cmms_audit.wire.redact import MASKED, WITHHELD, Redactor

SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="«»\x7f"), min_size=6, max_size=40
)
LONG_SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, categories=["Lu", "Ll", "Nd", "Po", "Sm"]),
    min_size=8,
    max_size=40,
)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="«»"), max_size=40)


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def every_byte_percent_encoded(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def every_letter_json_escaped(text: str) -> str:
    return json.dumps("".join(f"\\u{ord(letter):04X}" for letter in text)).replace("\\\\", "\\")


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded, slashes kept": quote,
    "form-encoded": quote_plus,
    "percent-encoded to the last byte": every_byte_percent_encoded,
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "in JSON": json.dumps,
    "in JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "in JSON, slashes escaped": lambda text: json.dumps(text).replace("/", "\\/"),
    "in JSON in JSON": lambda text: json.dumps(json.dumps({"echo": text})),
    "in JSON, every letter escaped": every_letter_json_escaped,
    "in HTML": html.escape,
    "in JSON in HTML": lambda text: html.escape(json.dumps(text)),
    "in base64": base64_of,
    "in base64 for addresses": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "inside longer base64": lambda text: base64_of("x-api-key: " + text + "\r\n"),
    "in percent-encoded base64": lambda text: quote(base64_of(text), safe=""),
}

RARER_SPELLINGS: dict[str, Callable[[str], str]] = {
    "in other letter case": str.swapcase,
    "in hexadecimal": lambda text: text.encode().hex(),
    "in capital hexadecimal": lambda text: text.encode().hex().upper(),
    "in base32": lambda text: base64.b32encode(text.encode()).decode(),
    "inside longer base32": lambda text: base64.b32encode(f"key: {text}\r\n".encode()).decode().lower(),
}


def unspelled(text: str) -> set[str]:
    """What a reader could make of a text."""
    once = {text, unquote_plus(text), html.unescape(text), _json_read(text), _json_read(html.unescape(text))}
    return once | {unquote_plus(each) for each in once} | {_json_read(each) for each in once}


def _json_read(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return ""


@pytest.mark.parametrize("spelling", SPELLINGS)
@settings(deadline=None, max_examples=50)
@given(secret=SECRETS, before=PRINTABLE, after=PRINTABLE)
def test_no_spelling_of_a_secret_survives(spelling: str, secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add("main.value", secret)
    spelled = SPELLINGS[spelling](secret)
    text = f"{before} {spelled} {after}"

    cut = redactor.text(text)

    outside_marks = cut.replace("«main.value»", "\0").replace(WITHHELD, "\0")
    assert redactor.contains(text.encode())
    assert secret not in outside_marks
    assert spelled not in outside_marks
    assert not any(secret in read for piece in outside_marks.split() for read in unspelled(piece))


@pytest.mark.parametrize("spelling", RARER_SPELLINGS)
@settings(deadline=None, max_examples=50)
@given(secret=LONG_SECRETS, before=PRINTABLE, after=PRINTABLE)
def test_no_rarer_spelling_of_a_long_secret_survives(spelling: str, secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add("main.value", secret)
    spelled = RARER_SPELLINGS[spelling](secret)

    cut = redactor.text(f"{before} {spelled} {after}")

    outside_marks = cut.replace("«main.value»", "\0").replace(WITHHELD, "\0")
    assert redactor.contains(spelled.encode())
    assert spelled not in outside_marks


def test_an_answer_as_large_as_may_be_is_looked_through_in_no_time() -> None:
    redactor = Redactor()
    for number in range(4):
        redactor.add("main.access_token", f"t0ken-t0ken-{number}")
    text = '{"title": "Replace bearing", "status": "open"}' * 180_000 + "T0KEN-T0KEN-3"

    began = time.perf_counter()
    cut = redactor.text(text)

    assert cut.endswith("«main.access_token»")
    assert time.perf_counter() - began < 1.5


@given(secret=SECRETS, text=PRINTABLE)
def test_redacting_twice_changes_nothing_more(secret: str, text: str) -> None:
    redactor = Redactor()
    redactor.add("main.value", secret)

    once = redactor.text(f"{text}{secret} {secret}")

    assert redactor.text(once) == once


@given(text=PRINTABLE)
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    redactor = Redactor()
    redactor.add("main.value", "S3cr3t-value-of-the-plant")

    assert redactor.text(text) == text


@given(secret=SECRETS)
def test_a_json_answer_stays_json(secret: str) -> None:
    answer = json.dumps({"id": 7, "echo": secret, "note": "fine"})
    assume(answer.count(json.dumps(secret)[1:-1]) == 1)
    redactor = Redactor()
    redactor.add("main.value", secret)

    cut = redactor.text(answer)

    assert json.loads(cut)["echo"] == "«main.value»"


def test_a_mark_says_whose_secret_stood_there() -> None:
    redactor = Redactor()
    redactor.add("main.value", "key-of-main")
    redactor.add("read_only.value", "key-of-reader")

    assert redactor.text("key-of-reader, key-of-main") == "«read_only.value», «main.value»"


def test_a_secret_that_is_part_of_another_does_not_leave_the_rest_of_it() -> None:
    redactor = Redactor()
    redactor.add("main.value", "abcdef")
    redactor.add("rotated.value", "abcdef-ghijkl")

    assert redactor.text("key=abcdef-ghijkl") == "key=«rotated.value»"


def test_a_secret_that_looks_like_a_mark_does_not_spoil_the_marks() -> None:
    redactor = Redactor()
    redactor.add("main.value", "value")
    redactor.add("main.pair", "main")

    assert redactor.text("value main") == "«main.value» «main.pair»"
    assert redactor.text("«main.value»") == "«main.value»"


def test_a_user_name_is_taken_out_as_a_whole_word_only_and_is_no_leak() -> None:
    redactor = Redactor()
    redactor.add("main.username", "admin")

    assert (
        redactor.text('{"by": "admin", "role": "administrator"}')
        == '{"by": "«main.username»", "role": "administrator"}'
    )
    assert not redactor.contains(b"by admin")


def test_the_value_of_a_cookie_is_taken_out_whatever_it_is() -> None:
    cookies = [("Set-Cookie", "sid=s%3Aabc.def==; Path=/; HttpOnly"), ("SET-COOKIE", "lonely; Path=/")]

    headers = Redactor().answer_headers(cookies)

    assert headers == (("Set-Cookie", "sid=«cookie»; Path=/; HttpOnly"), ("SET-COOKIE", "«cookie»"))


@pytest.mark.parametrize("name", ["X-Refresh-Token", "authorization", "X-API-Key", "ApiKey", "X-Client-Secret"])
def test_a_new_secret_in_the_header_of_an_answer_is_taken_out(name: str) -> None:
    assert Redactor().answer_headers([(name, "never-seen-before")]) == ((name, MASKED),)


@pytest.mark.parametrize("name", ["X-RateLimit-Remaining-Tokens", "Rate-Limit-Tokens", "WWW-Authenticate", "ETag"])
def test_other_headers_of_an_answer_stay_as_they_are(name: str) -> None:
    assert Redactor().answer_headers([(name, "12")]) == ((name, "12"),)


def test_a_value_too_short_to_be_told_from_text_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 4"):
        Redactor().add("main.value", "abc")


@pytest.mark.parametrize("filler", ["\\", "%25", "&#0", "%", "&", "\\u", "«"])
def test_no_text_makes_redaction_slow(filler: str) -> None:
    redactor = Redactor()
    redactor.add("main.value", "\\" * 30 + "%25" * 10 + "z")
    redactor.add("main.token", "S3cr3t/value")
    text = filler * (200_000 // len(filler)) + quote("S3cr3t/value", safe="") + json.dumps("\\" * 30)

    began = time.perf_counter()
    cut = redactor.text(text)

    assert time.perf_counter() - began < 2
    assert "S3cr3t" not in cut


def test_what_cannot_be_cut_out_cleanly_takes_the_whole_text_with_it() -> None:
    redactor = Redactor()
    redactor.add("main.value", "back\\slash")
    deep = json.dumps(json.dumps(json.dumps("back\\slash")))

    assert redactor.text(f"before {deep} after") == WITHHELD


@pytest.mark.parametrize("labels", [("main.password", "main.username"), ("main.username", "main.password")])
def test_a_user_name_that_is_also_a_password_is_a_password(labels: tuple[str, str]) -> None:
    redactor = Redactor()
    for label in labels:
        redactor.add(label, "same-word")

    assert redactor.contains(b"say same-word")
    assert redactor.text("same-wordy") == "«main.password»y"


def test_a_client_id_that_is_a_number_does_not_spoil_the_numbers_of_an_answer() -> None:
    redactor = Redactor()
    redactor.add("main.client_id", "10452")

    assert redactor.text('{"id": 10452}') == '{"id": 10452}'
