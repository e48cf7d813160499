import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from guiju.law.models import Provision
from guiju.law.service import MEASURES, Law

DAY = date(2026, 11, 23)


def _leaves(law: Law) -> list[Provision]:
    return [
        node
        for article in law.articles(DAY)
        for paragraph in law.children(article.id)
        for node in (paragraph, *law.children(paragraph.id))
    ]


def test_every_text_is_the_text_that_was_hashed(law: Law) -> None:
    leaves = _leaves(law)
    assert len(leaves) == 48
    for leaf in leaves:
        assert leaf.text
        assert hashlib.sha256(leaf.text.encode()).hexdigest() == leaf.sha256, leaf.id


def test_there_are_24_articles_in_five_chapters_in_order(law: Law) -> None:
    articles = law.articles(DAY)
    assert [article.id for article in articles] == [f"{MEASURES}/art-{n}" for n in range(1, 25)]
    assert [article.label for article in articles[::6]] == ["第一条", "第七条", "第十三条", "第十九条"]
    chapters = list(dict.fromkeys(article.chapter for article in articles))
    assert chapters == [
        "第一章 总则",
        "第二章 技术发展与治理",
        "第三章 服务规范",
        "第四章 监督检查和法律责任",
        "第五章 附则",
    ]
    assert all(article.text == "" for article in articles)


@pytest.mark.shared
def test_the_official_text_is_here_byte_for_byte_and_nothing_more(law: Law, shared: Path) -> None:
    text = (shared / "law" / "measures-and-commentary.md").read_text(encoding="utf-8")
    body = text[text.index("附：《生成式人工智能服务管理暂行办法》全文") :]
    body = body[body.index("**第一章") : body.rindex("---")]
    blocks = [block for block in re.split(r"\n\n", body.strip("\n")) if not re.match(r"\*\*第.章", block)]
    labels: list[str] = []
    official: list[str] = []
    for block in blocks:
        label = re.match(r"\*\*(第[一二三四五六七八九十]+条)\*\*\s+", block)
        if label:
            labels.append(label[1])
        official.append(block[label.end() :] if label else block)
    assert [article.label for article in law.articles(DAY)] == labels
    assert [leaf.text.encode() for leaf in _leaves(law)] == [text.encode() for text in official]
    chapters = re.findall(r"\*\*(第.章)\s+(.+?)\*\*", body)
    assert [f"{number} {name}".replace("\u3000", "") for number, name in chapters] == list(
        dict.fromkeys(article.chapter for article in law.articles(DAY))
    )


@pytest.mark.parametrize("n", range(1, 25))
def test_an_article_either_demands_something_or_says_why_not(law: Law, n: int) -> None:
    article = law.provision(f"{MEASURES}/art-{n}")
    below = [node for paragraph in law.children(article.id) for node in (paragraph, *law.children(paragraph.id))]
    demands = [obligation for node in below for obligation in node.obligations]
    assert article.is_assessable == bool(demands)
    assert article.is_assessable == (n not in {1, 2, 3, 5, 6, 16, 18, 20, 21, 22, 24})
    for node in (article, *below):
        assert bool(node.informational_reason) != node.is_assessable, node.id
    for obligation in demands:
        assert obligation.evidence_needs, obligation.id
        assert obligation.summary, obligation.id
        assert obligation.summary_en.isascii(), obligation.id


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("art-8/para-1", {"rules", "quality-sampling", "training"}),
        ("art-9/para-1", {"producer-duty", "security", "personal-information"}),
        ("art-9/para-2", {"service-agreement"}),
        ("art-10/para-1", {"publish-audience", "guide-users", "minors"}),
        (
            "art-11/para-1",
            {"protect-input", "no-unnecessary-collection", "no-unlawful-retention", "no-unlawful-provision"},
        ),
        ("art-11/para-2", {"rights-requests"}),
        ("art-12/para-1", {"label"}),
        ("art-13/para-1", {"stable-service"}),
        ("art-14/para-1", {"stop-generation", "stop-transmission", "remove", "rectify", "report"}),
        ("art-14/para-2", {"warn-limit-suspend", "keep-records", "report"}),
        ("art-15/para-1", {"complaint-channel", "publish-process", "handle-and-reply"}),
        ("art-17/para-1", {"security-assessment", "algorithm-filing"}),
        ("art-19/para-1", {"explain-and-support"}),
        ("art-19/para-2", {"confidentiality"}),
        ("art-23/para-1", {"licence"}),
        ("art-23/para-2", {"foreign-investment"}),
    ],
)
def test_a_paragraph_demands_exactly_this(law: Law, place: str, words: set[str]) -> None:
    obligations = law.provision(f"{MEASURES}/{place}").obligations
    assert {obligation.id.partition("#")[2] for obligation in obligations} == words


def test_every_provision_that_demands_says_what_a_breach_costs_and_under_which_version_of_the_law(law: Law) -> None:
    for leaf in _leaves(law):
        if leaf.obligations:
            assert leaf.penalties, leaf.id
            assert any(penalty.instrument == MEASURES for penalty in leaf.penalties), leaf.id
    versions = {
        (penalty.article, penalty.version)
        for penalty in law.provision(f"{MEASURES}/art-14/para-1").penalties
        if penalty.instrument == "cn/cybersecurity-law"
    }
    assert versions == {("第六十八条", date(2017, 6, 1)), ("第六十九条", date(2026, 1, 1))}


def test_the_filing_deadline_is_the_parameter_that_details_it(law: Law) -> None:
    filing = law.obligation(f"{MEASURES}/art-17/para-1#algorithm-filing")
    parameter = law.parameter("algorithm-provisions/filing/deadline", DAY)
    assert filing.deadline is not None
    assert (filing.deadline.n, filing.deadline.unit) == (parameter.value, parameter.unit)
    assert parameter.id in filing.parameters
