"""Asks the whole log three questions: was it rewritten, is something missing, is it up to date."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import orjson

from guiju.kit.canonical_json import JsonObject, canonical_text
from guiju.kit.clock import Clock, from_iso
from guiju.kit.errors import StorageError
from guiju.ledger.heads import instant
from guiju.ledger.merkle import LEVEL_BITS, CompactRange, TreeHash
from guiju.ledger.models import (
    HEARTBEAT,
    STARTED,
    STOPPED,
    Progress,
    SignedCheckpoint,
    Verdict,
    VerdictWord,
    Verification,
)
from guiju.ledger.repository import EntryRow, LedgerRepository, LogState
from guiju.ledger.service.bodies import BodyCheck
from guiju.ledger.service.checkpoints import CheckpointBook, other_root
from guiju.ledger.service.findings import Findings, Sources
from guiju.ledger.service.rows import bytes_of, provisions_from

_CHUNK = 4096
_SETTLED = timedelta(seconds=60)
_RECENT = 1000
_BLOCK = 1 << LEVEL_BITS


@dataclass(frozen=True, slots=True)
class Subject:
    """What is verified: the log, its checkpoints, and how often they should be signed."""

    repository: LedgerRepository
    book: CheckpointBook
    tree_hash: TreeHash
    origin: str
    checkpoint_every: timedelta


class LogVerifier:
    """One verification, from the first entry to the size the log had when it began."""

    def __init__(self, subject: Subject, bodies: BodyCheck, clock: Clock) -> None:
        """Verify `subject`; `bodies` opens what it can."""
        self._subject = subject
        self._repository = subject.repository
        self._bodies = bodies
        self._clock = clock
        self._integrity = Findings()
        self._completeness = Findings()
        self._freshness = Findings()
        self._edge = CompactRange(subject.tree_hash)
        self._sources = Sources()
        self._silence = Silence()
        self._has_gap = False
        self._marks: list[tuple[int, str]] = []

    def run(self, *, deep: bool, progress: Progress) -> Verification:
        """Verify; not `deep` looks only at what is stored about the tree and at the newest checkpoints.

        `progress` hears how many entries were gone through, and how many there are.
        """
        book = self._subject.book
        kept = list(book.kept()) if deep else book.recent(_RECENT)
        state = self._repository.state(self._subject.origin)  # read after the checkpoints, which it must cover
        stored = self._repository.stored_size()
        self._check_checkpoints(kept, state, deep=deep)
        if deep:
            self._walk(state, progress)
        else:
            self._completeness.unknown("未逐条核对；请做完整验证", "entries were not gone through; verify in depth")
        if stored < state.size:
            self._integrity.broken(
                f"末尾被截断：账本登记 {state.size} 条，只存有 {stored} 条",
                f"the tail was cut: the log has {state.size} entries, {stored} are stored",
            )
        self._check_freshness(state, max((one.size for one in kept), default=0))
        return Verification(
            self._integrity.verdict(),
            self._completeness.verdict(),
            self._freshness.verdict(),
            state.size,
            state.root.hex(),
            self._clock.now(),
        )

    def _check_checkpoints(self, kept: Sequence[SignedCheckpoint], state: LogState, *, deep: bool) -> None:
        book = self._subject.book
        for checkpoint in {one.note: one for one in kept}.values():
            finding = book.misfit(checkpoint, state.size) if deep else book.contradiction(checkpoint, state.size)
            if finding is None:
                self._marks.append((checkpoint.size, checkpoint.root))
                continue
            self._integrity.broken(*finding.split(" / ", 1))
            if checkpoint.size > state.size:
                self._completeness.broken(*finding.split(" / ", 1))
        heapq.heapify(self._marks)
        if not kept:
            self._completeness.unknown(
                "没有检查点：末尾若被截断无从发现", "there is no checkpoint: a cut tail could not be seen"
            )

    def _walk(self, state: LogState, progress: Progress) -> None:
        provisions = {number: provisions_from(text) for number, text in self._repository.provision_sets().items()}
        self._pass_marks(0)
        for start in range(0, state.size, _CHUNK):
            end = min(start + _CHUNK, state.size)
            try:
                self._check_chunk(start, end, provisions)
            except (StorageError, TypeError, AttributeError, ValueError) as error:
                self._has_gap = True
                self._integrity.broken(
                    f"条目 {start} 到 {end - 1} 中有读不出的行：{error}",
                    f"among entries {start} to {end - 1} there are rows that cannot be read: {error}",
                )
            progress(end, state.size)
        self._gap_up_to(state.size)
        self._bodies.finish(self._integrity)
        if not self._has_gap and self._edge.root() != state.root:
            self._integrity.broken("账本登记的根与各条目不符", "the root in the log's row is not that of its entries")
        if state.size and not self._has_gap and tuple(self._edge.nodes) != state.frontier:
            self._integrity.broken(
                "账本登记的树边缘与各条目不符", "the right edge in the log's row is not that of its entries"
            )
        settled = instant(self._clock.now() - _SETTLED)
        self._sources.report(self._completeness, settled_before=settled)
        self._silence.report(self._completeness)

    def _check_chunk(self, start: int, end: int, provisions: dict[int, tuple[str, ...]]) -> None:
        rows = self._repository.entries(start, end)
        self._check_heads(rows, provisions)
        self._bodies.check(rows, self._repository.bodies(start, end), self._integrity)
        for row in rows:
            if row.source:
                self._sources.add(row.source, row.source_seq, row.received_at)
            if row.action in {STARTED, STOPPED, HEARTBEAT} or self._silence.is_watching:
                self._silence.add(row)

    def _check_heads(self, rows: Sequence[EntryRow], provisions: dict[int, tuple[str, ...]]) -> None:
        """Hash every head again and compare with the stored leaf; build the tree from the stored leaves.

        So an altered head names itself, and one whose leaf was altered too still changes the root of its block.
        """
        hash_leaf, push = self._subject.tree_hash.leaf, self._edge.push
        next_mark = self._marks[0][0] if self._marks else -1
        stored = self._stored_blocks(rows)
        for row in rows:
            seq, leaf = row.seq, row.leaf
            if seq != self._edge.size:
                self._gap_up_to(seq)
                self._edge = CompactRange(self._subject.tree_hash, seq, tuple([leaf] * seq.bit_count()))
                push = self._edge.push
            if hash_leaf(bytes_of(row, provisions.get(row.provision_set, ()))) != leaf:
                self._integrity.broken(
                    f"条目 {seq}（{row.id}）的头部与其叶哈希不符：被改动或调换",
                    f"entry {seq} ({row.id}) does not match its leaf hash: it was altered or moved",
                )
            closed = push(leaf)
            if len(closed) >= LEVEL_BITS:
                self._check_block(seq, closed, stored)
            if self._edge.size == next_mark:
                next_mark = self._pass_marks(next_mark)

    def _stored_blocks(self, rows: Sequence[EntryRow]) -> dict[int, bytes]:
        if not rows:
            return {}
        first = rows[0].seq // _BLOCK
        found = self._repository.subtrees(1, first, _CHUNK // _BLOCK + 1)
        return dict(enumerate(found, first))

    def _check_block(self, seq: int, closed: Sequence[bytes], stored: dict[int, bytes]) -> None:
        """Compare what entry `seq` completed with what was stored when it was appended."""
        block = seq // _BLOCK
        expected = [stored.get(block)]
        for height in range(2 * LEVEL_BITS, len(closed) + 1, LEVEL_BITS):
            expected.extend(self._repository.subtrees(height // LEVEL_BITS, seq >> height, 1) or [None])
        actual = [closed[height - 1] for height in range(LEVEL_BITS, len(closed) + 1, LEVEL_BITS)]
        if actual != expected and not self._has_gap:
            start = block * _BLOCK
            self._integrity.broken(
                f"条目 {start} 到 {seq} 这一段的子树哈希不符：段内有条目被改动或调换",
                f"the subtree over entries {start} to {seq} is not what was stored: one of them was altered or moved",
            )

    def _pass_marks(self, size: int) -> int:
        """Compare with every checkpoint of this size; return the size of the next, or -1."""
        root = self._edge.root().hex()
        while self._marks and self._marks[0][0] <= size:
            marked, signed = heapq.heappop(self._marks)
            if marked == size and signed != root and not self._has_gap:
                self._integrity.broken(*other_root(size).split(" / ", 1))
        return self._marks[0][0] if self._marks else -1

    def _gap_up_to(self, seq: int) -> None:
        missing = self._edge.size
        if missing < seq:
            self._has_gap = True
            self._integrity.broken(
                f"缺条目 {missing} 到 {seq - 1}；其后的根无法核对",
                f"entries {missing} to {seq - 1} are missing; roots after them cannot be checked",
            )

    def _check_freshness(self, state: LogState, newest_size: int) -> None:
        repository, now = self._repository, self._clock.now()
        if state.size > newest_size:
            waiting = repository.entries(newest_size, newest_size + 1)
            since = from_iso(waiting[0].received_at) if waiting else now
            if now - since > 2 * self._subject.checkpoint_every + _SETTLED:
                self._freshness.broken(
                    f"条目 {newest_size} 自 {instant(since)} 起没有检查点",
                    f"entry {newest_size} has had no checkpoint since {instant(since)}",
                )
        if state.size == 0:
            self._freshness.unknown("账本是空的", "the log is empty")
        last = repository.entries(state.size - 1, state.size) if state.size else []
        if last and from_iso(last[0].received_at) - now > _SETTLED:
            self._freshness.unknown(
                "最新条目的时间在将来：时钟走错过", "the newest entry is in the future: a clock was wrong"
            )
        anchors = repository.kept.anchors(limit=1)
        if anchors:
            newest = anchors[0]
            zh, en = (
                f"{newest.kind} {newest.name}：检查点 {newest.size}",
                f"{newest.kind} {newest.name}: checkpoint {newest.size}",
            )
            self._freshness.note(
                f"外部锚定最新为 {zh}，{instant(newest.anchored_at)}",
                f"newest outside anchor: {en} at {instant(newest.anchored_at)}",
            )
        else:
            self._freshness.note(
                "没有外部锚定：时间与历史只有运营者自己的保证",
                "no anchor outside: for times and history there is only the operator's word",
            )


class Silence:
    """Times in which a running ledger, which says how often it gives a sign of life, gave none."""

    def __init__(self) -> None:
        """Begin before the first start."""
        self.is_watching = False
        self._every = 0
        self._last: tuple[str, str] = (STOPPED, "")
        self._found: list[tuple[str, str]] = []

    def add(self, row: EntryRow) -> None:
        """Take note of an entry."""
        action, at = self._last
        if self._every and action != STOPPED and _seconds(at, row.received_at) > 3 * self._every:
            self._found.append((f"{at} 后既无记录也无心跳", f"no entry and no heartbeat after {at}"))
        if row.action in {STARTED, HEARTBEAT}:
            text = row.subject.rpartition(":")[2]
            self._every = int(text) if text.isdigit() else 0
        self.is_watching = True
        self._last = (row.action, row.received_at)

    def report(self, findings: Findings) -> None:
        """Say where nobody can tell whether nothing happened or nothing was recorded."""
        for zh, en in self._found:
            findings.unknown(zh, en)


def _seconds(start: str, end: str) -> float:
    return (from_iso(end) - from_iso(start)).total_seconds()


def verification_text(verification: Verification) -> str:
    """Write a verification as canonical JSON, to be kept."""
    names = ("integrity", "completeness", "freshness")
    verdicts = {name: getattr(verification, name) for name in names}
    found: JsonObject = {name: [verdict.word.value, *verdict.findings] for name, verdict in verdicts.items()}
    facts: JsonObject = {"size": verification.size, "root": verification.root, "at": instant(verification.verified_at)}
    return canonical_text({**found, **facts})


def verification_of(text: str) -> Verification:
    """Read what `verification_text` wrote."""
    kept = orjson.loads(text)
    integrity, completeness, freshness = (
        Verdict(VerdictWord(kept[name][0]), tuple(kept[name][1:]))
        for name in ("integrity", "completeness", "freshness")
    )
    return Verification(integrity, completeness, freshness, kept["size"], kept["root"], from_iso(kept["at"]))
