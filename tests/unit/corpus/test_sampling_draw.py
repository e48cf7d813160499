"""Documents are read, drawn and put on a sheet; the sheet comes back with what people decided, or with an error."""

import csv
import gzip
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_type_hints

import pytest

from guiju.corpus.documents import Document, find_sources, read_documents
from guiju.corpus.sampling.drawing import LONGEST_SHOWN, MOST_DRAWN, MOST_STRATA, Wish, draw
from guiju.corpus.sampling.models import Drawn, MachineFinding, Phase, ReviewerDecision, SamplePlan, Verdict
from guiju.corpus.sampling.rules import count, order_queue
from guiju.corpus.sampling.sheet import digest_of, read_decisions, read_plan, write_plan, write_sheet
from guiju.kit.errors import InputError


def documents(number: int) -> list[Document]:
    return [Document(f"a.jsonl:{one}", f"a@{one % 3}", f"第 {one} 篇", {}) for one in range(1, number + 1)]


def wish(size: int, seed: str = "00ff") -> Wish:
    return Wish("网站", Phase.BEFORE, size, seed)


def test_jsonl_gz_and_folders_of_txt_are_read(tmp_path: Path) -> None:
    rows = [{"text": "甲", "date": "2026-01-02", "id": 1}, {"text": "乙\ud800", "date": "2026-02-03"}, {"text": ""}]
    lines = [json.dumps(row) for row in rows]
    lines[1] = '{"text": "乙", "date": "2026-02-03"}'
    (tmp_path / "a.jsonl").write_text("\ufeff" + "\n\n".join(lines) + "\n", "utf-8")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress('{"text": "丙"}'.encode()))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d.txt").write_bytes("丁".encode("gb18030"))
    (tmp_path / "c" / "e.md").write_text("no")
    steps: list[int] = []
    files = find_sources([tmp_path, tmp_path / "a.jsonl"])
    found = list(read_documents(files, step=steps.append))
    assert [one.text for one in found] == ["甲", "乙", "", "丙", "丁"]
    assert [one.place.removeprefix(tmp_path.as_posix()) for one in found] == [
        "/a.jsonl:1", "/a.jsonl:3", "/a.jsonl:5", "/b.jsonl.gz:1", "/c/d.txt",
    ]  # fmt: skip
    assert found[0].stratum.endswith("a.jsonl@2026-01")
    assert found[4].stratum.endswith("/c")
    assert found[0].facts == {"date": "2026-01-02", "id": 1}
    assert sum(steps) == sum(path.stat().st_size for path in files)


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.jsonl", b'{"text": "x"}\n{"text"', "a.jsonl:2"),
        ("a.jsonl", b'{"text": "x"}\n[1]', "a.jsonl:2"),
        ("a.jsonl", b'{"other": "x"}', "a.jsonl:1"),
        ("a.jsonl", b'{"text": "\xff"}', "a.jsonl:1"),
        ("a.jsonl.gz", gzip.compress(b'{"text": "x"}\n' * 99, mtime=0)[:-9], "a.jsonl.gz:"),
        ("a.jsonl.gz", b"no gzip", "a.jsonl.gz:1"),
        ("a.txt", b"\xff\xff\xff", "a.txt"),
        ("a.pdf", b"", "a.pdf"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes, where: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        list(read_documents(find_sources([tmp_path / name])))
    assert where in caught.value.where


def test_a_line_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("guiju.corpus.documents.LONGEST_LINE", 20)
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "x"}\n' + b'{"text": "' + b"y" * 30 + b'"}')
    with pytest.raises(InputError, match="longer than 20 bytes"):
        list(read_documents([tmp_path / "a.jsonl"]))


def test_missing_paths_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError):
            find_sources([path])


def test_the_same_seed_draws_the_same_in_any_order() -> None:
    there = documents(500)
    first = draw(there, wish(40))
    random.Random(1).shuffle(there)
    assert draw(there, wish(40)) == first
    assert draw(there, wish(40, "00fe")).drawn != first.drawn
    assert draw(there, wish(60)).drawn[:40] == first.drawn
    assert first.population == sum(first.strata.values()) == 500
    assert len({one.place for one in first.drawn}) == 40


def test_every_document_is_drawn_equally_often() -> None:
    there = documents(20)
    seen = Counter(one.place for seed in range(2000) for one in draw(there, wish(5, f"{seed:08x}")).drawn)
    assert len(seen) == 20
    # 500 expected of each, standard deviation 19.4; the seeds are fixed, so this is no gamble.
    assert all(abs(number - 500) < 80 for number in seen.values())


def test_a_small_source_is_drawn_whole_and_a_long_text_is_cut_for_the_eye_only() -> None:
    long = Document("a:1", "a", "长" * (LONGEST_SHOWN + 1), {})
    plan = draw([long], wish(10))
    assert plan.population == len(plan.drawn) == 1
    assert plan.drawn[0].sha256 == long.sha256
    assert "看" in plan.drawn[0].text[LONGEST_SHOWN:]


def test_strata_are_bounded_and_still_add_up() -> None:
    plan = draw((Document(f"a:{one}", f"s{one}", "", {}) for one in range(MOST_STRATA + 5)), wish(1))
    assert plan.strata["(others)"] == 5
    assert sum(plan.strata.values()) == plan.population


