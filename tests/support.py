"""What several tests need: the shipped guide and battery, and a check judged over a small document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from cmms_audit.battery.check import Check
from cmms_audit.battery.context import Context, Subject, VendorFacts
from cmms_audit.battery.discover import discover
from cmms_audit.battery.engine import judge
from cmms_audit.dialect import Dialect, load_dialect
from cmms_audit.folders import checks_folder, profiles_folder
from cmms_audit.guide import Guide, load_guide
from cmms_audit.model import Claim, Finding
from cmms_audit.spec.load import NotASpec, parse_spec
from cmms_audit.spec.resources import find_resources

REPOSITORY = Path(__file__).resolve().parent.parent
SPECS = REPOSITORY.parent / "shared" / "specs"


@cache
def guide() -> Guide:
    """The shipped guide."""
    return load_guide(checks_folder(), profiles_folder())


@cache
def battery() -> Mapping[str, Check]:
    """The shipped checks by id."""
    return {each.id: each for each in discover([checks_folder()], questions=guide().questions)}


@cache
def rest() -> Dialect:
    """The dialect of ordinary REST APIs."""
    return load_dialect("rest", [profiles_folder() / "dialects"])


def judged(
    check_id: str,
    document: Mapping[str, Any] | NotASpec,
    *,
    claims: Mapping[str, Claim] | None = None,
    given: Mapping[str, str] | None = None,
    **vendor: Any,
) -> tuple[Finding, ...]:
    """The findings of one shipped check over a document, without a network."""
    declared = battery()[check_id]
    subject = subject_of(document, claims=claims, given=given, **vendor)
    return asyncio.run(judge(declared, Context(subject, declared)))


def subject_of(
    document: Mapping[str, Any] | NotASpec,
    *,
    claims: Mapping[str, Claim] | None = None,
    given: Mapping[str, str] | None = None,
    **vendor: Any,
) -> Subject:
    """What checks share, over a document and without a network."""
    spec = document if isinstance(document, NotASpec) else parse_spec(json.dumps(document), "vendor.json")
    dialect = rest()
    facts: dict[str, Any] = {
        "base_url": "https://vendor.example/api/v1",
        "docs_url": None,
        "spec_url": None,
        "sandbox": True,
        "scenarios": tuple(guide().scenarios),
        "volumes": {},
        "mapping": (),
        "claims": claims or {},
        "roles": frozenset({"main"}),
        "credential_types": {"main": "oauth2"},
    }
    return Subject(
        document=spec,
        dialect=dialect,
        resources={} if isinstance(spec, NotASpec) else find_resources(spec, dialect, given or {}),
        vendor=VendorFacts(**{**facts, **vendor}),
        guide=guide(),
        api=None,
    )
