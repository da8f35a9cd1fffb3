"""Tokens that are asked for with fewer permissions, and vendors who keep to them, or do not."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from cmms_audit.model import Finding, Reason, Verdict
from tests.checks.small import OAUTH, Json, as_json, client, described, flags, looked_at, only, refusal
from tests.checks.test_auth_documents import scoped
from tests.wire.servers import Answer, Seen

NARROWER, UNKNOWN_SCOPE = "auth.narrower-token", "auth.unknown-scope-refused"
WHOLE = "wo:read wo:write assets:read assets:write"
SPOKEN_401 = 'Bearer error="insufficient_scope", scope="assets:read"'


@dataclass
class Granting:
    """A vendor whose tokens carry the scopes that were asked for, and open the lists that these name.

    `says` is what the token answer names as granted, where it does not name what was asked for (None: nothing);
    `elsewhere` answers a token at a list that it does not open; `knows` are the scopes that can be asked for.
    """

    says: str | None = "as asked"
    elsewhere: Answer = field(default_factory=lambda: as_json({"code": "forbidden"}, 403))
    at_home: Answer | None = None
    knows: str | None = WHOLE
    tokens: dict[str, str] = field(default_factory=dict)

    def __call__(self, seen: Seen) -> Answer:
        if seen.path == "/token":
            return self.token(seen.form.get("scope", WHOLE))
        scopes = self.tokens.get(seen.headers.get("authorization", "").removeprefix("Bearer "))
        if scopes is None:
            return refusal()
        records = as_json([{"id": "W-1", "status": "open"}])
        needed = {"/work-orders": "wo:read", "/assets": "assets:read"}[seen.path.removeprefix("/api/v1")]
        if needed not in scopes.split():
            return self.elsewhere
        return records if scopes == WHOLE or self.at_home is None else self.at_home

    def token(self, asked: str) -> Answer:
        if self.knows is not None and not set(asked.split()) <= set(self.knows.split()):
            return as_json({"error": "invalid_scope"}, 400)
        name = f"t0ken-number-{len(self.tokens)}"
        self.tokens[name] = asked
        said: Json = {} if self.says is None else {"scope": asked if self.says == "as asked" else self.says}
        return as_json({"access_token": name, "token_type": "Bearer", **said})


def asked(check: str, vendor: Granting, document: Json | None = None) -> Finding:
    return only(looked_at(check, vendor, document or scoped("wo:read", "wo:write"), credentials=client))


@pytest.mark.parametrize(
    ("vendor", "verdict", "words"),
    [
        pytest.param(Granting(), Verdict.MET, "refused elsewhere (assets 403)", id="refused"),
        pytest.param(Granting(says=None), Verdict.MET, "refused elsewhere", id="granted as asked, not said"),
        pytest.param(Granting(elsewhere=as_json({}, 404)), Verdict.MET, "404", id="hidden"),
        pytest.param(Granting(elsewhere=refusal(SPOKEN_401)), Verdict.MET, "401", id="401 that says why"),
        pytest.param(Granting(elsewhere=refusal()), Verdict.PARTIAL, "as if it were no credential", id="bare 401"),
        pytest.param(Granting(elsewhere=as_json([])), Verdict.PARTIAL, "empty list", id="an empty list elsewhere"),
        pytest.param(Granting(at_home=as_json({}, 403)), Verdict.PARTIAL, "does not open", id="opens nothing"),
        pytest.param(Granting(knows="wo:write"), Verdict.PARTIAL, "was refused", id="not given"),
        pytest.param(Granting(says=WHOLE), Verdict.NOT_MET, "granted 4 permissions", id="granted more"),
        pytest.param(Granting(says="wo:read openid"), Verdict.MET, "refused elsewhere", id="who it is, besides"),
        pytest.param(Granting(elsewhere=as_json({}, 503)), Verdict.UNKNOWN, "could not be told", id="busy elsewhere"),
        pytest.param(
            Granting(elsewhere=as_json({}, 429)), Verdict.UNKNOWN, "could not be told", id="put off elsewhere"
        ),
        pytest.param(Granting(at_home=as_json({}, 503)), Verdict.UNKNOWN, "could not be told", id="busy at home"),
        pytest.param(Granting(elsewhere=as_json({"x": 1})), Verdict.UNKNOWN, "could not be told", id="unclear"),
    ],
)
def test_a_token_for_one_list_opens_that_list_alone(vendor: Granting, verdict: Verdict, words: str) -> None:
    finding = asked(NARROWER, vendor)

    assert (finding.verdict, flags(finding)) == (verdict, {}), finding.summary
    assert words in finding.summary


def test_a_token_that_opens_another_list_is_a_red_flag() -> None:
    finding = asked(NARROWER, Granting(elsewhere=as_json([{"id": "A-1", "status": "open"}])))

    assert (finding.verdict, flags(finding)) == (Verdict.NOT_MET, {"scopes-not-enforced": True})


def test_what_a_token_opens_does_not_make_up_for_a_matrix_that_is_poor() -> None:
    document = scoped("wo:read", "wo:write", others="wo")  # a permission for the whole system

    assert asked(NARROWER, Granting(), document).verdict is Verdict.PARTIAL


@pytest.mark.parametrize(
    ("vendor", "verdict"),
    [
        pytest.param(Granting(), Verdict.MET, id="refused"),
        pytest.param(Granting(knows=None, says="wo:read"), Verdict.MET, id="left out, and said"),
        pytest.param(Granting(knows=None, says=None), Verdict.PARTIAL, id="nothing said"),
        pytest.param(Granting(knows=None), Verdict.PARTIAL, id="granted"),
    ],
)
def test_a_permission_that_does_not_exist_is_not_granted(vendor: Granting, verdict: Verdict) -> None:
    assert asked(UNKNOWN_SCOPE, vendor).verdict is verdict


@pytest.mark.parametrize("check", [NARROWER, UNKNOWN_SCOPE])
def test_a_busy_token_address_tells_nothing(check: str) -> None:
    def busy(seen: Seen) -> Answer:
        return as_json({}, 503)

    finding = only(looked_at(check, busy, scoped("wo:read", "wo:write"), credentials=client))

    assert (finding.verdict, finding.reason) == (Verdict.UNKNOWN, Reason.CONNECTIVITY)


@pytest.mark.parametrize("check", [NARROWER, UNKNOWN_SCOPE])
def test_a_key_fetches_no_tokens_that_could_be_narrower(check: str) -> None:
    finding = only(looked_at(check, Granting(), scoped("wo:read", "wo:write")))

    assert finding.verdict is Verdict.NOT_APPLICABLE


def test_oauth_without_scopes_offers_none_to_ask_for() -> None:
    document = described(schemes={"oauth": OAUTH})

    assert asked(NARROWER, Granting(), document).reason is Reason.NOT_PERMITTED
    assert asked(UNKNOWN_SCOPE, Granting(), document).verdict is Verdict.NOT_APPLICABLE
