"""What comes to people, who may judge, what is seen of whom, and what follows."""

import hashlib
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa
from tests.unit.review.conftest import ASKED, BLOCKED, NOTED, NOTHING_DRAWN, Room, build_room

from guiju.kit.canonical_json import JsonObject  # noqa: TC001
from guiju.kit.clock import FixedClock
from guiju.kit.errors import InputError, NotFoundError, RefusedError
from guiju.ledger.models import EntryQuery
from guiju.review.errors import SeatTakenError, StaleError
from guiju.review.models import ItemQuery, ItemState, Reason
from guiju.review.repository import IntakeRepository, ItemRepository
from guiju.storage.database import Database

ONE, TWO, THREE = "member-1", "member-2", "member-3"


def test_what_asks_for_review_or_is_held_comes_and_what_is_plain_does_not(room: Room) -> None:
    plain, noted, blocked = room.ask("今天天气不错"), room.ask(f"说到{NOTED}"), room.ask(f"说到{BLOCKED}")
    asked = room.ask(f"说到{ASKED}")
    held = room.ask("说到别的", decision={"action": "hold", "scope": "input", "risks": ["A.1-f"], "findings": []})
    failed = room.ask("查不了", decision={"action": "undetermined", "scope": "input", "findings": []})
    room.take_in()
    reasons = {item.exchange_id: item.reason for item in room.review.queue.items(ItemQuery())}
    assert reasons == {asked: Reason.ASKED, held: Reason.HELD, failed: Reason.UNDETERMINED}
    assert not {plain, noted, blocked} & set(reasons)
    first = room.review.queue.items(ItemQuery())[0]
    assert first.exchange_id == held


def test_an_uncertain_score_comes_and_a_certain_one_does_not(room: Room) -> None:
    def scored(score: str) -> str:
        finding: JsonObject = {"detector": "classifier", "risks": ["A.2-a"], "level": "low", "wish": "observe"}
        finding |= {"score": score, "start": 0, "end": 1, "term_id": "", "view": "base"}
        return room.ask(f"一段话 {score}", decision={"action": "allow", "scope": "input", "findings": [finding]})

    sure, unsure, broken = scored("0.9900"), scored("0.5000"), scored("nonsense")
    room.take_in()
    assert [room.review.queue.of_exchange(one) for one in (sure,)] == [[]]
    assert {room.review.queue.of_exchange(one)[0].reason for one in (unsure, broken)} == {Reason.UNCERTAIN}


def test_the_draw_follows_the_commitment_and_takes_about_its_share(
    database: Database, tmp_path: Path, clock: FixedClock
) -> None:
    room = build_room(database, tmp_path, clock, replace(NOTHING_DRAWN, sample_share=0.3))
    try:
        for number in range(120):
            room.ask(f"第 {number} 句话")
        room.take_in()
        drawn = {item.entry_id for item in room.review.queue.items(ItemQuery(limit=500))}
        heads = room.ledger.find(EntryQuery(actions=("exchange.opened",), limit=500))
        due = {head.id for head in heads if int(head.commitment[:13], 16) / 16**13 < 0.3}
        assert drawn == due
        assert 15 < len(drawn) < 60
    finally:
        room.ledger.stop()


def test_an_answer_is_an_item_of_its_own_with_what_was_withheld(room: Room) -> None:
    exchange_id = room.ask("讲个故事")
    room.answer(exchange_id, "从前", withheld=f"有个{ASKED}")
    room.take_in()
    (item,) = room.review.queue.of_exchange(exchange_id)
    opened = room.review.queue.opened(item.id)
    assert item.scope.value == "output"
    assert opened.text is not None
    assert (opened.text.text, opened.text.was_released) == (f"有个{ASKED}", False)
    assert [said.text for said in opened.context] == ["从前"]


def test_looking_twice_queues_once_and_a_second_process_changes_nothing(room: Room) -> None:
    room.ask(f"说到{ASKED}")
    room.take_in()
    items = room.review.queue.items(ItemQuery())
    with room.database.transaction() as connection:
        connection.execute(sa.text("UPDATE review_mark SET seq = 0"))
    room.take_in()
    assert room.review.queue.items(ItemQuery()) == items
    assert room.review.intake.behind() == 0


def test_a_body_that_was_altered_is_counted_and_the_others_come(room: Room) -> None:
    broken, whole = room.ask(f"一：{ASKED}"), room.ask(f"二：{ASKED}")
    with room.database.transaction() as connection:
        seq = room.ledger.entry_by_id(broken)
        assert seq is not None
        connection.execute(
            sa.text("UPDATE ledger_body SET content = :c WHERE seq = :s"), {"c": b"x" * 80, "s": seq.seq}
        )
    room.take_in()
    assert room.review.queue.of_exchange(broken) == []
    assert len(room.review.queue.of_exchange(whole)) == 1
    assert IntakeRepository(room.database).tally()["unreadable"] == 1


