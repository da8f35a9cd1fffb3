"""What the static checks of access, limits and events say of published documents, held against a person's reading."""

from __future__ import annotations

import asyncio
import time
from functools import cache

import pytest
from msgspec.structs import replace

from cmms_audit.battery.context import Context, Subject
from cmms_audit.battery.engine import judge
from cmms_audit.model import Finding
from cmms_audit.spec.index import Spec
from cmms_audit.spec.limits import published_limits
from cmms_audit.spec.load import load_spec
from cmms_audit.spec.permission_matrix import permission_matrix
from cmms_audit.spec.resources import find_resources
from tests.support import SPECS, battery, rest, subject_of

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the folder of published documents is not here")

# Read off each document by a person. A facilities system with keys or OAuth without scopes, one limit and no webhooks;
# a stock system with fine scopes; a network inventory with keys, a change log and webhooks; and other trades.
EXPECTED: dict[str, dict[str, str]] = {
    "facilio.yaml": {
        "auth.audit-log-offered": "unknown",
        "auth.basic-not-documented": "met",
        "auth.encrypted-as-documented": "met",
        "auth.expiry-documented": "unknown",
        "auth.no-key-in-query": "met",
        "auth.offers-oauth": "met",
        "auth.operations-protected": "met",
        "auth.revocation-documented": "met",
        "auth.rotation-documented": "unknown",
        "auth.scopes-declared": "not_met",
        "limits.bulk-writes-documented": "not_met",
        "limits.numbers-published": "partial",
        "limits.page-size-documented": "partial",
        "limits.refusal-documented": "partial",
        "webhooks.filters-offered": "not_met",
        "webhooks.offered": "not_met",
        "webhooks.retry-documented": "unknown",
        "webhooks.signature-documented": "unknown",
    },
    "inventree.yaml": {
        "auth.basic-not-documented": "partial",
        "auth.offers-oauth": "met",
        "auth.operations-protected": "met",
        "auth.rotation-documented": "partial",
        "auth.scopes-declared": "met",
        "limits.bulk-writes-documented": "met",
        "limits.page-size-documented": "partial",
        "limits.refusal-documented": "unknown",
        "webhooks.offered": "unknown",
    },
    "netbox.yaml": {
        "auth.audit-log-offered": "partial",
        "auth.expiry-documented": "partial",
        "auth.offers-oauth": "unknown",
        "auth.operations-protected": "met",
        "auth.rotation-documented": "partial",
        "auth.scopes-declared": "unknown",
        "limits.bulk-writes-documented": "met",
        "webhooks.filters-offered": "met",
        "webhooks.offered": "met",
        "webhooks.retry-documented": "unknown",
        "webhooks.signature-documented": "met",
    },
    "box.json": {
        "auth.offers-oauth": "met",
        "auth.operations-protected": "partial",
        "auth.revocation-documented": "met",
        "auth.scopes-declared": "partial",
        "limits.numbers-published": "partial",
        "limits.page-size-documented": "met",
        "limits.refusal-documented": "partial",
        "webhooks.filters-offered": "partial",
        "webhooks.offered": "met",
    },
    "stripe-2022-04.json": {
        "auth.basic-not-documented": "partial",
        "auth.offers-oauth": "not_met",
        "limits.page-size-documented": "partial",
        "limits.refusal-documented": "unknown",
        "webhooks.filters-offered": "partial",
        "webhooks.offered": "met",
    },
    "twilio-api-v2010.json": {
        "auth.basic-not-documented": "not_met",
        "auth.offers-oauth": "not_met",
        "auth.scopes-declared": "unknown",
        "limits.bulk-writes-documented": "unknown",
    },
    "adyen-management-v3.json": {
        "auth.basic-not-documented": "partial",
        "auth.offers-oauth": "not_met",
        "auth.rotation-documented": "met",
        "auth.scopes-declared": "partial",
        "limits.numbers-published": "unknown",
        "limits.refusal-documented": "partial",
        "webhooks.log-offered": "unknown",
        "webhooks.offered": "met",
        "webhooks.signature-documented": "met",
    },
    "kubernetes-swagger2.json": {
        "auth.encrypted-as-documented": "unknown",
        "auth.offers-oauth": "partial",
        "auth.scopes-declared": "unknown",
        "limits.bulk-writes-documented": "unknown",
        "webhooks.offered": "unknown",
    },
    "github-api.json": {
        "auth.expiry-documented": "met",
        "auth.offers-oauth": "unknown",
        "auth.scopes-declared": "partial",
        "limits.bulk-writes-documented": "unknown",
        "limits.numbers-published": "partial",
        "limits.page-size-documented": "partial",
        "webhooks.filters-offered": "partial",
        "webhooks.log-offered": "met",
        "webhooks.offered": "met",
        "webhooks.payload-documented": "met",
        "webhooks.signature-documented": "met",
    },
}
FLAGS = {
    "facilio.yaml": set(),
    "netbox.yaml": {"no-published-rate-limits"},
    "box.json": set(),
    "stripe-2022-04.json": {"api-keys-only", "no-published-rate-limits"},
    "twilio-api-v2010.json": {"basic-auth-only", "no-published-rate-limits"},
    "adyen-management-v3.json": {"api-keys-only"},
    "github-api.json": set(),
}
STATIC = [
    check_id
    for check_id, each in battery().items()
    if check_id.partition(".")[0] in ("auth", "limits", "webhooks") and each.sends == "nothing"
]
LIMITS = {
    "facilio.yaml": {(100, 60, True)},
    "box.json": {(2, 86_400, False)},
    "github-api.json": {(1000, 3600, False), (10, 60, False)},
    "netbox.yaml": set(),
    "stripe-2022-04.json": set(),
    "kubernetes-swagger2.json": set(),
}
PLENTY = 1.5  # seconds on a busy machine; a quiet one needs a quarter


