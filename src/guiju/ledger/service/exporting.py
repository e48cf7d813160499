"""Writes a bundle: a deterministic ZIP that an inspector verifies without us, and that says what is not in it."""

import hashlib
import itertools
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from guiju.kit.canonical_json import JsonObject, canonical_bytes
from guiju.kit.clock import Clock
from guiju.kit.errors import StorageError
from guiju.ledger import verify
from guiju.ledger.heads import instant
from guiju.ledger.merkle import Prover, TreeHash
from guiju.ledger.models import AnchorReceipt, Bundle, EntryQuery, Omission, Progress, SignedCheckpoint
from guiju.ledger.repository import EntryRow, LedgerRepository
from guiju.ledger.service.bodies import BodyOpener
from guiju.ledger.service.checkpoints import CheckpointBook
from guiju.ledger.service.rows import bytes_of, provisions_from

_CHUNK = 4096
_CHECKPOINTS = 1000
_ANCHORS = 200
_README = """证据包 / evidence bundle

核对 / verify:   python verify.py 本文件.zip
verify.py 只用 Python 标准库。请使用另行取得的 verify.py 和账本公钥（--key），不要只信包内自带的。
verify.py needs nothing but Python. Use a copy of it, and a public key of the log (--key), that you got elsewhere.

manifest.json      各文件的 SHA-256、条数、未收入的内容及原因 / hashes, counts, what was left out and why
heads.jsonl        条目头部，每行即叶子的原文 / entry heads; each line is the very content of its leaf
bodies.jsonl       披露的正文及其盐 / disclosed bodies with their salts
checkpoints.jsonl  签名检查点 / signed checkpoints (C2SP tlog-checkpoint)
subtrees.txt       每 256 条的子树根（整本）/ the root of every 256 entries (whole logs)
inclusion.jsonl, consistency.jsonl  证明（选编）/ proofs (selections)
anchors/           外部时间戳及其检查点 / time-stamp responses (RFC 3161) and what they stamp: openssl ts -verify
"""


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a bundle's content comes from."""

    repository: LedgerRepository
    book: CheckpointBook
    opener: BodyOpener
    prover: Prover
    tree_hash: TreeHash
    clock: Clock
    progress: Progress