def test_the_same_text_again_is_counted_on_its_item_and_every_text_is_in_the_tally(room: Room) -> None:
    item = room.queued(f"说到{ASKED}")
    for _ in range(3):
        room.ask(f"说到{ASKED}")
    room.take_in()
    assert room.review.queue.item(item.id).repeats == 3
    assert room.review.queue.count(ItemQuery()) == 1
    tally = IntakeRepository(room.database).tally()
    assert tally == {"texts": 4, "asked": 1, "repeats": 3}


def test_an_erased_person_is_counted_and_an_item_of_theirs_shows_that_the_text_is_gone(room: Room) -> None:
    person = room.ledger.person_for("gone")
    exchange_id = room.ask(f"说到{ASKED}", person=person)
    room.take_in()
    (item,) = room.review.queue.of_exchange(exchange_id)
    room.review.queue.judge(item.id, ONE, (), note="像是小说")
    room.ledger.erase(person, "system", "本人要求")
    opened = room.review.queue.opened(item.id)
    assert opened.is_erased
    assert opened.text is None
    (verdict,) = ItemRepository(room.database).verdicts(item.id)
    assert room.review.queue.note_of(verdict) == ""  # what was noted about the text went with it
    with room.database.transaction() as connection:
        connection.execute(sa.text("UPDATE review_mark SET seq = 0"))
        connection.execute(sa.text("DELETE FROM review_verdict"))
        connection.execute(sa.text("DELETE FROM review_item"))
    room.take_in()
    assert room.review.queue.of_exchange(exchange_id) == []
    assert IntakeRepository(room.database).tally()["erased"] == 1


def test_an_item_whose_text_is_gone_is_closed_and_one_that_has_its_text_is_not(room: Room) -> None:
    person = room.ledger.person_for("gone")
    exchange_id = room.ask(f"说到{ASKED}", person=person)
    room.take_in()
    (item,) = room.review.queue.of_exchange(exchange_id)
    with pytest.raises(RefusedError):
        room.review.queue.close_erased(item.id, ONE)
    room.ledger.erase(person, "system", "本人要求")
    closed = room.review.queue.close_erased(item.id, ONE)
    assert (closed.state, closed.outcome) == (ItemState.SETTLED, None)
    assert room.review.queue.next_for(TWO) is None
    assert not room.review.agreements.report(room.clock.now().date(), room.clock.now().date()).missed
    assert "review.closed_erased" in room.actions(f"exchange:{exchange_id}")


def test_two_who_agree_settle_and_neither_sees_the_other_before(room: Room) -> None:
    item = room.queued(f"说到{ASKED}")
    room.review.queue.judge(item.id, ONE, ("A.1-f", "A.1-d"))
    assert room.review.queue.verdicts(item.id) == ()
    assert room.review.queue.progress([item], TWO) == {item.id: (1, False)}
    settled = room.review.queue.judge(item.id, TWO, ("A.1-d",))
    assert settled.state is ItemState.SETTLED
    assert settled.outcome == ("A.1-d",)
    assert [verdict.reviewer for verdict in room.review.queue.verdicts(item.id)] == [ONE, TWO]
    assert room.actions(f"exchange:{item.exchange_id}") == [
        "exchange.opened",
        "review.judged",
        "review.judged",
        "review.settled",
    ]


def test_a_disagreement_goes_to_a_third_who_is_neither_of_the_two(room: Room) -> None:
    item = room.queued(f"说到{ASKED}")
    queue = room.review.queue
    queue.judge(item.id, ONE, ())
    disputed = queue.judge(item.id, TWO, ("A.1-f",))
    assert disputed.state is ItemState.ARBITRATION
    for one in (ONE, TWO):
        with pytest.raises(SeatTakenError):
            queue.judge(item.id, one, ())
        assert queue.next_for(one) is None
    assert queue.next_for(THREE) == disputed
    settled = queue.judge(item.id, THREE, ())
    assert settled.outcome == ()
    with pytest.raises(SeatTakenError):
        queue.judge(item.id, "member-4", ())


def test_the_database_itself_gives_a_person_one_seat_and_a_seat_one_person(room: Room) -> None:
    item = room.queued(f"说到{ASKED}")
    room.review.queue.judge(item.id, ONE, ())
    insert = "INSERT INTO review_verdict (item_id, reviewer, seat, risks, at, entry_id) VALUES (:i, :r, :s, '', '', '')"
    for reviewer, seat in ((ONE, 2), (TWO, 1), (TWO, 4)):
        with pytest.raises(sa.exc.IntegrityError), room.database.transaction() as connection:
            connection.execute(sa.text(insert), {"i": item.id, "r": reviewer, "s": seat})


