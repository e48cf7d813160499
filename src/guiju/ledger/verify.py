"""Verifies an evidence bundle (证据包): python verify.py BUNDLE [--key VKEY] [--witness VKEY] [--json].

One file, on Python's standard library alone; signatures are checked too where the package `cryptography` is installed.
It shares no code with the program that wrote the bundle. Three questions get three answers: integrity (was anything
rewritten), completeness (is anything missing), freshness (how old is it, and who says so).
"""

from __future__ import annotations

import argparse
import base64
import functools
import hashlib
import json
import sys
import time
import zipfile
import zlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None  # type: ignore[assignment, misc]

HOLDS, BROKEN, UNKNOWN = "holds", "broken", "unknown"
WORDS = {HOLDS: "成立 holds", BROKEN: "破坏 BROKEN", UNKNOWN: "不明 unknown"}
TITLES = {"integrity": "完整性 integrity", "completeness": "齐全性 completeness", "freshness": "时效性 freshness"}
MAX_BYTES, MOST = 64 * 1024 * 1024, 50  # of a line or the manifest; of findings on one question
MORE_ERRORS = (OSError, EOFError, RecursionError, OverflowError, NotImplementedError, RuntimeError, zlib.error)

Row = dict[str, Any]


class UnusableError(Exception):
    """The file is no bundle, or this machine cannot read it."""


