"""A small library of invented terms that has every kind of condition, and a policy that has every kind of action.

Its terms are looked for as they are written; the tests of the views bring a library of their own.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from guiju.kit.clock import FixedClock
from guiju.moderation.library import LibrarySources
from guiju.moderation.service import Moderation

HEAD = 'version: "1"\nrisk: {risk}\nupdated: 2026-11-23\n'

BLOCKED = (
    HEAD.format(risk="A.1-f")
    + """
allow: [丙甲乙戊]
groups:
  - reason: 测试用的虚构词
    level: high
    flags: [plain]
    terms: [甲乙, 甲乙丙丁, 乙丙丁戊己, sbc, "ab cd", 丁丁]
  - reason: 可跳过装饰
    level: high
    flags: [plain, skip]
    terms: [庚辛, 庚辛壬, "t.me", {t: 壬癸子, not_before: [丑], not_after: [寅]}]
terms:
  - {t: 天地, level: high, reason: 需要同伴, all: [买|卖, 微信], within: 6, flags: [plain]}
  - {t: 玄黄, level: high, reason: 排除同伴, none: [千字文], within: 5, flags: [plain]}
  - {t: 黄片, level: high, reason: 短语放行, allow: [三黄片, 黄片区, 大黄片儿区], flags: [plain, skip]}
  - {t: 日月, level: low, reason: 只观察, scope: [output], flags: [plain]}
  - {t: 盈昃, level: high, reason: 只管输入, scope: [input], flags: [plain]}
"""
)
REPLACED = (
    HEAD.format(risk="A.4-c")
    + """
groups:
  - {reason: 遮盖, level: medium, terms: [辰宿, 宿列张], flags: [plain, skip]}
"""
)
POLICY = """
version: "1"
name: 测试策略
updated: 2026-11-23
scopes:
  input: {on_failure: closed, block: refuse, review: allow, observe: allow}
  output: {on_failure: closed, block: refuse, review: allow, observe: allow}
rules:
  - {risks: [A.4-c], action: replace}
  - {risks: [A.4], scope: [output], wishes: [review], detectors: [personal_information], action: replace}
replies:
  default: {zh: 抱歉，这个问题我不能回答。, en: "Sorry, I cannot answer that."}
  risks:
    A.1: {zh: 这一章的答复, en: reply of the chapter}
"""


@pytest.fixture(scope="session")
def make_moderation(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Moderation]:
    def make(*files: str, policy: str = POLICY, operator: tuple[str, ...] = (), **options: object) -> Moderation:
        folder = tmp_path_factory.mktemp("library")
        for name, contents in (("builtin", files), ("operator", operator)):
            (folder / name).mkdir()
            for at, content in enumerate(contents):
                (folder / name / f"{at}.yaml").write_text(content, encoding="utf-8")
        path = folder / "policy.yaml"
        path.write_text(policy, encoding="utf-8")
        sources = LibrarySources(folder / "builtin", folder / "operator")
        return Moderation(sources, path, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def moderation(make_moderation: Callable[..., Moderation]) -> Moderation:
    return make_moderation(BLOCKED, REPLACED)


@pytest.fixture(scope="session")
def keywords_only(make_moderation: Callable[..., Moderation]) -> Moderation:
    quiet = POLICY + "detectors: {personal_information: {enabled: 'false'}}\n"
    return make_moderation(BLOCKED, REPLACED, policy=quiet)


@pytest.fixture(scope="session")
def policy_text() -> str:
    return POLICY


@pytest.fixture
def still() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, tzinfo=UTC))
