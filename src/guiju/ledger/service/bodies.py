"""Opens bodies, holds each against its commitment, and tells an erased body from a lost one."""

from collections.abc import Sequence

import orjson

from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import StorageError
from guiju.ledger.keyring import Keyring, PersonKey
from guiju.ledger.merkle import TreeHash
from guiju.ledger.models import ERASED, Erased
from guiju.ledger.repository import BodyRow, EntryRow, LedgerRepository
from guiju.ledger.service.findings import Findings

_CACHED_KEYS = 20_000


class BodyOpener:
    """Opens the bodies of a log with the keys of the people they are about."""

    def __init__(self, repository: LedgerRepository, keyring: Keyring) -> None:
        """Take keys from `repository`, open them with `keyring`."""
        self._repository = repository
        self._keyring = keyring
        self._keys: dict[str, PersonKey | None] = {}

    def load(self, bodies: Sequence[BodyRow]) -> None:
        """Get ready the keys for these bodies, in one query."""
        if len(self._keys) > _CACHED_KEYS:
            self._keys.clear()
        wanted = {row.person for row in bodies if row.content is not None} - self._keys.keys()
        if not wanted:
            return
        self._keys.update(dict.fromkeys(wanted))
        for row in self._repository.persons(sorted(wanted)):
            try:
                self._keys[row.id] = self._keyring.opened(row.wrapped_key, row.id)
            except StorageError:
                continue  # stays None: the body is reported as one that cannot be opened

    def open(self, body: BodyRow, entry_id: str) -> tuple[bytes, bytes] | None:
        """Return (salt, canonical body), or None where it cannot be opened; `load` was called for it."""
        key = self._keys.get(body.person)
        return key.open(body.content, entry_id) if key is not None and body.content is not None else None


class BodyReader:
    """Reads the bodies of entries, many in as many queries as one."""

    def __init__(self, repository: LedgerRepository, keyring: Keyring, tree_hash: TreeHash) -> None:
        """Read from `repository`, open with `keyring`, hold against commitments made with `tree_hash`."""
        self._repository = repository
        self._keyring = keyring
        self._hash = tree_hash

    def stretch(self, rows: Sequence[EntryRow]) -> dict[str, JsonObject | Erased | None]:
        """Return the bodies of entries that stand together, by id; None: it should be readable and is not."""
        if not rows:
            return {}
        bodies = {body.seq: body for body in self._repository.bodies(rows[0].seq, rows[-1].seq + 1)}
        opener = BodyOpener(self._repository, self._keyring)  # keys are not kept: an erasure must hold at once
        opener.load(list(bodies.values()))
        return {row.id: self._body(row, bodies.get(row.seq), opener) for row in rows}

    def _body(self, row: EntryRow, body: BodyRow | None, opener: BodyOpener) -> JsonObject | Erased | None:
        if body is None:
            return None
        if body.erased_by is not None:
            return Erased(row.id, body.erased_by)
        plain = opener.open(body, row.id)
        if plain is None or self._hash.digest(plain[0] + plain[1]) != row.commitment:
            return None
        return read_body(plain)


class BodyCheck:
    """Goes through the bodies of a log beside its entries."""

    def __init__(self, opener: BodyOpener, tree_hash: TreeHash) -> None:
        """Open with `opener`, commit with `tree_hash`."""
        self._opener = opener
        self._hash = tree_hash
        self._erased: dict[int, int] = {}
        self._recorded: dict[int, int] = {}

    def check(self, rows: Sequence[EntryRow], bodies: Sequence[BodyRow], findings: Findings) -> None:
        """Check the bodies of `rows`."""
        found = {row.seq: row for row in bodies}
        self._opener.load(bodies)
        digest, opened = self._hash.digest, self._opener.open
        for row in rows:
            body = found.get(row.seq)
            if body is None or body.content is None:
                self._check_missing(row, body, findings)
                continue
            plain = opened(body, row.id)
            if plain is None or digest(plain[0] + plain[1]) != row.commitment:
                zh, en = (
                    ("打不开", "does not open") if plain is None else ("与承诺不符", "does not match its commitment")
                )
                findings.broken(
                    f"条目 {row.seq}（{row.id}）的正文{zh}：正文或密钥被改动",
                    f"the body of entry {row.seq} ({row.id}) {en}: it or its key was altered",
                )
            elif row.action == ERASED:
                self._recorded[row.seq] = int(orjson.loads(plain[1]).get("bodies", 0))

    def finish(self, findings: Findings) -> None:
        """Hold the erased bodies against the entries that record erasures."""
        for seq in sorted(self._erased.keys() | self._recorded.keys()):
            is_said, was_done = self._recorded.get(seq, 0), self._erased.get(seq, 0)
            if is_said != was_done:
                findings.broken(
                    f"条目 {seq} 记录删除了 {is_said} 份正文，实际标为由它删除的有 {was_done} 份",
                    f"entry {seq} records {is_said} erased bodies, {was_done} are marked as erased by it",
                )

    def _check_missing(self, row: EntryRow, body: BodyRow | None, findings: Findings) -> None:
        if body is not None and body.erased_by is not None:
            self._erased[body.erased_by] = self._erased.get(body.erased_by, 0) + 1
            return
        findings.broken(
            f"条目 {row.seq}（{row.id}）的正文不见了，没有删除记录",
            f"the body of entry {row.seq} ({row.id}) is gone and no erasure is recorded",
        )


def read_body(plain: tuple[bytes, bytes]) -> JsonObject:
    """Read an opened body."""
    body: JsonObject = orjson.loads(plain[1])
    return body
