"""A change of the keyword library: two people, stages with their measured effect, previews, and the way back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.review.conftest import ASKED, BLOCKED, NOTED, Room, added, build_room, proposal

from guiju.kit.errors import StorageError
from guiju.law.models import Parameter
from guiju.ledger.models import Draft, EntryQuery, Receipt
from guiju.moderation.models import Scope
from guiju.moderation.writing import entry_of
from guiju.review.errors import ProposalError, SecondPersonError, StageError, StaleError
from guiju.review.models import (
    Change,
    ChangeEvent,
    ChangeState,
    ItemQuery,
    Measured,
    Op,
    Reason,
    ReviewSettings,
    TermProposal,
)
from guiju.review.repository import ChangeRepository
from guiju.review.service.updating import UPDATE_DAYS

AUTHOR, SECOND = "member-author", "member-second"
NEW = "寅卯辰巳"


def action_of(room: Room, text: str) -> str:
    return room.moderation.decide(text, Scope.INPUT).action.value


def wishes_of(room: Room, text: str) -> list[str]:
    return [finding.wish for finding in room.moderation.decide(text, Scope.INPUT).findings]


def approved(room: Room, *terms: TermProposal) -> Change:
    change = room.review.changes.propose(proposal(*terms), AUTHOR).change
    return room.review.changes.approve(change.id, SECOND, "确有必要")


def staged(room: Room, change: Change, to: ChangeState) -> Change:
    return room.review.changes.stage(change.id, to, SECOND, reason="按计划推进", is_sure=True)


def staged_by(room: Room, to: ChangeState) -> Callable[[str, str, str], Change]:
    def take(change_id: str, person: str, reason: str) -> Change:
        return room.review.changes.stage(change_id, to, person, reason=reason, is_sure=True)

    return take


def builtin(room: Room, text: str) -> str:
    return next(term.id for term in room.moderation.terms() if term.text == text)


def test_nobody_approves_their_own_and_the_database_holds_it_too(room: Room) -> None:
    change = room.review.changes.propose(proposal(added(NEW)), AUTHOR).change
    with pytest.raises(SecondPersonError):
        room.review.changes.approve(change.id, AUTHOR, "我觉得可以")
    forged = "UPDATE keyword_change SET state = 'approved', approver = author"
    alone = "UPDATE keyword_change SET state = 'block'"
    for statement in (forged, alone):
        with pytest.raises(sa.exc.IntegrityError), room.database.transaction() as connection:
            connection.execute(sa.text(statement))
    assert room.review.changes.change(change.id).state is ChangeState.PROPOSED


def test_nothing_is_in_force_before_a_stage_and_each_stage_is(room: Room) -> None:
    change = approved(room, added(NEW))
    assert wishes_of(room, NEW) == []
    change = staged(room, change, ChangeState.OBSERVE)
    assert (wishes_of(room, NEW), action_of(room, NEW)) == (["observe"], "allow")
    change = staged(room, change, ChangeState.REVIEW)
    assert (wishes_of(room, NEW), action_of(room, NEW)) == (["review"], "allow")
    change = staged(room, change, ChangeState.BLOCK)
    assert action_of(room, NEW) == "refuse"
    change = room.review.changes.revert(change.id, SECOND, "误伤太多")
    assert wishes_of(room, NEW) == []
    assert change.state is ChangeState.REVERTED
    assert list(room.keywords.glob("*.yaml")) == []


def test_every_step_is_an_entry_with_who_why_and_what_was_measured(room: Room) -> None:
    change = staged(room, approved(room, added(NEW)), ChangeState.OBSERVE)
    room.ask(f"说到{NEW}")
    room.take_in()
    change = staged(room, change, ChangeState.REVIEW)
    room.review.changes.revert(change.id, AUTHOR, "先收回")
    subject = f"keyword_change:{change.id}"
    assert room.actions(subject) == [
        "keyword.proposed",
        "keyword.approved",
        "keyword.staged",
        "keyword.staged",
        "keyword.reverted",
    ]
    newest = room.ledger.find(EntryQuery(subject=subject))
    assert newest[0].actor == f"staff:{AUTHOR}"
    body = room.ledger.body(newest[1].id)
    assert isinstance(body, dict)
    assert (body["from"], body["to"], body["reason"]) == ("observe", "review", "按计划推进")
    assert body["measured"] == {"observe": {"texts": 1, "hits": 1, "waiting": 1, "harmful": 0, "harmless": 0}}
    assert body["library_before"] != body["library_after"]
    events = room.review.changes.change(change.id).events
    assert [event.state.value for event in events] == ["proposed", "approved", "observe", "review", "reverted"]


def test_what_a_trial_finds_is_queued_and_its_verdicts_are_the_effect(room: Room) -> None:
    change = staged(room, approved(room, added(NEW)), ChangeState.OBSERVE)
    for number in range(4):
        room.ask(f"第 {number} 回说到{NEW}")
    room.take_in()
    items = room.review.queue.items(ItemQuery(reason=Reason.TRIAL))
    assert len(items) == 4
    for item, risks in zip(items, ((), (), ("A.1-f",), ("A.1-f",)), strict=True):
        for person in ("one", "two"):
            room.review.queue.judge(item.id, person, risks)
    effect = room.review.changes.effects(change.id)["observe"]
    assert (effect.texts, effect.hits, effect.waiting, effect.harmful, effect.harmless) == (4, 4, 0, 2, 2)
    codes = {caution.code for caution in room.review.changes.cautions(change, ChangeState.REVIEW)}
    assert "wrong_hits" in codes
    with pytest.raises(StageError, match="无害"):
        room.review.changes.stage(change.id, ChangeState.REVIEW, SECOND, reason="推进")


def test_a_hit_counts_for_the_stage_in_which_it_happened(room: Room) -> None:
    change = staged(room, approved(room, added(NEW)), ChangeState.OBSERVE)
    room.clock.advance(60)
    room.ask(f"早先说到{NEW}")
    room.clock.advance(60)
    staged(room, change, ChangeState.BLOCK)
    room.clock.advance(60)
    room.ask(f"后来说到{NEW}")
    room.take_in()
    assert {stage: effect.texts for stage, effect in room.review.changes.effects(change.id).items()} == {
        "observe": 1,
        "block": 1,
    }


def test_a_step_that_is_not_advised_needs_to_be_meant(room: Room, tmp_path: Path) -> None:
    slow = build_room(room.database, tmp_path, room.clock, ReviewSettings(sample_share=0.0, stage_hours=24.0))
    change = approved(slow, added(NEW))
    codes = {caution.code for caution in slow.review.changes.cautions(change, ChangeState.BLOCK)}
    assert codes == {"skips_stage", "no_preview"}
    slow.review.changes.preview(change.id, AUTHOR)
    change = slow.review.changes.stage(change.id, ChangeState.OBSERVE, SECOND, reason="开始试行")
    codes = {caution.code for caution in slow.review.changes.cautions(change, ChangeState.REVIEW)}
    assert codes == {"too_short", "no_hits"}
    with pytest.raises(StageError, match="24"):
        slow.review.changes.stage(change.id, ChangeState.REVIEW, SECOND, reason="推进")
    slow.review.changes.stage(change.id, ChangeState.REVIEW, SECOND, reason="紧急要求", is_sure=True)
    head = slow.ledger.find(EntryQuery(actions=("keyword.staged",)))[0]
    body = slow.ledger.body(head.id)
    assert isinstance(body, dict)
    assert body["cautions"] == ["too_short", "no_hits"]
    slow.ledger.stop()


@pytest.mark.parametrize(
    ("taken", "wanted"),
    [
        (ChangeState.PROPOSED, ChangeState.OBSERVE),
        (ChangeState.OBSERVE, ChangeState.OBSERVE),
        (ChangeState.APPROVED, ChangeState.REVERTED),
    ],
)
def test_a_step_that_does_not_follow_is_refused(room: Room, taken: ChangeState, wanted: ChangeState) -> None:
    change = room.review.changes.propose(proposal(added(NEW)), AUTHOR).change
    if taken is not ChangeState.PROPOSED:
        change = room.review.changes.approve(change.id, SECOND, "可以")
    if taken is ChangeState.OBSERVE:
        change = staged(room, change, ChangeState.OBSERVE)
    take = room.review.changes.revert if wanted is ChangeState.REVERTED else staged_by(room, wanted)
    with pytest.raises(StageError):
        take(change.id, SECOND, "试试")


def test_a_rejected_change_ends_and_its_author_withdraws(room: Room) -> None:
    one, two = (room.review.changes.propose(proposal(added(term)), AUTHOR).change for term in (NEW, "午未申酉"))
    assert room.review.changes.reject(one.id, SECOND, "太宽").state is ChangeState.REJECTED
    assert room.review.changes.reject(two.id, AUTHOR, "撤回").state is ChangeState.WITHDRAWN
    with pytest.raises(StageError):
        room.review.changes.approve(one.id, SECOND, "还是要")


def test_what_is_known_already_contradicts_or_stands_in_an_open_change_is_refused_by_name(room: Room) -> None:
    same = replace(entry_of(room.moderation.term(builtin(room, BLOCKED))), reason="别的理由")  # type: ignore[arg-type]
    draft = proposal(
        TermProposal(Op.ADD, same),
        added(ASKED),
        added("单"),
        added(NEW),
        added(f"{NEW[0]}\u200b{NEW[1:]}"),
        TermProposal(Op.DISABLE, term_id="A.1-f:none"),
    )
    done = room.review.changes.propose(draft, AUTHOR)
    assert [term.entry.term for term in done.change.terms] == [NEW]
    reasons = " ".join(refusal.zh for refusal in done.refusals)
    assert len(done.refusals) == 5
    for said in ("词库已有", "规定不同", "少于 2 个", "归一化后相同", "没有这个词条"):
        assert said in reasons
    with pytest.raises(ProposalError, match="未完成的变更"):
        room.review.changes.propose(proposal(added(NEW)), SECOND)


def test_a_builtin_term_is_made_milder_switched_off_and_comes_back(room: Room) -> None:
    key = builtin(room, BLOCKED)
    change = approved(room, TermProposal(Op.DISABLE, term_id=key))
    change = staged(room, change, ChangeState.OBSERVE)
    assert action_of(room, BLOCKED) == "refuse"  # on trial it stays in force; only its hits are looked at
    room.ask(f"说到{BLOCKED}")
    room.take_in()
    assert room.review.changes.effects(change.id)["observe"].texts == 1
    change = staged(room, change, ChangeState.REVIEW)
    assert (action_of(room, BLOCKED), wishes_of(room, BLOCKED)) == ("allow", ["review"])
    change = staged(room, change, ChangeState.BLOCK)
    assert wishes_of(room, BLOCKED) == []
    room.review.changes.revert(change.id, SECOND, "还是要拦")
    assert action_of(room, BLOCKED) == "refuse"


def test_a_term_keeps_its_form_when_it_changes(room: Room) -> None:
    now = entry_of(room.moderation.term(builtin(room, BLOCKED)))  # type: ignore[arg-type]
    other = TermProposal(Op.CHANGE, replace(now, term=NEW), term_id=builtin(room, BLOCKED))
    with pytest.raises(ProposalError, match="不能换词"):
        room.review.changes.propose(proposal(other), AUTHOR)
    narrower = replace(now, scope=("output",))
    change = approved(room, TermProposal(Op.CHANGE, narrower, term_id=builtin(room, BLOCKED)))
    staged(room, change, ChangeState.BLOCK)
    assert action_of(room, BLOCKED) == "allow"
    assert room.moderation.decide(BLOCKED, Scope.OUTPUT).action.value == "refuse"


def test_an_allow_phrase_is_watched_before_it_clears(room: Room) -> None:
    phrase = f"学{BLOCKED}史"
    change = approved(room, TermProposal(Op.ALLOW, term_id=builtin(room, BLOCKED), phrase=phrase))
    change = staged(room, change, ChangeState.OBSERVE)
    assert action_of(room, f"我{phrase}") == "refuse"
    room.ask(f"我{phrase}")
    room.take_in()
    assert room.review.changes.effects(change.id)["observe"].texts == 1
    change = staged(room, change, ChangeState.REVIEW)
    assert (action_of(room, f"我{phrase}"), wishes_of(room, f"我{phrase}")) == ("allow", ["review"])
    staged(room, change, ChangeState.BLOCK)
    assert wishes_of(room, f"我{phrase}") == []
    assert action_of(room, f"说到{BLOCKED}") == "refuse"
    bad = TermProposal(Op.ALLOW, term_id=builtin(room, ASKED), phrase="无关的话")
    with pytest.raises(ProposalError, match="须包含该词"):
        room.review.changes.propose(proposal(bad), AUTHOR)


def test_the_newest_change_of_a_term_decides_and_taking_it_back_brings_the_older_one(room: Room) -> None:
    older = staged(room, approved(room, added(NEW, action="review", level="medium")), ChangeState.BLOCK)
    key = older.terms[0].term_id
    stricter = replace(older.terms[0].entry, action="block", level="high")
    newer = staged(room, approved(room, TermProposal(Op.CHANGE, stricter, term_id=key)), ChangeState.BLOCK)
    assert action_of(room, NEW) == "refuse"
    room.review.changes.revert(newer.id, SECOND, "过严")
    assert wishes_of(room, NEW) == ["review"]


def test_a_file_that_cannot_be_used_changes_nothing(room: Room) -> None:
    change = approved(room, added(NEW))
    broken = room.keywords / "by-hand.yaml"
    room.keywords.mkdir(exist_ok=True)
    broken.write_text("version: 1\nrisk: nonsense\n")
    with pytest.raises(Exception, match="risk"):
        staged(room, change, ChangeState.BLOCK)
    assert wishes_of(room, NEW) == []
    assert [path.name for path in room.keywords.iterdir()] == ["by-hand.yaml"]
    assert room.review.changes.change(change.id).state is ChangeState.APPROVED
    assert room.review.changes.by_hand() == ("by-hand.yaml",)


def test_what_cannot_be_recorded_is_undone(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    change = approved(room, added(NEW))
    real = room.ledger.append

    def refuse(draft: Draft) -> Receipt:
        if draft.action == "keyword.staged":
            raise StorageError("磁盘已满。", "The disk is full.")
        return real(draft)

    monkeypatch.setattr(room.ledger, "append", refuse)
    with pytest.raises(StorageError):
        staged(room, change, ChangeState.BLOCK)
    assert wishes_of(room, NEW) == []
    assert list(room.keywords.glob("*.yaml")) == []


def test_another_process_takes_over_what_was_staged(room: Room, tmp_path: Path) -> None:
    change = staged(room, approved(room, added(NEW)), ChangeState.BLOCK)
    other = build_room(room.database, tmp_path, room.clock, ReviewSettings(sample_share=0.0))
    assert action_of(other, NEW) == "refuse"  # the same folder: it begins with what stands there
    assert not other.review.changes.sync()
    room.review.changes.revert(change.id, SECOND, "收回")
    assert action_of(other, NEW) == "refuse"
    other.review.changes.sync()
    assert wishes_of(other, NEW) == []
    other.ledger.stop()


def test_a_file_that_a_hand_changed_is_written_again(room: Room) -> None:
    staged(room, approved(room, added(NEW)), ChangeState.BLOCK)
    path = room.keywords / "A.1-f.changes.yaml"
    path.unlink()
    room.moderation.reload()
    assert wishes_of(room, NEW) == []
    again = room.review.changes
    again._generation = (-1, "")  # as a process that has just started
    assert again.sync()
    assert action_of(room, NEW) == "refuse"


def test_two_who_step_at_once_do_not_both_step(room: Room) -> None:
    change = room.review.changes.propose(proposal(added(NEW)), AUTHOR).change
    stale = room.review.changes.change(change.id)
    room.review.changes.approve(change.id, SECOND, "可以")
    late = ChangeEvent(2, room.clock.now(), SECOND, ChangeState.REJECTED, "不行", Measured(), "")
    with pytest.raises(StaleError):
        ChangeRepository(room.database).step(stale, late)
    assert room.review.changes.change(change.id).state is ChangeState.APPROVED


def test_a_policy_rule_that_acts_on_observed_hits_is_said(room: Room) -> None:
    policy = room.keywords.parent / "policy.yaml"
    policy.write_text(policy.read_text() + "rules:\n  - {risks: [A.1-f], levels: [high], action: refuse}\n")
    room.moderation.reload()
    change = approved(room, added(NEW))
    codes = {caution.code for caution in room.review.changes.cautions(change, ChangeState.OBSERVE)}
    assert "policy_acts" in codes


def test_the_next_update_is_due_by_the_number_of_the_law(room: Room) -> None:
    assert room.review.updates.due().due is None
    day = date(2025, 11, 1)
    room.parameters[UPDATE_DAYS] = Parameter(
        UPDATE_DAYS, "cn/gb-t-45654-2025", "关键词库", "周期", "period", 7, "day", "<=", "should", "s", "S2", day, None
    )
    due = room.review.updates.due()
    assert (due.due, due.days_left) == (date(2026, 11, 27), 4)
    staged(room, approved(room, added(NEW)), ChangeState.OBSERVE)
    assert room.review.updates.due().due == date(2026, 11, 23) + timedelta(days=7)


def test_a_noted_term_stays_what_it_is(room: Room) -> None:
    staged(room, approved(room, added(NEW, action="observe", level="low")), ChangeState.BLOCK)
    assert wishes_of(room, NEW) == ["observe"]
    assert wishes_of(room, NOTED) == ["observe"]
