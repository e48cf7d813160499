"""What a change would do, before anybody lets it: on recorded exchanges, on a folder of texts, for a whole list."""

from pathlib import Path

import pytest
from tests.unit.review.conftest import BLOCKED, Room, added, proposal
from tests.unit.review.test_changes import AUTHOR, NEW, builtin, wishes_of

from guiju.kit.errors import InputError
from guiju.moderation.importing import import_terms
from guiju.review.models import Op, TermProposal
from guiju.review.service.proposing import imported


def test_a_preview_counts_what_would_newly_be_stopped_and_names_examples(room: Room) -> None:
    hit = room.ask(f"小说里的{NEW}")
    room.ask("别的话")
    room.ask(f"早就拦下的{BLOCKED}和{NEW}")
    person = room.ledger.person_for("gone")
    room.ask("删除的话", person=person)
    room.ledger.erase(person, "system", "本人要求")
    change = room.review.changes.propose(proposal(added(NEW)), AUTHOR).change
    found = room.review.changes.preview(change.id, AUTHOR)
    assert (found.texts, found.blocked, found.passed) == (3, 1, 0)
    assert found.skipped == {"erased": 1}
    assert found.by_term == ((NEW, 2),)
    assert [(one.exchange_id, one.kind) for one in found.examples] == [(hit, "blocked")]
    assert (found.examples[0].was, found.examples[0].would_be) == ("allow", "refuse")
    assert wishes_of(room, NEW) == []
    kept = room.review.changes.change(change.id).previews
    assert [one.blocked for one in kept] == [1]
    assert NEW not in str(kept[0].examples[0].snippet)  # a person's words are not copied out of the ledger


def test_a_preview_of_loosening_counts_what_would_pass(room: Room) -> None:
    room.ask(f"说到{BLOCKED}")
    change = room.review.changes.propose(proposal(TermProposal(Op.DISABLE, term_id=builtin(room, BLOCKED))), AUTHOR)
    assert room.review.changes.preview(change.change.id, AUTHOR).passed == 1


def test_a_preview_on_a_folder_says_file_and_line(room: Room, tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "a.txt").write_text(f"平常的话\n书上写着{NEW}三字\n")
    (folder / "b.jsonl").write_text(f'{{"text": "又见{NEW}"}}\n')
    change = room.review.changes.propose(proposal(added(NEW)), AUTHOR).change
    found = room.review.changes.preview(change.id, AUTHOR, folder=folder)
    assert (found.texts, found.blocked) == (3, 2)
    assert [one.place for one in found.examples] == ["a.txt:2", "b.jsonl:1"]
    assert NEW in found.examples[0].snippet
    with pytest.raises(InputError):
        room.review.changes.preview(change.id, AUTHOR, folder=tmp_path / "none")


def test_an_imported_list_is_one_change_with_all_its_refusals(room: Room) -> None:
    source = f"{NEW}\n午未申酉\n{NEW}\n{BLOCKED}\n单\n".encode()
    report = import_terms(source, "list.txt", "A.1-f", updated="2026-11-23")
    done = room.review.changes.propose(imported(report, title="导入 list.txt", reason="供应商词表"), AUTHOR)
    assert [term.entry.term for term in done.change.terms] == [NEW, "午未申酉"]
    assert len(done.refusals) == 2
    assert report.duplicates == 1
