"""Labelling measures, article 6: metadata, then declaration, then detection; a look not taken never counts as none."""

import itertools
from pathlib import Path

import pytest
from tests.factories.labels import BARE, CODE, OTHER, labeller
from tests.factories.media_files import wav

from guiju.labelling.carriers.interface import Site
from guiju.labelling.judging import judge
from guiju.labelling.marks.models import Sign, Trace
from guiju.labelling.models import Producer, Reading, Verdict
from guiju.labelling.propagation import State, judge_content, label_of
from guiju.labelling.rules import label_json, label_problems, spread

PRODUCER = Producer(CODE)
NOTHING = Reading(Verdict.ABSENT, "png")
BROKEN = Reading(Verdict.INCONCLUSIVE, "")
SEEN = Trace("text", Sign.FOUND, "读到")
UNSEEN = Trace("text", Sign.NONE, "没有")
BLIND = Trace("rhythm", Sign.INCONCLUSIVE, "没有 ffmpeg")


def found(*texts: str) -> Reading:
    return judge("png", [Site("iTXt", text) for text in texts])


@pytest.mark.parametrize(
    ("reading", "is_declared", "traces", "state"),
    [
        (found(BARE), False, (UNSEEN,), State.IS),
        (found(BARE), True, (SEEN,), State.IS),
        (found(BARE.replace('"Label":"1"', '"Label":"2"')), False, (), State.POSSIBLY),
        (found(BARE.replace('"Label":"1"', '"Label":"3"')), True, (), State.SUSPECTED),
        (found(BARE, BARE.replace('"Label":"1"', '"Label":"3"')), False, (), State.IS),
        (NOTHING, True, (UNSEEN,), State.POSSIBLY),
        (BROKEN, True, (BLIND,), State.POSSIBLY),
        (NOTHING, False, (UNSEEN, SEEN), State.SUSPECTED),
        (found("{not json"), False, (UNSEEN,), State.SUSPECTED),
        (found(BARE.replace('"Label":"1"', '"Label":"9"')), False, (UNSEEN,), State.SUSPECTED),
        (NOTHING, False, (UNSEEN, BLIND), State.INCONCLUSIVE),
        (NOTHING, False, (), State.INCONCLUSIVE),
        (BROKEN, False, (UNSEEN,), State.INCONCLUSIVE),
        (NOTHING, False, (UNSEEN,), State.NONE),
    ],
)
def test_the_state_follows_the_order_of_the_article(
    reading: Reading, is_declared: object, traces: tuple[Trace, ...], state: State
) -> None:
    judgement = judge_content(reading, is_declared=bool(is_declared), traces=traces)
    assert judgement.state is state
    assert judgement.reasons


def test_nothing_is_held_for_free_of_signs_while_a_look_is_missing() -> None:
    signs = [(), (UNSEEN,), (BLIND,), (UNSEEN, BLIND), (SEEN, BLIND)]
    for reading, is_declared, traces in itertools.product((NOTHING, BROKEN, found(BARE)), (True, False), signs):
        if judge_content(reading, is_declared=is_declared, traces=traces).state is State.NONE:
            assert reading is NOTHING
            assert not is_declared
            assert all(trace.sign is Sign.NONE for trace in traces)
            assert traces


def test_what_the_producer_wrote_stays_and_who_spreads_it_is_added() -> None:
    reading = found(BARE)
    label = label_of(judge_content(reading, is_declared=False, traces=()), reading, PRODUCER, propagate_id="p-1")
    assert label is not None
    assert (label.label, label.content_producer, label.produce_id) == ("1", OTHER, "u:1/task:e5118399")
    assert (label.content_propagator, label.propagate_id) == (CODE, "p-1")


def test_what_was_written_before_is_not_written_again() -> None:
    for reading in (NOTHING, found(BARE)):
        judgement = judge_content(reading, is_declared=True, traces=())
        label = label_of(judgement, reading, PRODUCER, propagate_id="p-1")
        assert label is not None
        again = found(label_json(label))
        told = judge_content(again, is_declared=True, traces=())
        assert told.state is judgement.state
        assert label_of(told, again, PRODUCER, propagate_id="p-2") is None


@pytest.mark.parametrize(("is_declared", "value"), [(True, "2"), (False, "3")])
def test_of_an_unknown_producer_only_the_spreader_is_written_and_that_conforms(is_declared: object, value: str) -> None:
    judgement = judge_content(NOTHING, is_declared=bool(is_declared), traces=(SEEN,))
    label = label_of(judgement, NOTHING, PRODUCER, propagate_id="p-1")
    assert label is not None
    assert label == spread(value, PRODUCER, "p-1")
    assert label_problems(label) == ()
    assert found(label_json(label)).verdict is Verdict.CONFORMING


def test_nothing_is_written_where_nothing_speaks_for_it_or_nobody_can_say() -> None:
    for traces in ((UNSEEN,), (BLIND,)):
        judgement = judge_content(NOTHING, is_declared=False, traces=traces)
        assert label_of(judgement, NOTHING, PRODUCER, propagate_id="p-1") is None


def test_the_elements_of_who_spreads_it_are_written_into_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(wav())
    label = spread("2", PRODUCER, "p-1")
    labeller().write_label(path, label)
    assert labeller().read(path).label == label
