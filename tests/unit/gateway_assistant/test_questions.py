"""How often the assistant finds what an officer asks for, and whether it keeps silent about everything else."""

from pathlib import Path

import pytest
import yaml

from guiju.gateway.upstreams.law_assistant import LawAssistant
from guiju.law.citing import SearchText

QUESTIONS = yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text("utf-8"))
# Measured on the day this was written: 66 of 68 and 26 of 28 as the first quotation.
MIN_FIRST_RATE = {"tuning": 0.95, "held_out": 0.9}
MIN_SHOWN_RATE = 0.96


def _missed(assistant: LawAssistant, part: str, depth: int) -> list[str]:
    missed = []
    for question in QUESTIONS[part]:
        found = assistant.best_ids(question["ask"])[:depth]
        if not any(item.startswith(tuple(question["expect"])) for item in found):
            missed.append(f"{question['ask']} → {found}")
    return missed


@pytest.mark.parametrize("part", ["tuning", "held_out"])
def test_the_first_quotation_is_what_was_asked_for(assistant: LawAssistant, part: str) -> None:
    missed = _missed(assistant, part, 1)
    rate = 1 - len(missed) / len(QUESTIONS[part])
    assert rate >= MIN_FIRST_RATE[part], "\n".join(missed)


def test_what_was_asked_for_is_nearly_always_among_the_quotations(assistant: LawAssistant) -> None:
    missed = _missed(assistant, "tuning", 12) + _missed(assistant, "held_out", 12)
    total = len(QUESTIONS["tuning"]) + len(QUESTIONS["held_out"])
    assert 1 - len(missed) / total >= MIN_SHOWN_RATE, "\n".join(missed)


@pytest.mark.parametrize("question", QUESTIONS["off_topic_tuning"] + QUESTIONS["off_topic_held_out"])
def test_it_says_that_it_does_not_know_what_the_law_does_not_speak_of(assistant: LawAssistant, question: str) -> None:
    answer = assistant.answer([{"role": "user", "content": question}])
    assert "我不知道" in answer
    assert "《中华人民共和国" not in answer


def test_the_questions_are_many_enough_and_expect_what_exists(texts: list[SearchText]) -> None:
    asked = QUESTIONS["tuning"] + QUESTIONS["held_out"]
    assert len(QUESTIONS["tuning"]) >= 60
    assert len(QUESTIONS["off_topic_tuning"]) >= 20
    assert len({question["ask"] for question in asked}) == len(asked)
    ids = [text.id for text in texts]
    for question in asked:
        for expected in question["expect"]:
            assert any(item.startswith(expected) for item in ids), expected