def test_of_many_who_judge_at_once_two_get_a_seat_and_a_third_only_to_arbitrate(room: Room) -> None:
    item = room.queued(f"说到{ASKED}")
    refused: list[str] = []

    def judge(name: str) -> None:
        try:
            room.review.queue.judge(item.id, name, ("A.1-f",))
        except SeatTakenError:
            refused.append(name)

    threads = [threading.Thread(target=judge, args=(f"member-{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 4
    assert sorted(verdict.seat for verdict in room.review.queue.verdicts(item.id)) == [1, 2]


def test_the_next_item_is_the_most_urgent_that_waits_for_me_and_skipping_comes_round(room: Room) -> None:
    first, second = room.queued(f"一：{ASKED}"), room.queued(f"二：{ASKED}")
    queue = room.review.queue
    assert queue.next_for(ONE) == first
    assert queue.next_for(ONE, after=first.id) == second
    assert queue.next_for(ONE, after=second.id) == first
    queue.judge(first.id, ONE, ())
    assert queue.next_for(ONE) == second
    assert queue.next_for(TWO) == first


def test_what_is_late_is_counted_and_a_person_who_waits_comes_sooner(room: Room) -> None:
    asked = room.queued(f"说到{ASKED}")
    assert asked.due_at - asked.queued_at == timedelta(hours=24)
    exchange_id = room.ask("别的", decision={"action": "hold", "scope": "input", "findings": []})
    room.take_in()
    (held,) = room.review.queue.of_exchange(exchange_id)
    assert held.due_at - held.queued_at == timedelta(hours=6)
    assert room.review.queue.counts().overdue == 0
    room.clock.advance(7 * 3600)
    counts = room.review.queue.counts()
    assert (counts.overdue, counts.waiting, counts.by_reason) == (1, 2, {"held": 1, "asked": 1})
    assert counts.oldest_due == held.due_at


def test_an_objection_makes_an_item_and_turning_the_block_round_answers_it(room: Room) -> None:
    exchange_id = room.ask(f"小说里写到{BLOCKED}")
    objection = room.object_to(exchange_id)
    room.take_in()
    (item,) = room.review.queue.of_exchange(exchange_id)
    assert (item.reason, item.objection_entry) == (Reason.OBJECTION, objection)
    assert room.review.queue.opened(item.id).objection == "我在写小说"
    assert room.review.queue.counts().objections == 1
    with pytest.raises(InputError):
        room.review.queue.reverse(item.id, ONE, "  ")
    reversed_ = room.review.queue.reverse(item.id, ONE, "是文学作品，不是招揽")
    assert (reversed_.outcome, reversed_.reversed_by, reversed_.is_answered) == ((), ONE, True)
    answered = room.ledger.find(EntryQuery(actions=("objection.answered",)))[0]
    assert room.ledger.body(answered.id) == {
        "objection": objection,
        "upheld": True,
        "text": "是文学作品，不是招揽",
        "item": item.id,
    }
    assert room.review.queue.answers_to(exchange_id, "visitor-1")[0][:2] == (True, "是文学作品，不是招揽")
    assert room.review.queue.answers_to(exchange_id, "visitor-2") == ()
    with pytest.raises(RefusedError):
        room.review.queue.reverse(item.id, TWO, "再来一次")


def test_an_objection_that_does_not_hold_is_answered_too_and_a_newer_one_waits_again(room: Room) -> None:
    exchange_id = room.ask(f"说到{BLOCKED}")
    room.object_to(exchange_id)
    room.take_in()
    (item,) = room.review.queue.of_exchange(exchange_id)
    answered = room.review.queue.answer(item.id, ONE, "内容确属招揽", is_upheld=False)
    assert answered.is_answered
    assert answered.reversed_by is None
    with pytest.raises(RefusedError):
        room.review.queue.answer(item.id, ONE, "又一次", is_upheld=False)
    room.object_to(exchange_id, "我不同意")
    room.take_in()
    assert not room.review.queue.item(item.id).is_answered
    with pytest.raises(StaleError):
        ItemRepository(room.database).answer(item.id, answered.objection_entry, "x")


def test_a_block_that_nobody_queued_is_turned_round_in_one_step(room: Room) -> None:
    exchange_id = room.ask(f"史书写到{BLOCKED}")
    item = room.review.queue.reverse_exchange(exchange_id, ONE, "史书原文")
    assert (item.reason, item.outcome, item.state) == (Reason.REVERSAL, (), ItemState.SETTLED)
    assert "review.reversed" in room.actions(f"exchange:{exchange_id}")
    allowed = room.ask("你好")
    with pytest.raises(RefusedError, match="没有被拦截"):
        room.review.queue.reverse_exchange(allowed, ONE, "无")
    with pytest.raises(NotFoundError):
        room.review.queue.reverse_exchange("nothing", ONE, "无")


def test_an_item_shows_highlights_what_was_found_then_and_near_terms(room: Room) -> None:
    item = room.queued("先说一句别的", f"再说到{ASKED}")
    opened = room.review.queue.opened(item.id)
    assert opened.text is not None
    assert opened.text.text == f"再说到{ASKED}"
    assert opened.explanation is not None
    assert [one.found for one in opened.explanation.findings] == [ASKED]
    assert [one.wish for one in opened.recorded] == ["review"]
    assert len(opened.nearest) == 1


def test_examples_leave_without_a_pseudonym_with_personal_information_masked(room: Room, tmp_path: Path) -> None:
    person = room.ledger.person_for("writer")
    exchange_id = room.ask(f"请打 13812345678 说{ASKED}", person=person)
    room.take_in()
    (item,) = room.review.queue.of_exchange(exchange_id)
    with pytest.raises(RefusedError):
        room.review.queue.mark_example(item.id, "training", ONE)
    room.review.queue.judge(item.id, ONE, ("A.1-f",))
    room.review.queue.judge(item.id, TWO, ("A.1-f",))
    room.review.queue.mark_example(item.id, "training", ONE)
    with pytest.raises(RefusedError):
        room.review.queue.mark_example(item.id, "training", TWO)
    path = tmp_path / "out.jsonl"
    with pytest.raises(InputError):
        room.review.examples.write(path, "training", person=ONE, licence="内部", consent=" ")
    done = room.review.examples.write(path, "training", person=ONE, licence="仅限内部训练", consent="用户协议第八条")
    (line,) = path.read_text().splitlines()
    facts = orjson.loads(line)
    assert (facts["label"], facts["risks"], facts["is_correction"]) == ("harmful", ["A.1-f"], True)
    assert "13812345678" not in line
    assert "＊" in facts["text"]
    for secret in (person, exchange_id, item.id, ONE):
        assert secret not in line
    room.ledger.erase(person, "system", "本人要求")
    again = room.review.examples.write(path, "training", person=ONE, licence="仅限内部训练", consent="用户协议第八条")
    assert (done.lines, again.lines, again.left_out) == (1, 0, {"erased": 1})
    assert room.ledger.find(EntryQuery(actions=("review.exported",)))


def test_the_tables_hold_nothing_that_was_said_and_no_hash_of_it(room: Room) -> None:
    text = f"一句只有我知道的话，{ASKED}"
    item = room.queued(text)
    room.review.queue.judge(item.id, ONE, (), note="他提到了老家")
    digests = {hashlib.sha256(part.encode()).hexdigest() for part in (text, f"input\x00{text}")}
    with room.database.reading() as connection:
        for table in ("review_item", "review_verdict", "review_tally"):
            kept = str(connection.execute(sa.text(f"SELECT * FROM {table}")).all())  # noqa: S608 - our own names
            assert "只有我知道" not in kept
            assert "老家" not in kept
            assert not any(digest in kept for digest in digests)


def test_agreement_is_measured_over_what_two_people_judged(room: Room) -> None:
    said = [(("A.1-f",), ("A.1-f",))] * 6 + [((), ())] * 8 + [((), ("A.1-f",))] * 2
    for number, (one, other) in enumerate(said):
        item = room.queued(f"{number}：{ASKED}")
        room.review.queue.judge(item.id, ONE, one)
        room.review.queue.judge(item.id, TWO, other)
    today = room.clock.now().date()
    report = room.review.agreements.report(today, today)
    assert (report.harm.items, report.harm.agreed, report.arbitrated) == (16, 14, 2)
    assert report.harm.raw == 14 / 16
    assert report.pairs[0].agreement.kappa.value == pytest.approx(0.75)  # (0.875 - 0.5) / (1 - 0.5), by hand
    assert (report.settled, report.missed, report.wrong_blocks) == (14, 6, 0)
    assert [week.agreement.items for week in report.weeks] == [16]
    with pytest.raises(InputError):
        room.review.agreements.report(today, today - timedelta(days=1))


@pytest.mark.parametrize("risks", [("A.9-z",), ("A.1-f", "no")])
def test_a_risk_that_there_is_not_is_refused(room: Room, risks: tuple[str, ...]) -> None:
    item = room.queued(f"说到{ASKED}")
    with pytest.raises(InputError):
        room.review.queue.judge(item.id, ONE, risks)
    with pytest.raises(InputError):
        room.review.queue.judge(item.id, ONE, (), note="长" * 2001)
    with pytest.raises(NotFoundError):
        room.review.queue.judge("nothing", ONE, ())
