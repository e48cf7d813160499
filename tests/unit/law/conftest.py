"""A law of two articles to break, and the real one."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from guiju.law.service import Law, load_law

INSTRUMENTS = """
- {id: cn/genai-measures-2023, title: 暂行办法, title_en: Interim Measures, issuer: 网信办, binding: regulation,
   effective_from: 2023-08-15, effective_to: null, source: seed, confidence: S1}
- {id: cn/x-law, title: 某法, title_en: Some Law, issuer: 人大, binding: statute,
   effective_from: 2017-06-01, effective_to: null, source: here, confidence: S1}
"""
FACTS = """
- {id: serves_public_in_mainland, label: 面向境内公众, label_en: serves the public,
   question: 公众？, question_en: Public, kind: bool}
- {id: registers_users, question: 注册？, question_en: Registered, kind: bool}
- {id: users, question: 多少？, question_en: How many, kind: int}
- {id: modalities, question: 模态？, question_en: Kind, kind: choices, choices: [text, image], choices_zh: [文本, 图片]}
- {id: size, question: 规模？, question_en: Size, kind: choice, choices: [small, large]}
- {id: number, question: 备案号？, question_en: Number, kind: text}
"""
RISKS = """
- {id: A.1-a, group: A.1, title: 甲, title_en: One}
- {id: A.1-b, group: A.1, title: 乙, title_en: Two}
"""
PARAMETERS = """
- {id: x/logs, instrument: cn/x-law, clause: 第二十一条, title: 日志, title_en: Logs,
   value: 6, unit: month, operator: ">=", modality: shall, source: here, confidence: S1,
   effective_from: 2017-06-01, effective_to: 2026-01-01}
- {id: x/logs, instrument: cn/x-law, clause: 第二十三条, title: 日志, title_en: Logs,
   value: 6, unit: month, operator: ">=", modality: shall, source: here, confidence: S1,
   effective_from: 2026-01-01, effective_to: null}
- {id: x/rate, instrument: cn/x-law, clause: "1", title: 合格率, title_en: Pass rate,
   value: "0.95", unit: ratio, operator: ">=", modality: should, source: memory, confidence: M,
   effective_from: 2017-06-01, effective_to: null}
"""


def _node(tail: str, kind: str, label: str, parent: str, text: str, *, hashed: str = "", more: str = "") -> str:
    digest = hashlib.sha256((hashed or text).encode()).hexdigest()
    return f"""
- id: cn/genai-measures-2023/{tail}
  instrument: cn/genai-measures-2023
  kind: {kind}
  label: {label}
  parent: {parent}
  chapter: 第一章
  addressee: provider
  effective_from: 2023-08-15
  effective_to: null
  text: "{text}"
  sha256: {digest}
{more}"""


DUTY = """
  is_assessable: true
  obligations:
    - id: cn/genai-measures-2023/art-1/para-1#keep-logs
      verb: 留存
      object: 日志
      summary: 留存日志
      summary_en: Keep logs
      applies_when: {all: [{fact: registers_users, eq: true}, {not: {fact: users, gte: 10}}]}
      deadline: {n: 0, unit: promptly, from_event: log.made}
      evidence_needs: [{kind: exchange.closed, freshness_days: 31}]
      parameters: [x/logs]
  penalties: [{instrument: cn/x-law, article: 第五十九条, version: 2017-06-01, note: ""}]
  mappings: [{instrument: cn/x-law, clause: 第二十一条, relation: details, rationale: 日志}]
"""
ART = "cn/genai-measures-2023/art-"
MEASURES = (
    _node("art-1", "article", "第一条", "null", "", hashed="甲\n（一）乙\n丙", more="  is_assessable: true\n")
    + _node("art-1/para-1", "paragraph", "第一款", f"{ART}1", "甲", more=DUTY)
    + _node(
        "art-1/para-1/item-1",
        "item",
        "第一项",
        f"{ART}1/para-1",
        "（一）乙",
        more="  is_assessable: false\n  informational_reason: 定义\n",
    )
    + _node(
        "art-1/para-2",
        "paragraph",
        "第二款",
        f"{ART}1",
        "丙",
        more="  is_assessable: false\n  informational_reason: 说明\n",
    )
    + _node(
        "art-2",
        "article",
        "第二条",
        "null",
        "",
        hashed="丁",
        more="  is_assessable: false\n  informational_reason: 目的\n",
    )
    + _node(
        "art-2/para-1",
        "paragraph",
        "第一款",
        f"{ART}2",
        "丁",
        more="  is_assessable: false\n  informational_reason: 目的\n",
    )
)

FILES = {
    "instruments.yaml": INSTRUMENTS,
    "facts.yaml": FACTS,
    "risks.yaml": RISKS,
    "parameters/x.yaml": PARAMETERS,
    "measures/all.yaml": MEASURES,
}


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """Write the law of two articles, with a piece of one file replaced by another."""

    def write(file: str = "", old: str = "", new: str = "") -> Path:
        for name, content in FILES.items():
            text = content
            if name == file:
                assert old in content, "the test must break something that is there"
                text = content.replace(old, new, 1)
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path / "data"

    return write


@pytest.fixture(scope="session")
def law() -> Law:
    return load_law()