class BundleWriter:
    """Writes one bundle of the log up to one checkpoint."""

    def __init__(self, shelf: Shelf, checkpoint: SignedCheckpoint, query: EntryQuery | None, *, disclose: bool) -> None:
        """Take everything (`query` is None) or what `query` finds; with the bodies when `disclose` says so."""
        self._shelf = shelf
        self._checkpoint = checkpoint
        self._query = query
        self._disclose = disclose
        self._files: JsonObject = {}
        self._omitted: dict[tuple[str, str], int] = {}
        self._counts = {"heads": 0, "bodies": 0}
        sets = shelf.repository.provision_sets()
        self._provisions = {number: provisions_from(text) for number, text in sets.items()}
        self._selected = self._select()
        self._done = 0

    def write(self, path: Path) -> Bundle:
        """Write the bundle to `path`, whole or not at all.

        Raises:
            StorageError: the file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
            try:
                with os.fdopen(handle, "w+b") as file:
                    self._fill(file.name if isinstance(file.name, str) else name)
                    os.fsync(file.fileno())
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StorageError(
                f"证据包写不出：{error.strerror}。请检查磁盘空间和权限。",
                f"The bundle cannot be written: {error.strerror}. Check disk space and permissions.",
                where=str(path),
            ) from error
        with path.open("rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
        head = self._checkpoint
        counts = self._counts
        return Bundle(
            path, digest, head.origin, head.size, head.root, counts["heads"], counts["bodies"], self._omissions()
        )

    def _select(self) -> list[EntryRow] | None:
        if self._query is None:
            return None
        found = [row for row in self._shelf.repository.find(self._query) if row.seq < self._checkpoint.size]
        found.reverse()
        self._omit("entries", "not selected / 未选中", self._checkpoint.size - len(found))
        return found

    def _fill(self, name: str) -> None:
        with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
            self._put(archive, "README.txt", [_README.encode()])
            self._put(archive, "verify.py", [Path(verify.__file__).read_bytes()])
            self._put(archive, "heads.jsonl", self._heads())
            self._put(archive, "bodies.jsonl", self._bodies())
            checkpoints = self._checkpoints()
            if self._selected is None:
                self._put(archive, "subtrees.txt", self._subtrees())
            else:
                self._put(archive, "inclusion.jsonl", self._inclusion(self._selected))
                self._put(archive, "consistency.jsonl", self._consistency(checkpoints))
            self._put(archive, "checkpoints.jsonl", (canonical_bytes(self._kept(one)) + b"\n" for one in checkpoints))
            anchors = self._anchors(archive)
            self._files_done(archive, anchors)

    def _put(self, archive: zipfile.ZipFile, name: str, parts: Iterable[bytes]) -> None:
        digest, size = hashlib.sha256(), 0
        with archive.open(_entry(name), "w", force_zip64=True) as file:
            for part in parts:
                file.write(part)
                digest.update(part)
                size += len(part)
        self._files[name] = {"sha256": digest.hexdigest(), "bytes": size}

    def _files_done(self, archive: zipfile.ZipFile, anchors: list[JsonObject]) -> None:
        manifest: JsonObject = {
            "v": 1,
            "format": "guiju-bundle",
            "origin": self._checkpoint.origin,
            "hash": self._shelf.tree_hash.name,
            "kind": "whole" if self._selected is None else "selection",
            "size": self._checkpoint.size,
            "root": self._checkpoint.root,
            "created_at": instant(self._shelf.clock.now()),
            "query": _asked(self._query),
            "counts": {**self._counts},
            "omissions": [asdict(one) for one in self._omissions()],
            "verifier_keys": self._shelf.book.verifier_keys,
            "anchors": [*anchors],
            "files": self._files,
        }
        with archive.open(_entry("manifest.json"), "w") as file:
            file.write(canonical_bytes(manifest) + b"\n")

    def _rows(self) -> Iterator[list[EntryRow]]:
        size = self._checkpoint.size if self._selected is None else len(self._selected)
        for start in range(0, size, _CHUNK):
            end = min(start + _CHUNK, size)
            yield self._shelf.repository.entries(start, end) if self._selected is None else self._selected[start:end]
            self._done += end - start
            self._shelf.progress(self._done, 2 * size if self._disclose else size)

    def _heads(self) -> Iterator[bytes]:
        for rows in self._rows():
            self._counts["heads"] += len(rows)
            yield b"".join(bytes_of(row, self._provisions.get(row.provision_set, ())) + b"\n" for row in rows)

    def _bodies(self) -> Iterator[bytes]:
        if not self._disclose:
            self._omit("bodies", "not disclosed / 未披露", self._counts["heads"])
            return
        repository, opener = self._shelf.repository, self._shelf.opener
        for rows in self._rows():
            found = repository.bodies(rows[0].seq, rows[-1].seq + 1) if rows else []
            opener.load(found)
            bodies = {body.seq: body for body in found}
            for row in rows:
                body = bodies.get(row.seq)
                plain = opener.open(body, row.id) if body is not None else None
                if plain is None:
                    is_erased = body is not None and body.erased_by is not None
                    self._omit("bodies", "person erased / 人员已删除" if is_erased else "unreadable / 读不出", 1)
                    continue
                self._counts["bodies"] += 1
                yield b'{"body":%b,"salt":"%b","seq":%d}\n' % (plain[1], plain[0].hex().encode(), row.seq)

    def _subtrees(self) -> Iterator[bytes]:
        blocks = self._checkpoint.size // 256
        for start in range(0, blocks, _CHUNK):
            found = self._shelf.repository.subtrees(1, start, min(_CHUNK, blocks - start))
            yield b"".join(one.hex().encode() + b"\n" for one in found)

    def _inclusion(self, rows: list[EntryRow]) -> Iterator[bytes]:
        for row in rows:
            path = tuple(step.hex() for step in self._shelf.prover.inclusion(row.seq, self._checkpoint.size))
            yield canonical_bytes({"seq": row.seq, "path": path}) + b"\n"

    def _consistency(self, checkpoints: list[SignedCheckpoint]) -> Iterator[bytes]:
        for old, new in itertools.pairwise(checkpoints):
            path = tuple(step.hex() for step in self._shelf.prover.consistency(old.size, new.size))
            yield canonical_bytes({"old": old.size, "new": new.size, "path": path}) + b"\n"

    def _checkpoints(self) -> list[SignedCheckpoint]:
        """Return the newest checkpoints up to the bundle's own, oldest first."""
        kept = self._shelf.repository.kept
        found = kept.newest_checkpoints(_CHECKPOINTS, below=self._checkpoint.size + 1)
        if found:
            left_out = sum(1 for _ in kept.newest_checkpoints(_CHECKPOINTS, below=found[-1].size))
            self._omit("checkpoints", f"only the newest {_CHECKPOINTS} are in / 只收最新的", left_out)
        return found[::-1]

    def _kept(self, checkpoint: SignedCheckpoint) -> JsonObject:
        """Write a checkpoint with the cosignatures that witnesses gave for it."""
        anchors = self._shelf.repository.kept.anchors(limit=16, size=checkpoint.size)
        lines = dict.fromkeys(one.content.decode() for one in anchors if one.kind == "witness")
        return {"note": checkpoint.note + "".join(lines), "signed_at": instant(checkpoint.signed_at)}

    def _anchors(self, archive: zipfile.ZipFile) -> list[JsonObject]:
        written: list[JsonObject] = []
        for one in self._time_stamps():
            name = f"anchors/{one.size}-{len(written)}"
            self._put(archive, f"{name}.tsr", [one.content])
            stamped = self._shelf.repository.kept.newest_checkpoints(1, below=one.size + 1)
            self._put(archive, f"{name}.note", [checkpoint.note.encode() for checkpoint in stamped])
            facts: JsonObject = {"kind": one.kind, "name": one.name, "size": one.size}
            written.append({"file": f"{name}.tsr", "anchored_at": instant(one.anchored_at), **facts})
        return written

    def _time_stamps(self) -> list[AnchorReceipt]:
        found = self._shelf.repository.kept.anchors(limit=_ANCHORS)
        return [one for one in found if one.kind == "rfc3161" and one.size <= self._checkpoint.size]

    def _omit(self, what: str, reason: str, count: int) -> None:
        if count:
            self._omitted[what, reason] = self._omitted.get((what, reason), 0) + count

    def _omissions(self) -> tuple[Omission, ...]:
        return tuple(Omission(what, count, reason) for (what, reason), count in self._omitted.items())


def _entry(name: str) -> zipfile.ZipInfo:
    """Return a ZIP entry that says nothing about when and where it was written."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def _asked(query: EntryQuery | None) -> JsonObject:
    if query is None:
        return {}
    return {
        "actions": query.actions,
        "provisions": query.provisions,
        "actor": query.actor,
        "subject": query.subject,
        "since": instant(query.since) if query.since else "",
        "until": instant(query.until) if query.until else "",
        "limit": query.limit,
    }
