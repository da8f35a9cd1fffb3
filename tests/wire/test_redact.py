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


def wrapped_base64_of(text: str) -> str:
    return base64.encodebytes(f"{'before ' * 9}{text}{' after' * 9}".encode()).decode()


def token_with(text: str) -> str:
    """An unsigned JWT (RFC 7519) that says the text."""
    parts = ('{"alg":"none"}', json.dumps({"sub": "plant", "key": text, "ok": True}), "")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)


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
    "in base64 broken into lines": wrapped_base64_of,
    "in base64 broken into lines in JSON": lambda text: json.dumps(wrapped_base64_of(text)),
    "in base64 in base64": lambda text: base64_of(f"key={base64_of('id:' + text)}"),
    "in JSON in base64": lambda text: base64_of(json.dumps({"key": text})),
    "in a JWT": token_with,
    "in a Basic pair": lambda text: "Basic " + base64_of(f"plant-client:{quote_plus(text)}"),
    "in hexadecimal": lambda text: text.encode().hex(),
    "in hexadecimal in base64": lambda text: base64_of(text.encode().hex()),
    "in escapes of bytes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "in octal escapes": lambda text: "".join(f"\\{byte:03o}" for byte in text.encode()),
    "in braced escapes": lambda text: "".join(f"\\u{{{ord(letter):x}}}" for letter in text),
    "in decimal entities": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "in entities in entities": lambda text: html.escape("".join(f"&#x{ord(letter):X};" for letter in text)),
    "in quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()),
    "in quoted-printable, broken": lambda text: "=\r\n".join(f"={byte:02X}" for byte in text.encode()),
    "with letters between that nobody sees": "\u200b".join,
}

