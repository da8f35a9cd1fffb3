"""report.html: one file that loads nothing, can be read by everyone, and hides nothing that matters."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from itertools import chain, pairwise
from typing import Any

import pytest

from cmms_audit.reports.html import _FOLDER, render_html
from cmms_audit.reports.json import render_json
from tests.reports import fixture
from tests.reports.pages import Page, parsed


def page_of(report: dict[str, Any] | None = None, **options: Any) -> Page:
    return parsed(render_html(report or fixture.report(), fixture.exchanges(), **options))


def changed(**members: Any) -> dict[str, Any]:
    return fixture.report() | members


def without_grade() -> dict[str, Any]:
    score = fixture.report()["score"] | {
        "grade": None,
        "raw_grade": None,
        "withheld": "too little was seen",
        "caps": [],
    }
    return changed(score=score)


def test_the_page_holds_no_script_and_no_style_of_its_own() -> None:
    page = page_of()

    assert page.all("script") == []
    attributes = {name for _, attrs in page.elements for name in attrs}
    assert attrs_that_act(attributes) == set()


def attrs_that_act(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith("on") or name in {"style", "src", "srcset", "data", "action"}}


def test_nothing_is_loaded_from_outside() -> None:
    html = render_html(fixture.report(), fixture.exchanges())

    page = parsed(html)
    assert {tag for tag, _ in page.elements} & {"link", "img", "iframe", "object", "embed", "base", "form"} == set()
    assert "@import" not in html
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", html))


def test_the_security_policy_admits_this_style_sheet_and_nothing_else() -> None:
    html = render_html(fixture.report())

    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = next(meta["content"] for meta in parsed(html).all("meta") if "http-equiv" in meta)
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_every_link_within_the_page_arrives() -> None:
    page = page_of()

    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    inner = {attrs["href"] for attrs in page.all("a") if (attrs["href"] or "").startswith("#")}
    assert inner <= {f"#{each}" for each in ids}
    labels = {attrs["aria-labelledby"] for _, attrs in page.elements if "aria-labelledby" in attrs}
    assert labels <= set(ids)


def test_evidence_leads_to_the_recorded_exchange() -> None:
    page = page_of()

    targets = {attrs["href"] for attrs in page.all("a")}
    assert {f"#exchange-{number}" for number in range(1, 8)} <= targets


def test_evidence_whose_exchange_is_not_at_hand_is_named_without_a_link() -> None:
    page = parsed(render_html(fixture.report(), exchanges=[]))

    assert "Exchange 3" in page.text
    assert "#exchange-3" not in {attrs["href"] for attrs in page.all("a")}


def test_links_outside_tell_nobody_where_they_come_from() -> None:
    outside = [attrs for attrs in page_of().all("a") if not (attrs["href"] or "").startswith("#")]

    assert {attrs["href"] for attrs in outside} == {
        "https://developers.northwind.example",
        "https://developers.northwind.example/audit-logs",
    }
    assert all("noreferrer" in (attrs["rel"] or "") for attrs in outside)


def test_headings_step_down_one_at_a_time() -> None:
    levels = [int(tag[1]) for tag, _ in page_of().elements if re.fullmatch("h[1-6]", tag)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_the_sections_stand_in_the_order_of_a_reader() -> None:
    sections = [attrs["id"] for attrs in page_of().all("section") if "id" in attrs]

    assert sections == [
        *("verdict", "seen", "scenarios", "red-flags", "questions", "claims", "capacity", "events", "mapping"),
        *("field-coverage", "permissions", "waivers", "ask", "traffic", "resources", "scoring", "exchanges"),
    ]


def test_a_volume_is_told_once_with_its_arithmetic_and_what_would_make_it_fit() -> None:
    text = page_of().text.partition("Does your volume fit?")[2].partition("What became of the events")[0]

    assert text.count("50,000 records in 60 min") == 1
    assert "History and key figures to reporting, Costs and purchase orders to the ERP" in text
    assert "50 calls of 6.6 s (seen), one after the other, take 5.5 min." in text
    assert "It would fit with a limit of at least 30 calls a minute and 1,800 calls an hour." in text


def test_a_volume_that_no_single_change_makes_fit_says_what_to_ask_for() -> None:
    report = fixture.report()
    for each in report["capacity"]:
        each["would_fit"] = []

    assert "No single change is enough: ask for larger pages" in page_of(report).text


def test_all_questions_and_all_flags_are_there() -> None:
    page = page_of()

    ids = {attrs.get("id") for _, attrs in page.elements}
    assert {f"question-{each['id']}" for each in fixture.report()["questions"]} <= ids
    assert {f"flag-{each['id']}" for each in fixture.report()["red_flags"]} <= ids


def test_a_flag_that_was_not_tested_is_never_shown_as_clear() -> None:
    text = page_of().text

    clear, untested = text.index("Looked for and not found (11)"), text.index("Not tested (2)")
    assert clear < untested < text.index("Throttling without a word")
    assert "Throttling without a word" not in text[clear:untested]


def test_an_unknown_answer_says_why() -> None:
    assert "Why it is unknown: Permission to try it was not given." in page_of().text


def test_questions_without_an_answer_are_listed_for_the_vendor_the_heaviest_first() -> None:
    text = page_of().text
    asked = text[text.index("Nothing that could be seen answers these") :]

    order = [asked.index(title) for title in ("Lost updates", "Behaviour at the limit", "Seeing failures")]
    assert order == sorted(order)


def test_the_caps_are_named_with_their_reasons_beside_the_raw_grade() -> None:
    text = page_of().text

    assert "The score alone would be grade C." in text
    assert "D at best: Limits on access are not enforced . One critical red flag." in text


def test_where_no_grade_is_given_the_page_says_why() -> None:
    text = page_of(without_grade()).text

    assert "No grade is given Why: Too little was seen." in text
    assert "Weak: expect lasting manual work" not in text


def test_an_audit_that_was_stopped_says_so_first() -> None:
    text = page_of(changed(complete=False, stopped="the vendor refused the credential")).text

    assert text.index("This audit is not complete. The vendor refused the credential.") < text.index("Grade")


def test_nothing_but_documents_is_said_where_there_is_no_address() -> None:
    vendor = fixture.report()["vendor"] | {"base_url": "", "docs_url": None, "spec_version": None}

    assert "none: only documents were read" in page_of(changed(vendor=vendor)).text


def test_a_report_in_which_nothing_weighs_can_be_read() -> None:
    report = fixture.report()
    nothing = {"value": None, "low": None, "high": None, "score": None}
    report["score"] |= nothing
    for each in (*report["groups"], *report["scenarios"]):
        each |= nothing
    for name in ("claims", "capacity", "events", "mapping", "waivers", "findings", "resources", "warnings"):
        report[name] = []

    assert "No score: nothing that weighs could be judged." in page_of(report).text


def test_what_was_left_behind_is_told() -> None:
    traffic = fixture.report()["traffic"] | {"left_behind": ["work order WO-9001"]}

    assert (
        "Left behind: these records could not be deleted again. work order WO-9001"
        in page_of(changed(traffic=traffic)).text
    )


def test_values_of_people_are_masked() -> None:
    html = render_html(fixture.report(), fixture.exchanges())

    for value in ("Lindqvist", "maria@plant.example", "123 456 78"):
        assert value not in html
    assert "«name masked»" in html


def test_values_of_people_are_shown_on_request() -> None:
    html = render_html(fixture.report(), fixture.exchanges(), show_values=True)

    assert "Maria Lindqvist" in html
    assert "masked" not in html


def test_an_address_of_a_person_in_a_summary_is_masked_too() -> None:
    report = fixture.report()
    report["findings"][0]["summary"] = "the record names jane.doe@plant.example, +46 8 123 456 78"

    assert "The record names «e-mail masked», «phone masked»." in page_of(report).text


def test_a_long_body_is_cut_and_the_reader_told_where_the_rest_is() -> None:
    text = page_of().text

    assert "Only the beginning of the body is shown; the whole is in evidence.jsonl." in text


def test_exchanges_that_nobody_points_at_are_counted_and_left_out() -> None:
    nobodys = (fixture.exchange(number, "GET", "/assets", 200, "x" * 100_000) for number in range(8, 900))

    html = render_html(fixture.report(), chain(fixture.exchanges(), nobodys))

    assert len(html) < 1.01 * len(render_html(fixture.report(), fixture.exchanges()))
    page = parsed(html)
    articles = [attrs["id"] for attrs in page.all("article") if (attrs.get("id") or "").startswith("exchange-")]
    assert articles == [f"exchange-{number}" for number in range(1, 8)]
    assert "Of 899 exchanges the 7 that a finding points at are shown." in page.text


def test_a_report_read_back_from_its_file_gives_the_same_page() -> None:
    report = fixture.report()

    assert render_html(json.loads(render_json(report))) == render_html(report)


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground", "least"),
    [
        *[(ink, ground, 4.5) for ink in ("ink", "quiet", "accent") for ground in ("ground", "raised")],
        *[(ink, f"{ink}-soft", 4.5) for ink in ("good", "fair", "bad", "open")],
        ("accent", "ground", 3.0),
        ("accent", "accent-soft", 3.0),
        ("accent", "band", 3.0),
    ],
)
def test_words_and_signs_stand_out_from_their_ground(theme: int, ink: str, ground: str, least: float) -> None:
    style = (_FOLDER / "style.css").read_text(encoding="utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", blocks[theme]))

    assert contrast(colours[ink], colours[ground]) >= least
