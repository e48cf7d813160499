"""Signs the log's root, keeps every checkpoint in two places, anchors it, and holds the log against all of them."""

import logging
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from guiju.kit.canonical_json import canonical_bytes
from guiju.kit.clock import Clock, from_iso
from guiju.kit.errors import StorageError
from guiju.ledger.anchors.interface import Anchor
from guiju.ledger.errors import AnchorError, LedgerBrokenError, NoteError
from guiju.ledger.heads import instant
from guiju.ledger.merkle import Prover
from guiju.ledger.models import AnchorReceipt, ConsistencyProof, SignedCheckpoint
from guiju.ledger.notes import TreeHead, parse_checkpoint
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service.findings import said
from guiju.ledger.signers.interface import Signer

_TAIL_BYTES = 512  # of the file, for each checkpoint that is wanted from its end
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outside:
    """What stands outside the database: the folder of checkpoint files (None for none) and the anchors."""

    folder: Path | None
    anchors: tuple[Anchor, ...]


class CheckpointFile:
    """The append-only file of checkpoints: one JSON object a line, the note in it as it was signed."""

    def __init__(self, folder: Path, origin: str) -> None:
        """Keep the checkpoints of `origin` under `folder`."""
        self.path = folder / (re.sub(r"[^A-Za-z0-9.-]", "_", origin) + ".jsonl")

    def add(self, checkpoint: SignedCheckpoint) -> None:
        """Append a checkpoint durably; a line that a crash left torn is closed first.

        Raises:
            StorageError: the file cannot be written.
        """
        line = canonical_bytes({"signed_at": instant(checkpoint.signed_at), "note": checkpoint.note}) + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                end = os.lseek(handle, 0, os.SEEK_END)
                is_torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
                os.write(handle, b"\n" + line if is_torn else line)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise StorageError(
                f"检查点文件写不进：{error.strerror}。请检查磁盘空间和权限。",
                f"The checkpoint file cannot be written: {error.strerror}. Check disk space and permissions.",
                where=str(self.path),
            ) from error

    def read(self, *, about_last: int | None = None) -> Iterator[SignedCheckpoint]:
        """Go through the checkpoints in the file, oldest first, or `about_last` so many from its end.

        Lines that are no checkpoint are skipped and logged.

        Raises:
            StorageError: the file cannot be read.
        """
        if not self.path.exists():
            return
        try:
            with self.path.open("rb") as file:
                if about_last is not None and self.path.stat().st_size > about_last * _TAIL_BYTES:
                    file.seek(-about_last * _TAIL_BYTES, os.SEEK_END)
                    file.readline()
                for line in file:
                    checkpoint = _from_line(line)
                    if checkpoint is not None:
                        yield checkpoint
        except OSError as error:
            raise StorageError(
                f"检查点文件读不出：{error.strerror}。",
                f"The checkpoint file cannot be read: {error.strerror}.",
                where=str(self.path),
            ) from error