@cache
def document(name: str) -> Spec:
    spec = load_spec(SPECS / name)
    assert isinstance(spec, Spec)
    return spec


@cache
def subject(name: str) -> Subject:
    empty = subject_of({"openapi": "3.0.3", "info": {"title": "", "version": ""}, "paths": {}})
    return replace(empty, document=document(name), resources=find_resources(document(name), rest()))


def found(name: str, check_id: str) -> Finding:
    declared = battery()[check_id]
    (finding,) = asyncio.run(judge(declared, Context(subject(name), declared)))
    return finding


@pytest.mark.parametrize("name", EXPECTED)
def test_published_documents_are_judged_as_a_reader_would(name: str) -> None:
    verdicts = {check_id: found(name, check_id).verdict.value for check_id in EXPECTED[name]}

    assert verdicts == EXPECTED[name]


@pytest.mark.parametrize("name", FLAGS)
def test_flags_are_raised_for_what_the_document_says_and_nothing_else(name: str) -> None:
    findings = [found(name, check_id) for check_id in STATIC]

    assert [(each.check, each.detail) for each in findings if each.reason == "defect"] == []
    assert {mark.flag for each in findings for mark in each.flags if mark.raised} == FLAGS[name]


@pytest.mark.parametrize("name", LIMITS)
def test_no_number_is_taken_for_a_limit_that_is_none(name: str) -> None:
    published = published_limits(document(name))

    assert {(each.limit.count, each.limit.window, each.general) for each in published} == LIMITS[name]


def test_the_permission_matrix_of_a_document_with_fine_scopes_is_drawn_in_full() -> None:
    matrix = permission_matrix(document("inventree.yaml"))
    row = next(each for each in matrix.rows if each.group == "stock")

    assert (len(matrix.scopes), len(matrix.named), len(matrix.without)) == (47, 590, 1)
    assert row.cells["r:view:stock"].letters == "R"
    assert row.cells["r:change:stock"].letters == "W"


def test_roles_in_sentences_are_drawn_too() -> None:
    matrix = permission_matrix(document("adyen-management-v3.json"))

    assert matrix.scopes["Management API—Webhooks read and write"].letters == "RW"
    assert matrix.scopes["Management API—Account read"].letters == "R"


def test_a_great_document_is_judged_quickly() -> None:
    found("github-api.json", "webhooks.offered")
    permission_matrix.cache_clear()
    published_limits.cache_clear()
    began = time.process_time()

    for check_id in STATIC:
        found("github-api.json", check_id)

    assert time.process_time() - began < PLENTY
