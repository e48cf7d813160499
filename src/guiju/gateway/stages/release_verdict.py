"""What our own engine thinks of an input, in OpenAI's shape and as the 31 risks of GB/T 45654."""

from collections.abc import Iterator, Mapping

import orjson

from guiju.gateway.exchange import Exchange
from guiju.gateway.rules import FINDINGS_KEPT, strictest
from guiju.gateway.stages.closing import Made, close, told
from guiju.gateway.stages.desk import Desk
from guiju.moderation.media.models import MediaReport
from guiju.moderation.models import RISK_IDS, Decision, Finding
from guiju.moderation.policy import GuardKind, load_categories

Row = dict[str, object]


async def release_verdict(desk: Desk, exchange: Exchange) -> Made:
    """Return the body that may leave; both entries are durable by then.

    Raises:
        EvidenceUnavailableError: it cannot be evidenced.
    """
    apart = iter(exchange.apart)
    turns = exchange.request.turns
    reports = exchange.media
    results = [_result(next(apart) if turn.text else None, reports, "text" if turn.text else "") for turn in turns]
    body = {
        "id": f"modr-{exchange.id}",
        "model": exchange.request.model,
        "results": results,
        "guiju": {**told(exchange, is_labelled=False), "policy": exchange.policy_hash},
    }
    await close(desk, exchange)
    return Made(orjson.dumps(body))


def _result(decision: Decision | None, reports: tuple[MediaReport, ...], kind: str) -> Row:
    decisions = [(decision, kind)] if decision is not None else []
    decisions += [(report.decision, "image") for report in reports]
    scores, kinds = _scores(decisions)
    flagged = any(not one.may_pass for one, _ in decisions)
    categories = {name: _highest(scores, risks) for name, risks in _categories().items()}
    return {
        "flagged": flagged,
        "categories": {name: score > 0 for name, score in categories.items()},
        "category_scores": categories,
        "category_applied_input_types": {
            name: sorted({kind for risk in risks for kind in kinds.get(risk, ())})
            for name, risks in _categories().items()
        },
        "guiju": {
            "decision": _gravest(decisions),
            "risks": {risk: risk in scores for risk in RISK_IDS},
            "risk_scores": {risk: scores.get(risk, 0.0) for risk in RISK_IDS},
            "findings": [row for one, kind in decisions for row in _findings(one, kind)],
            "failures": sorted({failure for one, _ in decisions for failure in one.failures}),
        },
    }


def _scores(decisions: list[tuple[Decision, str]]) -> tuple[dict[str, float], dict[str, set[str]]]:
    """Return for each risk that was found the highest score, and in what kind of input."""
    scores: dict[str, float] = {}
    kinds: dict[str, set[str]] = {}
    for decision, kind in decisions:
        for finding in decision.findings:
            for risk in finding.risks:
                scores[risk] = max(scores.get(risk, 0.0), finding.score)
                kinds.setdefault(risk, set()).add(kind)
    return scores, kinds


def _highest(scores: Mapping[str, float], risks: tuple[str, ...]) -> float:
    return max((scores.get(risk, 0.0) for risk in risks), default=0.0)


def _gravest(decisions: list[tuple[Decision, str]]) -> str:
    governing = strictest(one for one, _ in decisions)
    return governing.action.value if governing is not None else "allow"


def _findings(decision: Decision, kind: str) -> Iterator[Row]:
    """Give what was found; never the text, which the caller has, and never the term's own words."""
    for finding in decision.findings[:FINDINGS_KEPT]:
        yield _finding(finding, kind)


def _finding(finding: Finding, kind: str) -> Row:
    return {
        "input": kind,
        "detector": finding.detector,
        "risks": list(finding.risks),
        "level": finding.level,
        "wish": finding.wish,
        "start": finding.start,
        "end": finding.end,
        "score": finding.score,
    }


def _categories() -> Mapping[str, tuple[str, ...]]:
    """Return OpenAI's categories, each with the risks that it stands for."""
    return load_categories()[0][GuardKind.OPENAI_MODERATION].risks
