"""What looking again costs: taking in what the ledger gained, and previewing a change on recorded traffic.

.venv/bin/python bench/review/run.py [--exchanges 5000]
"""

import argparse
import json
import random
import resource
import tempfile
import time
from pathlib import Path

from guiju.bootstrap import House, build_house
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft
from guiju.moderation.writing import TermEntry
from guiju.review.models import Op, ProposalDraft, TermProposal
from guiju.review.nearest import TermNeighbours
from guiju.settings import Settings

WORDS = [
    "今天",
    "天气",
    "怎么样",
    "请问",
    "帮我",
    "写",
    "一份",
    "总结",
    "关于",
    "学校",
    "食堂",
    "的",
    "意见",
    "我们",
    "小组",
    "打算",
    "周末",
    "去",
    "爬山",
    "需要",
    "准备",
    "什么",
]


def main() -> None:
    """Fill a house, then measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--exchanges", type=int, default=5000)
    count = parser.parse_args().exchanges
    with tempfile.TemporaryDirectory() as folder:
        house = build_house(Settings(var=Path(folder)))
        house.ledger.start()
        fill(house, count)
        report = {"exchanges": count, "terms": len(house.moderation.terms()), **intake(house), **preview(house)}
        report |= neighbours(house)
        house.ledger.stop()
        house.database.close()
    print(json.dumps(report, ensure_ascii=False, indent=2))


def fill(house: House, count: int) -> None:
    """Record exchanges as the gateway does: an opening and a closing each."""
    random.seed(7)
    persons = [house.ledger.person_for(f"user-{number}") for number in range(200)]
    nothing = {"action": "allow", "findings_count": 0}  # as the gateway writes it; deciding is not measured here
    receipts = []
    for _ in range(count):
        exchange, person = new_id(), random.choice(persons)
        text, reply = ("".join(random.choices(WORDS, k=25)) for _ in range(2))
        opening = {"person": person, "input": [{"role": "user", "text": text}], "decision": nothing}
        output = [{"index": 0, "released": {"content": reply}}]
        closing = {"person": person, "output": output, "decision": nothing}
        for action, body, entry in (("exchange.opened", opening, exchange), ("exchange.closed", closing, new_id())):
            draft = Draft(action, "app:1", f"exchange:{exchange}", body, person=person, id=entry)  # type: ignore[arg-type]
            receipts.append(house.ledger.submit(draft))
    for receipt in receipts:
        receipt.result()


def intake(house: House) -> dict[str, float]:
    """Take in everything, as fast as it goes."""
    began, cpu = time.perf_counter(), cpu_seconds()
    texts = 0
    while taken := house.review.intake.take():
        texts += taken
    used = cpu_seconds() - cpu
    return {
        "intake_texts_a_second_wall": round(texts / (time.perf_counter() - began)),
        "intake_ms_cpu_a_text": round(1000 * used / texts, 3),
        "queued": house.review.queue.counts().waiting,
    }


def preview(house: House) -> dict[str, float]:
    """Preview a change of 1,000 terms on the newest recorded texts."""
    terms = tuple(TermProposal(Op.ADD, TermEntry("A.1-f", f"虚构词{number:04d}号", "测量用")) for number in range(1000))
    began = time.perf_counter()
    change = house.review.changes.propose(ProposalDraft("测量", "测量", terms), "bench").change
    proposed = time.perf_counter()
    found = house.review.changes.preview(change.id, "bench")
    return {
        "propose_1000_terms_s": round(proposed - began, 2),
        "preview_texts": found.texts,
        "preview_s": round(time.perf_counter() - proposed, 2),
    }


def neighbours(house: House) -> dict[str, float]:
    """Build the index of near terms, and ask it."""
    began = time.perf_counter()
    near = TermNeighbours(house.moderation.terms())
    built = time.perf_counter()
    for _ in range(200):
        near.nearest("枪支出售")
    return {
        "near_terms_index_s": round(built - began, 3),
        "near_terms_ms": round((time.perf_counter() - built) / 200 * 1000, 2),
    }


def cpu_seconds() -> float:
    """Return the CPU time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
