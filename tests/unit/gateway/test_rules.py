"""The pure decisions of the gateway."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway import rules
from guiju.gateway.metrics import Metrics
from guiju.gateway.models import App
from guiju.gateway.stages.calls import call_text
from guiju.kit.canonical_json import canonical_bytes
from guiju.kit.ids import new_id
from guiju.moderation.models import Action, Decision, Finding, Scope


def decision(action: Action, scope: Scope = Scope.INPUT, findings: int = 0) -> Decision:
    found = tuple(Finding("keywords", ("A.1-f",), "high", "block", at, at + 1, f"t{at}") for at in range(findings))
    return Decision(action, scope, ("A.1-f",), found, "抱歉", "Sorry", "h", "因为")


def test_the_strictest_decision_governs_whatever_the_order() -> None:
    order = [Action.REFUSE, Action.UNDETERMINED, Action.HOLD, Action.REPLACE, Action.OBSERVE, Action.ALLOW]
    for size in range(1, 4):
        for some in itertools.permutations(order, size):
            governing = rules.strictest([decision(action) for action in some])
            assert governing is not None
            assert governing.action is min(some, key=order.index)
    assert rules.strictest([]) is None


def test_only_what_is_known_to_be_fine_goes_on() -> None:
    passing = {action for action in Action if rules.may_go_on(decision(action))}
    assert passing == {Action.ALLOW, Action.OBSERVE, Action.REPLACE}


def test_not_knowing_is_recorded_as_not_knowing() -> None:
    assert rules.refusal_outcome(decision(Action.UNDETERMINED)) == "undetermined"
    assert rules.refusal_outcome(decision(Action.HOLD)) == "input_refused"
    assert rules.refusal_outcome(decision(Action.REFUSE, Scope.OUTPUT)) == "output_stopped"


def test_a_closing_id_is_another_id_of_the_same_instant() -> None:
    ids = [new_id() for _ in range(5000)]
    closings = {rules.closing_id(exchange) for exchange in ids}
    assert len(closings) == 5000
    assert not closings & set(ids)
    for exchange in ids[:100]:
        closing = rules.closing_id(exchange)
        assert len(closing) == 36
        assert closing[:24] == exchange[:24]
        assert rules.closing_id(closing) == exchange


@given(st.booleans(), st.booleans(), st.booleans())
def test_the_mark_never_goes_into_data(is_structured: bool, has_tool_calls: bool, has_text: bool) -> None:  # noqa: FBT001 - Hypothesis
    app = App("a", "n", text_mark="AI 生成")
    mark = rules.text_mark_for(app, is_structured=is_structured, has_tool_calls=has_tool_calls, has_text=has_text)
    assert bool(mark) == (has_text and not is_structured and not has_tool_calls)
    assert rules.text_mark_for(App("a", "n"), is_structured=False, has_tool_calls=False, has_text=True) == ""


def test_a_decision_with_a_thousand_findings_is_kept_short_and_counted() -> None:
    facts = rules.decision_facts(decision(Action.REFUSE, findings=1000))
    assert facts["findings_count"] == 1000
    assert len(facts["findings"]) == rules.FINDINGS_KEPT  # type: ignore[arg-type]
    assert canonical_bytes(facts)


def test_every_outcome_cites_what_it_is_evidence_for() -> None:
    assert rules.DISPOSAL in rules.closing_provisions(rules.OUTPUT_STOPPED, has_left=True)
    assert rules.LABELLING in rules.closing_provisions(rules.ANSWERED, has_left=True)
    assert rules.LABELLING not in rules.closing_provisions(rules.INPUT_REFUSED, has_left=False)
    assert rules.STEADY_SERVICE in rules.closing_provisions(rules.INTERRUPTED, has_left=False)


def test_a_tool_call_is_read_behind_its_escapes() -> None:
    said = call_text({"name": "f", "arguments": '{"a": ["\\u7981\\u6b62"]}'})
    assert "禁止" in said
    assert "禁止" in call_text({"name": "f", "arguments": "禁止 {broken"})


def test_metrics_are_prometheus_text_and_bounded() -> None:
    metrics = Metrics()
    metrics.count("guiju_exchanges_total", outcome='a"b\\c\nd')
    for number in range(5000):
        metrics.count("guiju_calls_rejected_total", code=str(number))
    text = metrics.exposition().decode()
    assert 'guiju_exchanges_total{outcome="a\\"b\\\\c\\nd"} 1' in text
    assert text.count("guiju_calls_rejected_total{") == 2000
    assert 'guiju_exchange_seconds_bucket{le="+Inf"} 0' in text