@pytest.mark.parametrize("bad", [wish(0), wish(MOST_DRAWN + 1), wish(1, ""), wish(1, "xy"), wish(1, "00" * 65)])
def test_a_wish_that_cannot_be_met_is_refused(bad: Wish) -> None:
    with pytest.raises(InputError):
        draw(documents(3), bad)
    with pytest.raises(InputError):
        draw([], wish(1))


def filled(plan: SamplePlan, answer: Callable[[int], tuple[str, str]]) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(write_sheet(plan.drawn).decode("utf-8-sig"))))
    for number, row in enumerate(rows[1:]):
        row[1], row[2] = answer(number)
    return rows


def to_bytes(rows: list[list[str]], encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def test_a_sheet_comes_back_with_exact_counts() -> None:
    plan = draw(documents(100), wish(10))
    words = ["合规", "违规", "", "LAWFUL", " illegal ", "0", "1", "ok", "", "合规"]
    rows = filled(plan, lambda number: (words[number], "staff:7"))
    for encoding in ("utf-8-sig", "gb18030"):
        tally = count(plan, read_decisions(to_bytes(rows, encoding), plan, "s.csv"))
        assert (tally.lawful, tally.illegal, tally.undecided, tally.population) == (5, 3, 2, 100)
    head, *rest = rows
    assert count(plan, read_decisions(to_bytes([head, *reversed(rest)]), plan, "s.csv")) == tally


@pytest.mark.parametrize(
    ("change", "says", "line"),
    [
        (lambda rows: rows[2].__setitem__(1, "maybe"), "not understood", 3),
        (lambda rows: rows[2].__setitem__(2, ""), "staff:<id>", 3),
        (lambda rows: rows[2].__setitem__(2, "detector:keywords"), "staff:<id>", 3),
        (lambda rows: rows[2].__setitem__(7, "0" * 64), "not of this sample", 3),
        (lambda rows: rows[2].__setitem__(0, "3"), "not of this sample", 3),
        (lambda rows: rows.append(rows[1]), "double", 12),
        (lambda rows: rows.pop(), "1 rows of the sample are missing", None),
        (lambda rows: rows[0].__setitem__(1, "x"), "Columns missing", 1),
        (lambda rows: rows.clear(), "Columns missing", 1),
    ],
)
def test_a_sheet_that_does_not_fit_names_the_line(
    change: Callable[[list[list[str]]], object], says: str, line: int | None
) -> None:
    plan = draw(documents(100), wish(10))
    rows = filled(plan, lambda _: ("合规", "staff:7"))
    change(rows)
    with pytest.raises(InputError, match=says) as caught:
        read_decisions(to_bytes(rows), plan, "s.csv")
    assert caught.value.where == ("s.csv" if line is None else f"s.csv:{line}")


def test_bytes_that_are_no_csv_are_refused() -> None:
    plan = draw(documents(3), wish(3))
    for content in (b"\xff\xff", b'number,verdict,reviewer,sha256\n"open', b"\x00"):
        with pytest.raises(InputError):
            read_decisions(content, plan, "s.csv")


def test_no_text_becomes_a_formula() -> None:
    row = write_sheet([Drawn("@x:1", "-s", "00", "=HYPERLINK(1)")]).decode("utf-8-sig").splitlines()[1]
    assert row == "1,,,,'=HYPERLINK(1),'@x:1,'-s,00"


def test_a_plan_comes_back_and_a_changed_one_is_another() -> None:
    plan = draw(documents(30), wish(4))
    again = read_plan(write_plan(plan), "p")
    assert digest_of(again) == digest_of(plan)
    assert digest_of(replace(again, population=31)) != digest_of(plan)
    row = json.loads(write_plan(plan))
    changes: list[dict[str, object]] = [
        {"format": "x"},
        {"population": 29},
        {"drawn": []},
        {"phase": "later"},
        {"strata": 3},
    ]
    for change in changes:
        with pytest.raises(InputError):
            read_plan(json.dumps({**row, **change}).encode(), "p")
    for content in (b"", b"[]", b"3"):
        with pytest.raises(InputError):
            read_plan(content, "p")


def test_a_machine_orders_the_queue_and_cannot_be_counted() -> None:
    plan = draw(documents(30), wish(6))
    findings = [MachineFinding(plan.drawn[4].place, 0.9), MachineFinding("elsewhere", 1.0)]
    ordered = order_queue(plan.drawn, findings)
    assert ordered[0] == plan.drawn[4]
    assert sorted(ordered, key=lambda one: one.place) == sorted(plan.drawn, key=lambda one: one.place)
    assert "ReviewerDecision" in str(get_type_hints(count)["decisions"])
    assert not issubclass(MachineFinding, ReviewerDecision)
    for nobody in ("", "system", "detector:x", "staff:", "staff:王"):
        with pytest.raises(InputError, match="staff:<id>"):
            ReviewerDecision("a:1", Verdict.LAWFUL, nobody)


def test_decisions_outside_the_sample_or_twice_are_refused() -> None:
    plan = draw(documents(3), wish(2))
    one = ReviewerDecision(plan.drawn[0].place, Verdict.LAWFUL, "staff:1")
    for decisions in ([one, one], [replace(one, place="elsewhere")]):
        with pytest.raises(InputError):
            count(plan, decisions)