def _from_line(line: bytes) -> SignedCheckpoint | None:
    try:
        kept = orjson.loads(line)
        head, _ = parse_checkpoint(kept["note"])
        return SignedCheckpoint(head.origin, head.size, head.root.hex(), kept["note"], from_iso(kept["signed_at"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, NoteError):
        if line.strip():
            _log.warning("a line of the checkpoint file is no checkpoint")
        return None


class CheckpointBook:
    """The checkpoints of one log."""

    def __init__(  # noqa: PLR0913 - built once, by the ledger
        self,
        repository: LedgerRepository,
        prover: Prover,
        signer: Signer,
        clock: Clock,
        *,
        origin: str,
        outside: Outside,
    ) -> None:
        """Sign the log `origin` of `repository` with `signer`."""
        self._repository = repository
        self._prover = prover
        self._signer = signer
        self._clock = clock
        self._origin = origin
        self._file = CheckpointFile(outside.folder, origin) if outside.folder is not None else None
        self._anchors = outside.anchors
        self._lock = threading.Lock()
        self._refusal: LedgerBrokenError | None = None

    def refuse(self, error: LedgerBrokenError) -> None:
        """Sign nothing any more: the log contradicts what was signed."""
        self._refusal = error

    @property
    def verifier_keys(self) -> tuple[str, ...]:
        """The public keys that verify the checkpoints."""
        return self._signer.verifier_keys

    def sign(self) -> SignedCheckpoint:
        """Sign the log as it stands, unless that is signed already; never anything that contradicts what was signed.

        Raises:
            LedgerBrokenError: the log is not a continuation of the newest checkpoint.
            StorageError: it cannot be kept.
        """
        with self._lock:
            if self._refusal is not None:
                raise self._refusal
            recent = self.recent(2)  # read before the size: another process may sign a larger log in between
            state = self._repository.state(self._origin)
            for newest in recent:
                finding = self.contradiction(newest, state.size)
                if finding is not None:
                    raise broken(finding)
            if recent and recent[0].size == state.size:
                return recent[0]
            if self._prover.root(state.size) != state.root:
                raise broken(said("账本的根与条目的哈希不符", "the log's root is not that of its leaf hashes"))
            head = TreeHead(self._origin, state.size, state.root)
            note = head.text + "\n" + "".join(signature.line for signature in self._signer.sign(head.text))
            checkpoint = SignedCheckpoint(self._origin, state.size, state.root.hex(), note, self._clock.now())
            if self._file is not None:
                self._file.add(checkpoint)
            self._repository.kept.add_checkpoint(checkpoint)
            return checkpoint

    def anchor(self, checkpoint: SignedCheckpoint) -> tuple[AnchorReceipt | AnchorError, ...]:
        """Ask every anchor to anchor `checkpoint`; keep what they give, log who did not."""
        results: list[AnchorReceipt | AnchorError] = []
        for anchor in self._anchors:
            try:
                receipt = anchor.anchor(checkpoint, self.prove_consistency)
            except AnchorError as error:
                _log.warning("a checkpoint was not anchored", extra={"anchor": anchor.name, "reason": error.en})
                results.append(error)
                continue
            if receipt is not None:
                self._repository.kept.add_anchor(receipt)
                results.append(receipt)
        return tuple(results)

    def prove_consistency(self, old: int, new: int) -> ConsistencyProof:
        """Prove that the tree of `old` entries is a prefix of the tree of `new`."""
        path = tuple(step.hex() for step in self._prover.consistency(old, new))
        return ConsistencyProof(old, new, self._prover.root(old).hex(), self._prover.root(new).hex(), path)

    def kept(self) -> Iterator[SignedCheckpoint]:
        """Go through every kept checkpoint: the table's, largest first, then the file's; most stand in both."""
        yield from self._repository.kept.checkpoints_from_newest()
        if self._file is not None:
            yield from self._file.read()

    def recent(self, limit: int) -> list[SignedCheckpoint]:
        """Return the newest checkpoints of the table and of the file, at most `limit` of each."""
        found = self._repository.kept.newest_checkpoints(limit)
        if self._file is not None:
            found.extend(list(self._file.read(about_last=limit))[-limit:])
        return found

    def contradiction(self, checkpoint: SignedCheckpoint, size: int) -> str | None:
        """Say in what the log of `size` entries contradicts `checkpoint`; None where it does not."""
        finding = self.misfit(checkpoint, size)
        if finding is not None:
            return finding
        try:
            root = self._prover.root(checkpoint.size)
        except StorageError as error:
            return said(error.zh, error.en)
        if root.hex() != checkpoint.root:
            return other_root(checkpoint.size)
        return None

    def misfit(self, checkpoint: SignedCheckpoint, size: int) -> str | None:
        """Say what is wrong with a kept checkpoint itself, or that the log is shorter than it says."""
        name = checkpoint.size
        try:
            head, signatures = parse_checkpoint(checkpoint.note)
        except NoteError as error:
            return said(f"检查点 {name}：{error.zh}", f"checkpoint {name}: {error.en}")
        if (head.origin, head.size, head.root.hex()) != (self._origin, checkpoint.size, checkpoint.root):
            return said(f"检查点 {name} 与所存的大小、根或账本名不符", f"checkpoint {name} is not what its row says")
        if not self._signer.has_signed(head.text, signatures):
            return said(f"检查点 {name} 的签名无效", f"the signature of checkpoint {name} does not verify")
        if head.size > size:
            return said(
                f"末尾被截断：检查点 {name} 证明有 {name} 条，账本只有 {size} 条，缺条目 {size} 到 {name - 1}",
                f"the tail was cut: checkpoint {name} attests {name} entries, the log has {size}; "
                f"entries {size} to {name - 1} are missing",
            )
        return None


def other_root(size: int) -> str:
    """Say that the first entries are not those that were signed."""
    return said(
        f"前 {size} 条与检查点 {size} 签名时不同：其中有条目被改动、调换或删除",
        f"the first {size} entries are not those that checkpoint {size} signed: one was altered, moved or removed",
    )


def broken(finding: str) -> LedgerBrokenError:
    """Return the error that stops the log, with what was found."""
    zh, _, en = finding.partition(" / ")
    return LedgerBrokenError(
        f"账本完整性已破坏：{zh}。不再接受条目；请从备份恢复，或保存现状后另立账本。",
        f"The ledger's integrity is broken: {en}. It takes no more entries; restore a backup, or keep it as it is and "
        "begin another log.",
    )
