"""Every page and its JSON twin open to the roles that may see them, and to nobody else."""

from contextlib import closing

import httpx
import pytest
from tests.unit.web.small_house import Served, csrf_of

from guiju.staff import rules
from guiju.staff.roles import load_roles

PAGES = {
    "/console": ("view_overview", "/api/overview"),
    "/console/law": ("view_law", "/api/law"),
    "/console/law/art-14": ("view_law", "/api/law/art-14"),
    "/console/exchanges": ("view_exchanges", "/api/exchanges"),
    "/console/live": ("view_exchanges", "/api/live"),
    "/console/review": ("view_review", "/api/review"),
    "/console/review/agreement": ("view_review", "/api/review/agreement"),
    "/console/policy": ("view_policy", "/api/policy"),
    "/console/changes": ("view_policy", "/api/changes"),
    "/console/policy/terms": ("view_policy", "/api/policy/terms"),
    "/console/labels": ("view_labels", "/api/labels"),
    "/console/apps": ("view_apps", "/api/apps"),
    "/console/sanctions": ("view_sanctions", "/api/sanctions"),
    "/console/ledger": ("view_ledger", "/api/ledger"),
    "/console/system": ("view_system", "/api/system"),
    "/console/staff": ("manage_staff", "/api/staff"),
}
POSTS = {
    "/console/law/declare": "declare_outcome",
    "/console/exchanges/x/transcript": "view_bodies",
    "/console/exchanges/x/reverse": "reverse_block",
    "/console/review/x/verdict": "review_items",
    "/console/review/x/reverse": "reverse_block",
    "/console/review/x/answer": "reverse_block",
    "/console/review/x/example": "review_items",
    "/console/changes": "propose_keywords",
    "/console/changes/x/preview": "propose_keywords",
    "/console/changes/x/approve": "manage_keywords",
    "/console/changes/x/reject": "propose_keywords",
    "/console/changes/x/stage": "manage_keywords",
    "/console/changes/x/revert": "manage_keywords",
    "/console/policy/trial": "dry_run",
    "/console/policy/reload": "reload_policy",
    "/console/labels/inspect": "view_labels",
    "/console/apps": "manage_apps",
    "/console/apps/x/rules": "manage_apps",
    "/console/apps/x/keys": "manage_apps",
    "/console/apps/x/keys/y/rotate": "manage_apps",
    "/console/apps/x/keys/y/revoke": "manage_apps",
    "/console/sanctions": "manage_sanctions",
    "/console/sanctions/x/lift": "manage_sanctions",
    "/console/sanctions/x/answer": "manage_sanctions",
    "/console/ledger/verify": "verify_ledger",
    "/console/ledger/entries/x/body": "view_bodies",
    "/console/staff": "manage_staff",
}
MATRIX = load_roles()


@pytest.fixture(scope="module", params=sorted(MATRIX.roles))
def person(request: pytest.FixtureRequest, served: Served) -> tuple[str, httpx.Client]:
    return request.param, served.signed_in(request.param)


@pytest.mark.parametrize("path", sorted(PAGES))
def test_a_page_and_its_twin_open_to_those_who_may(person: tuple[str, httpx.Client], path: str) -> None:
    role, client = person
    action, twin = PAGES[path]
    wanted = 200 if rules.may(MATRIX, role, action) else 403
    assert client.get(path).status_code == wanted
    assert client.get(twin).status_code == wanted


@pytest.mark.parametrize("path", sorted(POSTS))
def test_an_action_is_refused_to_those_who_may_not(person: tuple[str, httpx.Client], path: str) -> None:
    role, client = person
    answer = client.post(path, data={"csrf": csrf_of(client, "/console/account"), "name": ""})
    if rules.may(MATRIX, role, POSTS[path]):
        assert "你的角色不能进行此操作" not in answer.text
    else:
        assert answer.status_code == 403
        assert "你的角色不能进行此操作" in answer.text


def test_the_navigation_shows_only_what_opens(person: tuple[str, httpx.Client]) -> None:
    role, client = person
    page = client.get("/console/account").text
    for path, (action, _) in PAGES.items():
        if path.count("/") <= 2 and path != "/console":
            assert (f'href="{path}"' in page) == rules.may(MATRIX, role, action), path


def test_a_stranger_is_sent_to_the_login_or_told_so(served: Served) -> None:
    with served.client() as client:
        for path, (_, twin) in PAGES.items():
            answer = client.get(path)
            assert answer.status_code == 303
            assert answer.headers["location"] == f"/console/login?next={path}"
            assert client.get(twin).status_code == 401
        for path in POSTS:
            assert client.post(path).status_code == 303


def test_a_signed_out_session_opens_nothing(served: Served) -> None:
    with closing(served.signed_in("owner")) as client:
        session = client.cookies["gj_session"]
        client.post("/console/logout", data={"csrf": csrf_of(client, "/console")})
        assert client.get("/console", headers={"Cookie": f"gj_session={session}"}).status_code == 303
