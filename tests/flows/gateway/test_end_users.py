"""Whom an app serves: anybody, users that it names, users who signed in, users whose real identity was declared."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from multidict import CIMultiDict
from tests.flows.gateway.house import House, house_in
from tests.simulators.issuer import Issuer, running_issuer

from guiju.gateway.admission_settings import AdmissionSettings, IssuerSettings
from guiju.gateway.app_rules import AppRules, ServedUsers
from guiju.gateway.models import ExchangeQuery


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with running_issuer() as issuer:
        yield issuer


@pytest.fixture
async def house(tmp_path: Path, sqlite_url: str, issuer: Issuer) -> AsyncIterator[House]:
    trusted = IssuerSettings(issuer.name, "guiju", issuer.jwks_url, real_identity_claim="real")
    async with house_in(tmp_path, sqlite_url, admission=AdmissionSettings(issuers=(trusted,))) as house:
        yield house


async def rule(house: House, **rules: object) -> None:
    changed = replace(house.app, rules=AppRules(**rules))  # type: ignore[arg-type]
    await asyncio.to_thread(lambda: house.gateway.change_app(changed, actor="staff:s", reason="规则"))


async def declare(house: House, body: bytes) -> tuple[int, bytes]:
    url = f"{house.url}/v1/guiju/users/identity"
    async with house.http.post(url, data=body, headers=house.headers) as answer:
        return answer.status, await answer.read()


async def test_an_app_that_must_name_its_users_is_told_so(house: House) -> None:
    await rule(house, serves=ServedUsers.NAMED)
    status, _, body = await house.post(house.request())
    assert (status, b"user_required" in body) == (400, True)
    assert (await house.post(house.request(user="u-1")))[0] == 200
    assert (await house.post(house.request(safety_identifier="u-1")))[0] == 200
    await rule(house, serves=ServedUsers.SIGNED_IN)
    assert (await house.post(house.request(user="u-1")))[0] == 400
    assert len(house.upstream.seen) == 2


async def test_a_token_makes_one_person_of_a_user_and_nobody_else_can_be_that(house: House, issuer: Issuer) -> None:
    await rule(house, serves=ServedUsers.SIGNED_IN)
    for token in (issuer.token("u-1"), issuer.token("u-1", jti="2"), issuer.token("u-2")):
        assert (await house.post(house.request(user="x"), **{"X-Guiju-User-Token": f"Bearer {token}"}))[0] == 200
    await rule(house)
    imitation = f"\x1f{issuer.name}\x1fu-1"
    assert (await house.post(house.request(user=imitation)))[0] == 200
    for _ in range(100):  # an exchange is searchable shortly after its answer
        await house.gateway._index.flush()
        persons = [record.person for record in reversed(house.gateway.search_exchanges(ExchangeQuery()))]
        if len(persons) == 4:
            break
        await asyncio.sleep(0.05)
    assert len(persons) == 4
    assert persons[0] == persons[1]
    assert len(set(persons)) == 3
    await rule(house, serves=ServedUsers.SIGNED_IN)
    twice = [("X-Guiju-User-Token", issuer.token("u-1")), ("X-Guiju-User-Token", issuer.token("u-2"))]
    url = f"{house.url}/v1/chat/completions"
    both = [*house.headers.items(), *twice]
    async with house.http.post(url, json=house.request(), headers=CIMultiDict(both)) as answer:
        assert answer.status == 401
    status, _, body = await house.post(house.request(), **{"X-Guiju-User-Token": "nonsense"})
    assert (status, b"invalid_user_token" in body) == (401, True)


async def test_who_must_be_real_is_served_once_that_was_declared_and_recorded(house: House) -> None:
    await rule(house, must_be_real=True, may_declare=True)
    request = house.request(user="u-1")
    status, _, body = await house.post(request)
    assert (status, b"real_identity_required" in body) == (403, True)
    assert (await declare(house, b'{"user": "u-1", "state": "verified", "method": "mobile_number"}'))[0] == 200
    assert (await house.post(request))[0] == 200
    assert (await house.post(house.request(user="u-2")))[0] == 403
    header = {"X-Guiju-Real-Identity": "verified; method=public_identity_service"}
    assert (await house.post(house.request(user="u-2"), **header))[0] == 200
    assert (await house.post(house.request(user="u-2"), **header))[0] == 200
    assert (await declare(house, b'{"user": "u-1", "state": "not_verified"}'))[0] == 200
    assert (await house.post(request))[0] == 403
    entries = await house.entries("user.identity_declared")
    assert [(entry["state"], entry["method"]) for entry in entries] == [
        ("verified", "mobile_number"),
        ("verified", "public_identity_service"),
        ("not_verified", ""),
    ]


async def test_an_issuer_may_say_who_is_real(house: House, issuer: Issuer) -> None:
    await rule(house, must_be_real=True)
    assert (await house.post(house.request(), **{"X-Guiju-User-Token": issuer.token("u-1")}))[0] == 403
    assert (await house.post(house.request(), **{"X-Guiju-User-Token": issuer.token("u-1", real=False)}))[0] == 403
    assert (await house.post(house.request(), **{"X-Guiju-User-Token": issuer.token("u-1", real=True)}))[0] == 200
    assert [entry["declared_by"] for entry in await house.entries("user.identity_declared")] == [
        f"issuer:{issuer.name}"
    ] * 2


@pytest.mark.parametrize(
    "body",
    [
        b'{"user": "u", "state": "verified", "id_number": "110101199003077758"}',
        b'{"user": "u", "state": "verified", "method": "110101199003077758"}',
        b'{"user": "u", "state": "maybe"}',
        b'{"user": "", "state": "verified"}',
        b'{"user": 5, "state": "verified"}',
        b"[]",
        b"{",
    ],
)
async def test_no_number_of_anybody_is_ever_taken(house: House, body: bytes) -> None:
    await rule(house, may_declare=True)
    status, said = await declare(house, body)
    assert (status, b"malformed_request" in said) == (400, True)
    assert await house.entries("user.identity_declared") == []


async def test_who_may_not_declare_is_refused_and_not_passed_over(house: House) -> None:
    assert (await declare(house, b'{"user": "u-1", "state": "verified"}'))[0] == 403
    status, _, body = await house.post(house.request(user="u"), **{"X-Guiju-Real-Identity": "verified"})
    assert (status, b"declaration_not_allowed" in body) == (403, True)
    await rule(house, may_declare=True)
    assert (await house.post(house.request(user="u"), **{"X-Guiju-Real-Identity": "certainly"}))[0] == 400
    assert house.upstream.seen == []


async def test_refusals_are_evidence_and_never_a_flood(house: House) -> None:
    await rule(house, serves=ServedUsers.NAMED)
    for _ in range(40):
        assert (await house.post(house.request()))[0] == 400
    assert [entry["count"] for entry in await house.entries("call.refused")] == [1]
    assert house.gateway.admission is not None
    await house.gateway.admission.stop()
    entries = await house.entries("call.refused")
    assert [(entry["code"], entry["count"]) for entry in entries] == [("user_required", 1), ("user_required", 39)]
    assert await house.entries("exchange.opened") == []
