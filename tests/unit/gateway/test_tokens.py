"""Tokens of users: only what is exactly right is accepted; the keys are neither fetched nor kept too much."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from tests.simulators.issuer import Issuer, running_issuer

from guiju.gateway.admission_settings import IssuerSettings, read_admission
from guiju.gateway.entrance.errors import IdentityUnavailableError, UserTokenError
from guiju.gateway.entrance.identity.tokens import TokenReader
from guiju.kit.clock import FixedClock
from guiju.kit.errors import ConfigurationError


def reader_for(issuer: Issuer, clock: FixedClock, **more: str) -> TokenReader:
    settings = IssuerSettings(issuer.name, "guiju", issuer.jwks_url, **more)  # type: ignore[arg-type]
    return TokenReader((settings,), clock)


@pytest.fixture
def now() -> FixedClock:
    return FixedClock(datetime.now(UTC))


async def test_a_sound_token_names_its_user_and_keys_are_fetched_once(now: FixedClock) -> None:
    async with running_issuer() as issuer:
        reader = reader_for(issuer, now, real_identity_claim="real")
        found = await reader.read(issuer.token("张三的编号", real=True))
        assert (found.issuer, found.subject, found.is_real) == (issuer.name, "张三的编号", True)
        assert (await reader.read(issuer.token("u-2"))).is_real is None
        assert (await reader.read(issuer.token("u-3", real="yes"))).is_real is None
        assert issuer.asked == 1


async def test_a_token_that_is_wrong_in_any_way_is_refused(now: FixedClock) -> None:
    async with running_issuer() as issuer:
        reader = reader_for(issuer, now)
        stranger = ECKey.generate_key("P-256", {"kid": str(issuer.keys[0].kid)})
        claims = {"iss": issuer.name, "sub": "u", "aud": "guiju", "exp": 2**40}
        kid = issuer.keys[0].kid
        head = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": kid}).encode()).decode().rstrip("=")
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        public = OctKey.import_key(json.dumps(issuer.keys[0].as_dict(private=False)).ljust(64))
        good = issuer.token()
        wrong = {
            "other audience": issuer.token(audience="other"),
            "ended": issuer.token(seconds=-60),
            "no end": jwt.encode({"alg": "ES256", "kid": kid}, {**claims, "exp": None}, issuer.keys[0]),
            "other issuer": issuer.token(iss="https://evil.example"),
            "not yet": issuer.token(nbf=2**40),
            "no subject": issuer.token(""),
            "subject no text": issuer.token(sub=5),
            "signed by another": jwt.encode({"alg": "ES256", "kid": kid}, claims, stranger),
            "unsigned": f"{head}.{body}.",
            "public key as secret": jwt.encode({"alg": "HS256", "kid": kid}, claims, public),
            "changed": good[:-6] + ("AAAAAA" if not good.endswith("AAAAAA") else "BBBBBB"),
            "no token": "x",
            "too long": "a" * 9000,
            "not ascii": "牌",
            "claims no object": f"{head}.{base64.urlsafe_b64encode(b'[1]').decode()}.x",
            "not base64": f"{head}.!.x",
        }
        for name, token in wrong.items():
            with pytest.raises(UserTokenError):
                pytest.fail(f"{name}: {await reader.read(token)}")


async def test_a_token_that_was_read_ends_all_the_same(now: FixedClock) -> None:
    async with running_issuer() as issuer:
        reader = reader_for(issuer, now)
        token = issuer.token(seconds=5)
        assert (await reader.read(token)).subject == "u-1"
        now.advance(40)  # past its end and past the half minute of grace for clocks
        with pytest.raises(UserTokenError):
            await reader.read(token)


async def test_a_new_key_is_found_and_made_up_ones_do_not_make_us_ask_and_ask(now: FixedClock) -> None:
    async with running_issuer() as issuer:
        reader = reader_for(issuer, now)
        await reader.read(issuer.token())
        issuer.new_key()
        now.advance(31)
        assert (await reader.read(issuer.token("u-9"))).subject == "u-9"
        asked = issuer.asked
        stranger = Issuer(issuer.name)
        for number in range(20):
            with pytest.raises(UserTokenError):
                await reader.read(stranger.token(f"u-{number}"))
        assert issuer.asked <= asked + 1


@pytest.mark.parametrize("trouble", ["error", "too large", "gone"])
async def test_without_keys_nothing_is_accepted_and_old_ones_serve_for_an_hour(now: FixedClock, trouble: str) -> None:
    async with running_issuer() as issuer:
        reader = reader_for(issuer, now)
        await reader.read(issuer.token())
        issuer.status = 500 if trouble == "error" else 200
        issuer.padding = 300_000 if trouble == "too large" else 0
        if trouble == "gone":
            reader._keys[issuer.name]._place = "http://127.0.0.1:9/"
        now.advance(1200)
        assert (await reader.read(issuer.token("u-2", seconds=9000))).subject == "u-2"
        now.advance(3600)
        with pytest.raises(IdentityUnavailableError):
            await reader.read(issuer.token("u-3", seconds=9000))


async def test_keys_may_stand_in_a_file(now: FixedClock, tmp_path: Path) -> None:
    issuer = Issuer()
    path = tmp_path / "jwks.json"
    path.write_bytes(issuer.jwks())
    reader = TokenReader((IssuerSettings(issuer.name, "guiju", str(path)),), now)
    assert (await reader.read(issuer.token())).subject == "u-1"


@pytest.mark.parametrize(
    "row",
    [
        {"issuer": "x", "audience": "a", "keys": "http://id.example.cn/jwks"},
        {"issuer": "x", "audience": "a", "keys": "/nowhere/jwks.json"},
        {"issuer": "x", "audience": "a"},
        {"issuer": "x", "audience": "a", "keys": "https://id.example.cn/jwks", "secret": "s"},
        {"issuer": "x", "audience": "a", "keys": "https://id.example.cn/jwks", "real_identity_method": "face"},
        {"issuer": 5, "audience": "a", "keys": "https://id.example.cn/jwks"},
        "x",
    ],
)
def test_a_setting_that_cannot_be_used_is_named(row: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_admission({"users": {"issuers": [row]}}, "guiju.yaml")
    assert "users.issuers[0]" in caught.value.where
