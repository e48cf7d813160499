"""What stands between a browser and the rooms."""

from contextlib import closing

import httpx
import pytest
from tests.unit.web.small_house import Served, csrf_of

from guiju.settings import Settings
from guiju.web.console_app import console_app

EVERYWHERE = ("/", "/console/login", "/nowhere", "/static/mark.svg", "/api/openapi.json", "/api/law", "/objections/x")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_response_carries_the_security_headers(served: Served, path: str) -> None:
    headers = served.client().get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(served: Served) -> None:
    with served.client() as client:
        cookie = client.get("/").headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert "Secure" not in cookie
    with closing(served.signed_in("owner")) as client:
        assert client.cookies["gj_session"]


def test_behind_tls_cookies_are_secure_and_hosts_are_pinned(served: Served) -> None:
    house = served.house
    plain = house.settings
    house.settings = Settings(var=plain.var, secure_cookies=True)
    try:
        transport = httpx.ASGITransport(console_app(house))

        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="https://guiju.test") as client:
                return await client.get("/console/login")

        import asyncio  # noqa: PLC0415

        answer = asyncio.run(ask())
    finally:
        house.settings = plain
    assert answer.headers["set-cookie"].startswith("__Host-gj_visitor=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age" in answer.headers["strict-transport-security"]


@pytest.mark.parametrize("path", ["/chat", "/console/login", "/objections/x"])
def test_a_post_without_its_token_is_refused(served: Served, path: str) -> None:
    with served.client() as client:
        client.get("/")
        for form in ({}, {"csrf": "0" * 64}, {"csrf": "\u4e00"}):
            answer = client.post(path, data={"message": "你好", **form})
            assert answer.status_code == 403
            assert "刷新页面" in answer.text


def test_a_token_of_another_visitor_is_refused(served: Served) -> None:
    with served.client() as one, served.client() as other:
        token = csrf_of(one, "/")
        other.get("/")
        assert other.post("/chat", data={"csrf": token, "message": "你好", "model": "echo"}).status_code == 403
        assert one.post("/chat", data={"csrf": token, "message": "你好", "model": "echo"}).status_code == 200


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.test"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_post_from_another_site_is_refused(served: Served, headers: dict[str, str]) -> None:
    with served.client() as client:
        form = {"csrf": csrf_of(client, "/"), "message": "你好", "model": "echo"}
        assert client.post("/chat", data=form, headers=headers).status_code == 403


def test_a_body_that_is_too_large_is_refused(served: Served) -> None:
    with served.client() as client:
        form = {"csrf": csrf_of(client, "/"), "message": "x" * 600_000, "model": "echo"}
        answer = client.post("/chat", data=form)
        assert answer.status_code == 413
        assert "512 KB" in answer.text


def test_a_body_without_an_end_is_refused(served: Served) -> None:
    with served.client() as client:
        client.get("/")
        pieces = (b"x" * 65536 for _ in range(64))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.post("/chat", content=pieces, headers=headers).status_code == 413


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"{}", "multipart/form-data"),
        (b"a&" * 500, "application/x-www-form-urlencoded"),
    ],
)
def test_a_form_that_is_none_is_a_clear_error(served: Served, content: bytes, kind: str) -> None:
    with served.client() as client:
        client.get("/")
        answer = client.post("/chat", content=content, headers={"Content-Type": kind})
        assert answer.status_code in {400, 403}
        assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "history",
    ["[", "1", '[{"role": "system", "content": "x"}]', '[{"role": "user"}]', '["a"]', '[{"role":"user","content":1}]'],
)
def test_a_history_that_was_tampered_with_is_a_clear_error(served: Served, history: str) -> None:
    with served.client() as client:
        form = {"csrf": csrf_of(client, "/"), "message": "你好", "model": "echo", "history": history}
        assert client.post("/chat", data=form).status_code == 400


def test_what_people_write_is_never_markup(served: Served) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    with served.client() as client:
        form = {"csrf": csrf_of(client, "/"), "message": evil, "model": "echo"}
        answer = client.post("/chat", data=form)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
        assert "&lt;script&gt;" in answer.text


def test_errors_speak_the_visitors_language_and_say_what_to_do(served: Served) -> None:
    with served.client() as client:
        chinese, english = client.get("/nowhere"), client.get("/nowhere?lang=en")
        assert chinese.status_code == english.status_code == 404
        assert "没有这个页面" in chinese.text
        assert "no such page" in english.text
        assert client.request("PUT", "/").status_code == 405


def test_the_way_back_after_login_stays_inside(served: Served) -> None:
    served.signed_in("auditor").close()
    for target in ("https://evil.test/", "//evil.test", "/console/../../x?y", "/console/law"):
        with served.client() as client:
            form = {"csrf": csrf_of(client, "/console/login"), "name": "auditor-1", "password": "gate house paper"}
            answer = client.post("/console/login", data={**form, "next": target})
            assert answer.headers["location"] in {"/console", "/console/law"}