RARER_SPELLINGS: dict[str, Callable[[str], str]] = {
    "in other letter case": str.swapcase,
    "in base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "in UTF-16 read as UTF-8": lambda text: text.encode("utf-16-le").decode("utf-8", "replace"),
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


def test_a_secret_deep_in_strings_inside_strings_is_cut_out() -> None:
    redactor = Redactor()
    redactor.add("main.value", "back\\slash")
    deep = json.dumps(json.dumps(json.dumps("back\\slash")))

    assert json.loads(json.loads(json.loads(redactor.text(deep)))) == "«main.value»"


def test_a_text_that_asks_for_too_much_work_is_withheld_whole() -> None:
    redactor = Redactor()
    redactor.add("main.value", "S3cr3t-value-of-the-plant")
    everything_at_once = ("V" * 60 + "=3D56%25%2556&amp;#37;56\\\\x56\0=3D3D56\u200b&amp;") * 2000

    began = time.perf_counter()
    assert redactor.text(everything_at_once) == WITHHELD
    assert time.perf_counter() - began < 2


LARGE = {
    "escapes": json.dumps('{"id": 7, "title": "Replace bearing"}' * 30_000)[:1_000_000],
    "percent signs": "%25" * 333_000,
    "backslashes": "\\" * 1_000_000,
    "entities": "&amp;lt;" * 125_000,
    "base64": base64.b64encode(bytes(range(256)) * 2900).decode(),
    "base64 four times over": base64_of(
        base64_of(base64_of(base64_of("S3cr3t-of-the-plant, but not all of it" * 8000)))
    ),
    "hexadecimal": bytes(range(256)).hex() * 2000,
    "zeros": "\0" * 1_000_000,
    "the same letter": "A" * 1_000_000,
    "secrets": "S3cr3t-of-the-plant-1 " * 45_000,
    "secrets in base64": (base64_of("key: S3cr3t-of-the-plant-1") + " ") * 27_000,
    "secrets in one base64": base64_of("S3cr3t-of-the-plant-1" * 35_000),
}


@pytest.mark.parametrize("kind", LARGE)
def test_no_megabyte_takes_long(kind: str) -> None:
    redactor = Redactor()
    for number in range(12):
        redactor.add("main.access_token", f"S3cr3t-of-the-plant-{number}")

    began = time.perf_counter()
    cut = redactor.text(LARGE[kind])

    assert time.perf_counter() - began < 3
    assert "S3cr3t-of-the-plant-1" not in cut
    assert ("«main.access_token»" in cut) == kind.startswith("secrets")


def test_an_ordinary_page_is_not_withheld() -> None:
    redactor = Redactor()
    redactor.add("main.value", "k3y9")
    picture = base64.b64encode(bytes(range(256)) * 8).decode()
    part = (
        "<p>The pump\u200b and its ma\u00adnual are &amp;quot;described&amp;quot; &eacute;"
        "don\\u2019t &amp;#39;forget&amp;#39;</p>"
        '<a href="/x?id=3fa85f64-5717-4562&amp;q=%2520a%252Fb&amp;next=%3D3D">Next</a>'
        f'<img src="data:image/png;base64,{picture}"><pre>a=3D41 b=\n c</pre>'
        + "<p>Replace the bearing of the motor.</p>"
        * 30
    )
    page = part * 100

    assert redactor.text(page) == page


def test_a_secret_that_reads_as_half_a_letter_does_no_harm() -> None:
    redactor = Redactor()
    redactor.add("main.value", "abcdefgh%C3")

    assert redactor.text("say abcdefgh\u00fc!") == "say «main.value»\ufffd!"


@settings(deadline=None)
@given(secret=SECRETS, text=st.text(st.sampled_from("%\\&=#;xu0259aAV\0\u200b\ud83d«"), max_size=60))
def test_whatever_stands_around_it_a_secret_is_cut_out_and_nothing_breaks(secret: str, text: str) -> None:
    redactor = Redactor()
    redactor.add("main.value", secret)

    cut = redactor.text(f"{text}{secret}{text}")

    assert secret not in cut.replace("«main.value»", "")


def test_a_usual_answer_costs_next_to_nothing() -> None:
    redactor = Redactor()
    for number in range(12):
        redactor.add("main.access_token", f"S3cr3t-of-the-plant-{number}-{number * 7919:032x}")
    record = {"id": 7, "title": "Replace bearing", "status": "open", "updated_at": "2026-01-02T08:00:00Z", "site": "4"}
    answers = [json.dumps({"data": [{**record, "number": number * at} for at in range(16)]}) for number in range(500)]

    costs = []
    for batch in (answers[at : at + 100] for at in range(0, 500, 100)):
        began = time.process_time()
        assert [redactor.text(answer) for answer in batch] == batch
        costs.append((time.process_time() - began) / len(batch))

    assert min(costs) < 100e-6


def test_what_is_forgotten_is_looked_for_no_longer() -> None:
    redactor = Redactor()
    redactor.add("main.signature", "0123456789abcdef")
    assert redactor.text("0123456789ABCDEF") == "«main.signature»"

    redactor.forget("0123456789abcdef")

    assert redactor.text("0123456789ABCDEF") == "0123456789ABCDEF"
    assert not redactor.knows_any


def test_a_text_that_was_clean_is_looked_at_again_when_there_is_a_new_secret() -> None:
    redactor = Redactor()
    redactor.add("main.value", "first-secret")
    short, long = "next: second-secret", "next: second-secret" + " " * 1000
    assert (redactor.text(short), redactor.text(long)) == (short, long)

    redactor.add("main.access_token", "second-secret")

    assert redactor.text(short) == "next: «main.access_token»"
    assert redactor.text(long).startswith("next: «main.access_token»")
    assert redactor.contains(long.encode())


@given(
    before=PRINTABLE,
    after=PRINTABLE,
    nothing=st.sampled_from(["", "&lt;b&gt; 100%25 \\u00fc\\n \\\\", "=3D=41", "a\0b\u200b"]),
)
def test_what_is_no_secret_stays_however_it_is_spelled(before: str, after: str, nothing: str) -> None:
    redactor = Redactor()
    redactor.add("main.value", "S3cr3t-value-of-the-plant")
    redactor.add("main.pair", "plant:S3cr3t")
    text = f"{before}{nothing}{after} {base64_of(before)} {every_byte_percent_encoded(after)} {before.encode().hex()}"

    assert redactor.text(text) == text


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


def test_only_what_may_be_the_vendors_is_looked_through_where_that_is_said() -> None:
    redactor = Redactor()
    redactor.add("main.token", "same-word")
    line = {"script": "same-word", "causes": [{"says": ["same-word", 1], "deep": {"says": {"more": "same-word"}}}]}

    assert redactor.values(line, under=("says",)) == {
        "script": "same-word",
        "causes": [{"says": ["«main.token»", 1], "deep": {"says": {"more": "«main.token»"}}}],
    }
    assert "same-word" not in str(redactor.values(line))


def test_one_that_knows_what_is_known_now_learns_nothing_more() -> None:
    redactor = Redactor()
    redactor.add("main.token", "first-secret")
    now = redactor.as_now()
    redactor.add("webhooks.told", "second-secret")
    redactor.forget("first-secret")

    assert now.text("first-secret second-secret") == "«main.token» second-secret"
    assert redactor.text("first-secret second-secret") == "first-secret «webhooks.told»"