class Report:
    """The three answers while they are being found."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self.words = dict.fromkeys(TITLES, HOLDS)
        self.findings: dict[str, list[str]] = {name: [] for name in TITLES}

    def add(self, name: str, word: str, *text: str) -> None:
        """Note a finding about question `name`; broken outweighs unknown, and unknown outweighs holds."""
        if word == BROKEN or (word == UNKNOWN and self.words[name] == HOLDS):
            self.words[name] = word
        if len(self.findings[name]) <= MOST:
            self.findings[name].append(" / ".join(text) if len(self.findings[name]) < MOST else "… 从略 / and more")

    def bad(self, zh: str, en: str) -> None:
        """Note that something was rewritten, or does not fit together."""
        self.add("integrity", BROKEN, zh, en)


class _Tree:
    """RFC 6962: leaves behind 0x00, nodes behind 0x01, and the right edge of a growing tree."""

    def __init__(self, hash_name: str) -> None:
        if hash_name not in {"sha256", "sm3"} or hash_name not in hashlib.algorithms_available:
            raise UnusableError(f"本机 Python 没有哈希 {hash_name} / this Python does not offer the hash {hash_name}")
        self.new = hashlib.sha256 if hash_name == "sha256" else functools.partial(hashlib.new, hash_name)
        self.edge: list[bytes] = []
        self.size = 0

    def digest(self, content: bytes) -> bytes:
        return self.new(content).digest()

    def leaf(self, content: bytes) -> bytes:
        return self.digest(b"\x00" + content)

    def node(self, left: bytes, right: bytes) -> bytes:
        return self.digest(b"\x01" + left + right)

    def push(self, leaf: bytes) -> bytes | None:
        """Add a leaf; return the root of the 256 leaves that it completes, or None."""
        size, height, block = self.size, 0, None
        while size & 1:
            leaf = self.node(self.edge.pop(), leaf)
            size >>= 1
            height += 1
            if height == 8:  # noqa: PLR2004 - 2^8 leaves
                block = leaf
        self.edge.append(leaf)
        self.size += 1
        return block

    def root(self) -> bytes:
        if not self.edge:
            return self.digest(b"")
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = self.node(left, root)
        return root

    def root_of_path(self, leaf: bytes, index: int, size: int, *, path: list[bytes]) -> bytes | None:
        """Return the root that an inclusion proof leads to, walking down from the top as RFC 6962 §2.1.1 defines it."""
        turns = []
        start, end = 0, size
        while end - start > 1:
            middle = start + (1 << ((end - start - 1).bit_length() - 1))
            turns.append(index >= middle)
            start, end = (middle, end) if index >= middle else (start, middle)
        if len(turns) != len(path) or not 0 <= index < size:
            return None
        for is_right, step in zip(reversed(turns), path):  # noqa: B905 - the lengths were compared above
            leaf = self.node(step, leaf) if is_right else self.node(leaf, step)
        return leaf

    def roots_of_proof(self, old: int, new: int, old_root: bytes, *, path: list[bytes]) -> tuple[bytes, bytes] | None:
        """Return both roots that a consistency proof leads to, walking down as RFC 6962 §2.1.2 defines it."""
        if old in {0, new}:
            return None
        turns = []
        start, end = 0, new
        while old != end:
            middle = start + (1 << ((end - start - 1).bit_length() - 1))
            turns.append(old > middle)
            start, end = (middle, end) if old > middle else (start, middle)
        steps = list(path)
        first = old_root if start == 0 else (steps.pop(0) if steps else None)
        if first is None or len(steps) != len(turns):
            return None
        older = newer = first
        for is_right, step in zip(reversed(turns), steps):  # noqa: B905 - the lengths were compared above
            newer = self.node(step, newer) if is_right else self.node(newer, step)
            older = self.node(step, older) if is_right else older
        return older, newer


class _Checkpoint:
    """A C2SP checkpoint: three lines, a blank line, signature lines."""

    def __init__(self, note: str) -> None:
        self.text, _, rest = note.rpartition("\n\n")
        self.text += "\n"
        self.origin, size, root = self.text.split("\n")[:3]
        self.size = int(size)
        self.root = base64.b64decode(root, validate=True)
        self.lines = [line[2:].split(" ") for line in rest.split("\n") if line.startswith("— ")]

    def signed(self, vkey: str) -> tuple[bool, int] | None:
        """Return whether the signature of `vkey` verifies and, of a witness, its time; None where there is none."""
        name, key_id, encoded = vkey.split("+", 2)
        key = base64.b64decode(encoded)
        for own, signature in (line for line in self.lines if len(line) == 2):  # noqa: PLR2004 - name and signature
            raw = base64.b64decode(signature)
            if own != name or raw[:4].hex() != key_id:
                continue
            is_witness, raw = key[0] == 4, raw[4:]  # noqa: PLR2004 - C2SP cosignature/v1
            at = int.from_bytes(raw[:8], "big") if is_witness else 0
            message = (f"cosignature/v1\ntime {at}\n" if is_witness else "") + self.text
            try:
                Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[8:] if is_witness else raw, message.encode())
            except (InvalidSignature, ValueError):
                return False, at
            return True, at
        return None


class _Bundle:
    """The ZIP file: its manifest, its lines, and the hash of every file that was read to its end."""

    def __init__(self, path: str) -> None:
        try:
            self.zip = zipfile.ZipFile(path)
            with self.zip.open("manifest.json") as file:
                self.manifest: Row = json.loads(file.read(MAX_BYTES))
            self.files: dict[str, Row] = self.manifest["files"]
        except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile, RecursionError) as error:
            raise UnusableError(f"不是证据包 / no evidence bundle: {error!r}") from error

    def lines(self, name: str) -> Iterator[bytes]:
        """Go through the lines of a file, without their newline; none where the file is not in the bundle."""
        if name in self.files and name in self.zip.namelist():
            with self.zip.open(name) as file:
                while line := file.readline(MAX_BYTES):
                    yield line[:-1] if line.endswith(b"\n") else line

    def rows(self, name: str) -> Iterator[Row]:
        for line in self.lines(name):
            yield json.loads(line)

    def check_files(self, report: Report) -> None:
        names = self.zip.namelist()
        for name in sorted(set(names) ^ {*self.files, "manifest.json"}):
            report.bad(f"文件 {name} 缺失或不在清单中", f"file {name} is missing or not in the manifest")
        for name in sorted({name for name in names if names.count(name) > 1}):
            report.bad(f"文件 {name} 出现多次", f"file {name} stands there more than once")
        for name in sorted(set(names) & set(self.files)):
            digest = hashlib.sha256()
            with self.zip.open(name) as file:
                while block := file.read(1 << 20):
                    digest.update(block)
            if digest.hexdigest() != self.files[name]["sha256"]:
                report.bad(f"文件 {name} 与清单的哈希不符", f"file {name} does not match its hash in the manifest")


class _Verifier:
    """Goes through one bundle."""

    def __init__(self, bundle: _Bundle, options: argparse.Namespace) -> None:
        self.bundle = bundle
        self.options = options
        self.report = Report()
        self.tree = _Tree(str(bundle.manifest["hash"]))
        self.is_whole = bundle.manifest["kind"] == "whole"
        self.sources: dict[str, list[int]] = {}
        self.newest, self.last, self.every, self.outside = "", ("", ""), 0, 0

    def run(self) -> Report:
        """Check files, checkpoints, heads, bodies, proofs; then say how old it all is."""
        self.bundle.check_files(self.report)
        checkpoints = [_Checkpoint(row["note"]) for row in self.bundle.rows("checkpoints.jsonl")]
        checkpoints.sort(key=lambda one: one.size)
        if not checkpoints:
            self.report.add("integrity", UNKNOWN, "没有检查点，无从核对", "there is no checkpoint to verify against")
            return self.report
        self._signatures(checkpoints)
        count = self._heads({one.size: one.root for one in checkpoints}, checkpoints[-1])
        self._consistency(checkpoints)
        self._completeness(count, checkpoints[-1])
        self._freshness()
        return self.report

    def _signatures(self, checkpoints: list[_Checkpoint]) -> None:
        add, bad = self.report.add, self.report.bad
        if Ed25519PublicKey is None:
            add("integrity", UNKNOWN, "没有 cryptography，签名未核对", "signature not checked: install cryptography")
            return
        keys = self.options.key or self.bundle.manifest["verifier_keys"]
        if not self.options.key:
            own = ", ".join(keys)
            add("integrity", HOLDS, "用的是包内自带的公钥，请另行核对", f"check this key by another way: {own}")
        for one in checkpoints:
            results = [is_good for is_good, _ in filter(None, map(one.signed, keys))]
            if one.origin != self.bundle.manifest["origin"]:
                bad(f"检查点 {one.size} 属于另一账本", f"checkpoint {one.size} is of another log: {one.origin}")
            if not results or not all(results):
                bad(f"检查点 {one.size} 的签名无效", f"the signature of checkpoint {one.size} does not verify")
            for is_good, at in filter(None, map(one.signed, self.options.witness)):
                if not is_good:
                    bad(f"检查点 {one.size} 的联署无效", f"a cosignature of checkpoint {one.size} does not verify")
                self.outside = max(self.outside, at if is_good else 0)

    def _heads(self, marks: dict[int, bytes], newest: _Checkpoint) -> int:
        """Hash every head; rebuild the tree of a whole log, or follow each entry's inclusion proof."""
        bodies, proofs = self.bundle.rows("bodies.jsonl"), self.bundle.rows("inclusion.jsonl")
        blocks = self.bundle.lines("subtrees.txt")
        body = next(bodies, None)
        count = 0
        for line in self.bundle.lines("heads.jsonl"):
            head = json.loads(line)
            leaf = self.tree.leaf(line)
            if self.is_whole:
                self._place(head, leaf, marks, blocks=blocks)
            else:
                self._proven(head, leaf, newest, proof=next(proofs, {"seq": None, "path": []}))
            while body is not None and body["seq"] <= head["seq"]:
                self._body(body, head)
                body = next(bodies, None)
            self._timed(head)
            count += 1
        if body is not None:
            self.report.bad(f"正文 {body['seq']} 没有对应的条目", f"body {body['seq']} has no entry in this bundle")
        return count

    def _place(self, head: Row, leaf: bytes, marks: dict[int, bytes], *, blocks: Iterator[bytes]) -> None:
        at, bad = self.tree.size, self.report.bad
        if head["seq"] != at:
            bad(f"第 {at} 位上是条目 {head['seq']}", f"in place {at} stands entry {head['seq']}: moved or removed")
        block = self.tree.push(leaf)
        if block is not None and block.hex().encode() != next(blocks, b""):
            bad(f"条目 {at - 255} 到 {at} 中有改动", f"one of entries {at - 255} to {at} was altered or moved")
        if marks.get(at + 1) not in {None, self.tree.root() if at + 1 in marks else None}:
            bad(f"前 {at + 1} 条与检查点不符", f"the first {at + 1} entries are not what their checkpoint signed")

    def _proven(self, head: Row, leaf: bytes, newest: _Checkpoint, *, proof: Row) -> None:
        seq, path = head["seq"], [bytes.fromhex(step) for step in proof["path"]]
        if proof["seq"] != seq or self.tree.root_of_path(leaf, seq, newest.size, path=path) != newest.root:
            self.report.bad(f"条目 {seq} 的包含证明不成立", f"the inclusion proof of entry {seq} does not hold")

    def _body(self, body: Row, head: Row) -> None:
        seq = body["seq"]
        if seq != head["seq"]:
            self.report.bad(f"正文 {seq} 没有对应的条目", f"body {seq} has no entry in this bundle")
            return
        text = json.dumps(body["body"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if self.tree.digest(bytes.fromhex(body["salt"]) + text.encode()).hex() != head["commitment"]:
            self.report.bad(f"条目 {seq} 的正文与承诺不符", f"the body of entry {seq} does not match its commitment")

    def _consistency(self, checkpoints: list[_Checkpoint]) -> None:
        proofs = {(row["old"], row["new"]): row["path"] for row in self.bundle.rows("consistency.jsonl")}
        for old, new in zip(checkpoints, checkpoints[1:]):  # noqa: B905, RUF007 - for older Pythons
            path = [bytes.fromhex(step) for step in proofs.get((old.size, new.size), [])]
            if old.size in {0, new.size}:
                is_proven = old.root == (new.root if old.size else self.tree.digest(b""))
            else:
                roots = self.tree.roots_of_proof(old.size, new.size, old.root, path=path)
                is_proven = self.is_whole or roots == (old.root, new.root)
            if not is_proven:
                self.report.bad(f"检查点 {new.size} 不延续 {old.size}", f"{new.size} does not continue {old.size}")

    def _timed(self, head: Row) -> None:
        action, at = head["action"], head["received_at"]
        is_watched = self.is_whole and self.every and self.last[0] != "ledger.stopped"
        if is_watched and (_instant(at) - _instant(self.last[1])).total_seconds() > 3 * self.every:
            zh, en = f"{self.last[1]} 后既无记录也无心跳", f"no entry and no heartbeat after {self.last[1]}"
            self.report.add("completeness", UNKNOWN, zh, en)
        if action in {"ledger.started", "ledger.heartbeat"}:
            every = head["subject"].rpartition(":")[2]
            self.every = int(every) if every.isdigit() else 0
        self.last, self.newest = (action, at), max(self.newest, at)
        if head["source"]:
            self.sources.setdefault(head["source"], []).append(head["source_seq"])

    def _completeness(self, count: int, newest: _Checkpoint) -> None:
        add, size = self.report.add, newest.size
        if not self.is_whole:
            add("completeness", UNKNOWN, f"选出 {count} 条，共 {size} 条", f"a selection: {count} of {size} entries")
        elif count < size:
            zh, en = f"末尾缺条目 {count} 到 {size - 1}", f"the tail is cut: entries {count} to {size - 1} are missing"
            self.report.bad(zh, en)
            add("completeness", BROKEN, zh, en)
        elif count > size:
            add("integrity", UNKNOWN, f"条目 {size} 起未签名", f"entries from {size} on are not signed")
        for source, numbers in sorted(self.sources.items()) if self.is_whole else ():
            present = set(numbers)
            missing, repeated = max(numbers) - len(present), len(numbers) - len(present)
            if missing or repeated:
                first = next((n for n in range(1, max(numbers) + 1) if n not in present), None)
                en = f"source {source} lacks {missing} numbers, first {first}, and repeats {repeated}"
                add("completeness", BROKEN, f"来源 {source} 缺 {missing} 个编号，首个 {first}", en)
        for one in self.bundle.manifest["omissions"]:
            add("completeness", HOLDS, f"未收入 {one['what']} {one['count']}", f"left out: {one['reason']}")

    def _freshness(self) -> None:
        add, outside = self.report.add, self.outside
        at = outside or (_instant(self.newest).timestamp() if self.newest else 0)
        when = datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="seconds")  # noqa: UP017 - for older Pythons
        if time.time() - at > 3600 * self.options.max_age_hours:
            add("freshness", BROKEN, f"最新时间是 {when}，已过时", f"the newest time is {when}, which is too old")
        elif outside:
            add("freshness", HOLDS, f"见证者证明的时间 {when}", f"a witness attests the time {when}")
        else:
            add("freshness", UNKNOWN, f"{when}，只有运营者的时钟为证", f"{when}, by the operator's own clock only")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162 - for older Pythons


def verify_bundle(path: str, keys: list[str], witnesses: list[str], *, max_age_hours: float = 48.0) -> Report:
    """Verify the bundle at `path`; with no `keys`, with the keys that it brings itself.

    Raises:
        UnusableError: it is no bundle, or what it holds cannot be read.
    """
    options = argparse.Namespace(key=keys, witness=witnesses, max_age_hours=max_age_hours)
    try:
        return _Verifier(_Bundle(path), options).run()
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, zipfile.BadZipFile, *MORE_ERRORS) as error:
        raise UnusableError(f"证据包读不出 / the bundle cannot be read: {error!r}") from error


def main(arguments: list[str] | None = None) -> int:
    """Print the three answers; exit with 0 when nothing is broken, 1 when something is, 2 when it could not be told."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("bundle")
    parser.add_argument("--key", action="append", default=[], help="the log's public key, got elsewhere")
    parser.add_argument("--witness", action="append", default=[], help="a witness's public key")
    parser.add_argument("--max-age-hours", type=float, default=48.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        report = verify_bundle(options.bundle, options.key, options.witness, max_age_hours=options.max_age_hours)
    except UnusableError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if options.json:
        found = {name: {"word": report.words[name], "findings": report.findings[name]} for name in TITLES}
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    else:
        for name, title in TITLES.items():
            lines = "".join(f"  - {text}\n" for text in report.findings[name])
            sys.stdout.write(f"{title}: {WORDS[report.words[name]]}\n{lines}")
    return 1 if BROKEN in report.words.values() else 2 * (report.words["integrity"] == UNKNOWN)


if __name__ == "__main__":
    sys.exit(main())
