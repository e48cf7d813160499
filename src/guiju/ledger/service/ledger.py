"""The ledger as every other room sees it."""

import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from guiju.kit.clock import Clock, from_iso
from guiju.kit.errors import ConfigurationError, InputError, StorageError
from guiju.ledger.append import Persons, Sequencer
from guiju.ledger.append.items import WaitingErasure
from guiju.ledger.errors import AnchorError, LedgerBrokenError
from guiju.ledger.heads import check_draft
from guiju.ledger.keyring import Keyring
from guiju.ledger.merkle import Prover, TreeHash
from guiju.ledger.models import (
    ERASED,
    HEARTBEAT,
    STARTED,
    STOPPED,
    AnchorReceipt,
    Bundle,
    ConsistencyProof,
    Draft,
    EntryFacts,
    EntryQuery,
    Erased,
    ErasureReceipt,
    Head,
    InclusionProof,
    Progress,
    Receipt,
    Sift,
    SignedCheckpoint,
    Verification,
    unheard,
)
from guiju.ledger.notes import origin_line
from guiju.ledger.repository import EntryRow, LedgerRepository
from guiju.ledger.service.bodies import BodyCheck, BodyOpener, BodyReader
from guiju.ledger.service.checkpoints import CheckpointBook, Outside, broken
from guiju.ledger.service.exporting import BundleWriter, Shelf
from guiju.ledger.service.options import LedgerOptions
from guiju.ledger.service.rounds import Rounds
from guiju.ledger.service.rows import head_of, provisions_from
from guiju.ledger.service.tree import StoredTree
from guiju.ledger.service.verification import LogVerifier, Subject, verification_of, verification_text
from guiju.ledger.signers.interface import Signer

if TYPE_CHECKING:
    import asyncio

    from guiju.kit.canonical_json import JsonObject

_CHECKED_AT_START = 1000

_log = logging.getLogger(__name__)


class Ledger:
    """An append-only log of evidence: immutable by its tree, erasable by its keys."""

    def __init__(  # noqa: PLR0913 - built once, in bootstrap; each is a choice of its own
        self,
        repository: LedgerRepository,
        keyring: Keyring,
        clock: Clock,
        *,
        origin: str,
        signer: Signer,
        hash_name: str = "sha256",
        checkpoint_every_seconds: float = 60.0,
        options: LedgerOptions | None = None,
    ) -> None:
        """Keep the log `origin`, hashed with `hash_name` for as long as it lives; nothing happens before `start`.

        Raises:
            ConfigurationError: the origin or the hash cannot be used.
        """
        options = options or LedgerOptions()
        self.origin = origin_line(origin, hash_name)
        self._hash = TreeHash(hash_name)
        self._repository = repository
        self._keyring = keyring
        self._clock = clock
        self._every = checkpoint_every_seconds
        self._heartbeat = options.heartbeat_seconds
        self._prover = Prover(self._hash, StoredTree(repository, self._hash).subtree)
        outside = Outside(options.checkpoint_folder, options.anchors)
        self._book = CheckpointBook(repository, self._prover, signer, clock, origin=self.origin, outside=outside)
        self._persons = Persons(repository, keyring)
        self._sequencer = Sequencer(repository.writer(self.origin), self._persons, self._hash, clock)
        self._reader = BodyReader(repository, keyring, self._hash)
        self._broken: LedgerBrokenError | None = None
        self._rounds: Rounds | None = None

    @property
    def broken(self) -> LedgerBrokenError | None:
        """Why nothing may be appended, or None: a kept checkpoint contradicts the log."""
        return self._broken

    @property
    def verifier_keys(self) -> tuple[str, ...]:
        """The public keys that verify the checkpoints, the present one first; inspectors and witnesses need them."""
        return self._book.verifier_keys

    def start(self) -> None:
        """Make the log where there is none, hold it against the kept checkpoints, and begin to take entries.

        A log that contradicts a checkpoint takes none: `broken` says why, and reading still works.

        Raises:
            ConfigurationError: the database holds another log, or one with another hash or master key.
            StorageError: the database or the checkpoint file cannot be read.
        """
        if self._rounds is not None:
            return
        self.prepare()
        self._sequencer.start()
        self._hold_against(self._book.recent(_CHECKED_AT_START))
        if self._heartbeat and self._broken is None:
            self._say(STARTED)
        self._rounds = Rounds(self._book, self._every, on_broken=self._stop_log)
        self._rounds.start(first=lambda: self._hold_against(self._book.kept()), each=self._beat_if_silent)

    def prepare(self) -> None:
        """Make the log where there is none, and make sure it is ours; enough for reading, proving and verifying.

        Raises:
            ConfigurationError: the database holds another log, or one with another hash or master key.
            StorageError: the database cannot be reached.
        """
        check = self._keyring.master.check()
        logs = self._repository.logs()
        if not logs:
            now = self._clock.now()
            self._repository.create_log(self.origin, self._hash.name, check, empty_root=self._hash.empty(), at=now)
            logs = self._repository.logs()
        origin, _, key_check = logs[0]
        if origin != self.origin:
            raise ConfigurationError(
                f"数据库里的账本是 {origin}，不是 {self.origin}；账本的名称和哈希立账后不能改。",
                f"The log in the database is {origin}, not {self.origin}; a log's name and hash never change.",
                where="origin",
            )
        if key_check != check:
            raise ConfigurationError(
                "主密钥不是这本账本的：正文会打不开。请恢复 var/keys 里原来的主密钥文件。",
                "The master key is not this log's, and bodies would not open. Restore the key file in var/keys.",
                where="keys",
            )

    def stop(self) -> None:
        """Write what waits, sign a last checkpoint, and end."""
        if self._rounds is None:
            return
        if self._heartbeat and self._broken is None:
            self._say(STOPPED)
        self._sequencer.stop()
        self._rounds.stop()
        self._rounds = None

    def submit(self, draft: Draft) -> "Future[Receipt]":
        """Hand in `draft`; the future gets its receipt once it is durable, or a StorageError.

        Raises:
            DraftError: the draft cannot be kept as it is.
        """
        return self._sequencer.submit(draft)

    def append(self, draft: Draft) -> Receipt:
        """Keep `draft`; returns once it is durable. The same id again is the same entry.

        Raises:
            DraftError: the draft cannot be kept as it is, or its id belongs to another entry.
            StorageError: it could not be made durable, or the log is broken.
        """
        return self._sequencer.submit(draft).result()

    async def append_async(self, draft: Draft) -> Receipt:
        """Keep `draft`; returns once it is durable. The same id again is the same entry.

        Raises:
            DraftError: the draft cannot be kept as it is, or its id belongs to another entry.
            StorageError: it could not be made durable, or the log is broken.
        """
        return await self._sequencer.submit_async(draft)

    def submit_async(self, draft: Draft, future: "asyncio.Future[Receipt] | None" = None) -> "asyncio.Future[Receipt]":
        """Put `draft` in the log's order now; `future`, or a new one, tells when it is durable; raises DraftError."""
        return self._sequencer.submit_async(draft, future)

    @property
    def waiting(self) -> int:
        """How many entries wait to be written."""
        return self._sequencer.waiting

    def person_for(self, lookup: str) -> str:
        """Return the pseudonym of the person looked up by `lookup`; known people cost no database access.

        Raises:
            StorageError: the database cannot be read.
        """
        return self._persons.person_for(lookup)

    def erase(self, person: str, actor: str, reason: str, *, provisions: tuple[str, ...] = ()) -> ErasureReceipt:
        """Make every body about `person` unreadable for ever, and record that it was done, by whom and why.

        Raises:
            NotFoundError: nothing is kept about that person.
            RefusedError: `person` is nobody.
            InputError: there is no reason, or no actor.
            StorageError: it could not be done.
        """
        if not reason.strip():
            raise InputError("删除须写明理由。", "An erasure needs a reason.", where="reason")
        check_draft(Draft(ERASED, actor, f"person:{person}", {"reason": reason}, provisions=provisions))
        future: Future[ErasureReceipt] = Future()
        self._sequencer.erase(WaitingErasure(person, actor, reason, provisions, future))
        return future.result()

    def head(self, seq: int) -> Head | None:
        """Return the head of entry `seq`, or None."""
        rows = self._repository.entries(seq, seq + 1)
        return self._head(rows[0]) if rows else None

    def entry_by_id(self, entry_id: str) -> Head | None:
        """Return the head of the entry with this id, or None."""
        row = self._repository.entry_by_id(entry_id)
        return self._head(row) if row is not None else None

    def find(self, query: EntryQuery) -> list[Head]:
        """Return the heads that `query` asks for, newest first."""
        return [self._head(row) for row in self._repository.find(query)]

    def count(self, query: EntryQuery) -> int:
        """Count the entries that `query` matches, whatever its limit."""
        return self._repository.count(query)

    def facts(
        self, actions: Sequence[str], since: datetime | None, until: datetime | None, *, limit: int = 5
    ) -> EntryFacts:
        """Count the entries of `actions` that happened from `since` to before `until`; name the newest `limit`."""
        return self._repository.facts(actions, since, until, limit=limit)

    def body(self, entry_id: str) -> "JsonObject | Erased | None":
        """Return the body of an entry, that it was erased, or None where there is no such entry.

        Raises:
            StorageError: the body should be readable and is not; a verification says more.
        """
        row = self._repository.entry_by_id(entry_id)
        if row is None:
            return None
        body = self._reader.stretch([row])[row.id]
        if body is None:
            raise StorageError(
                f"条目 {row.seq} 的正文读不出或与承诺不符；请运行 guiju ledger verify。",
                f"The body of entry {row.seq} does not open or match its commitment; run guiju ledger verify.",
            )
        return body

    def bodies(self, start: int, end: int) -> "dict[str, JsonObject | Erased | None]":
        """Return the bodies of the entries from `start` up to `end`, by id; None: should be readable and is not."""
        return self._reader.stretch(self._repository.entries(start, end))

    def sifted(self, start: int, end: int, wanted: Sift) -> "list[tuple[Head, JsonObject | Erased | None]]":
        """Return those entries from `start` up to `end` that `wanted` says, with bodies; None where unreadable."""
        found = self._reader.stretch(rows := self._repository.entries(start, end))
        return [(self._head(row), found[row.id]) for row in rows if wanted(row.action, row.commitment, found[row.id])]

    def size(self) -> int:
        """Return how many entries there are."""
        return self._repository.state(self.origin).size

    def root(self) -> str:
        """Return the root of the tree, in hex."""
        return self._repository.state(self.origin).root.hex()

    def prove_inclusion(self, seq: int, size: int | None = None) -> InclusionProof:
        """Prove that entry `seq` is in the tree of `size` entries (all, when it is not given).

        Raises:
            InputError: there is no such entry or size.
            StorageError: a hash that should be stored is not.
        """
        at = self._checked_size(size)
        if not 0 <= seq < at:
            raise _no_size(f"{seq} < {at}")
        path = tuple(step.hex() for step in self._prover.inclusion(seq, at))
        leaf = self._repository.leaves(seq, 1)[0].hex()
        return InclusionProof(seq, at, leaf, path, self._prover.root(at).hex())

    def prove_consistency(self, old: int, new: int | None = None) -> ConsistencyProof:
        """Prove that the tree of `old` entries is a prefix of the tree of `new` (all, when it is not given).

        Raises:
            InputError: there are no such sizes.
            StorageError: a hash that should be stored is not.
        """
        at = self._checked_size(new)
        if not 0 <= old <= at:
            raise _no_size(f"{old} <= {at}")
        return self._book.prove_consistency(old, at)

    def checkpoint(self) -> SignedCheckpoint:
        """Sign the log as it stands now; the same checkpoint again when it has not grown.

        Raises:
            LedgerBrokenError: the log does not continue its newest checkpoint.
            StorageError: the checkpoint could not be kept.
        """
        return self._book.sign()

    def anchor(self, checkpoint: SignedCheckpoint) -> tuple[AnchorReceipt | AnchorError, ...]:
        """Show `checkpoint` to every anchor now; return what each gave, or why it gave nothing."""
        return self._book.anchor(checkpoint)

    def checkpoints(self, limit: int = 100) -> list[SignedCheckpoint]:
        """Return the newest kept checkpoints, largest first."""
        return self._repository.kept.newest_checkpoints(limit)

    def anchors(self, limit: int = 100) -> list[AnchorReceipt]:
        """Return what anchors gave, newest first."""
        return self._repository.kept.anchors(limit=limit)

    def verify(self, *, deep: bool = True, progress: Progress = unheard) -> Verification:
        """Answer the three questions about the whole log, and keep the answers; not `deep` looks at no single entry.

        Raises:
            StorageError: the database cannot be read.
        """
        bodies = BodyCheck(BodyOpener(self._repository, self._keyring), self._hash)
        subject = Subject(self._repository, self._book, self._hash, self.origin, timedelta(seconds=self._every))
        verification = LogVerifier(subject, bodies, self._clock).run(deep=deep, progress=progress)
        self._repository.kept.add_verification(verification_text(verification))
        return verification

    def last_verification(self) -> Verification | None:
        """Return the newest kept answers, of whichever process, or None."""
        text = self._repository.kept.newest_verification()
        return verification_of(text) if text is not None else None

    def export(
        self, path: Path, query: EntryQuery | None = None, *, disclose: bool = False, progress: Progress = unheard
    ) -> Bundle:
        """Write a bundle with the whole log, or with what `query` finds; with readable bodies when `disclose` says so.

        Raises:
            LedgerBrokenError: the log does not continue its newest checkpoint.
            StorageError: the log cannot be read, or the file cannot be written.
        """
        opener = BodyOpener(self._repository, self._keyring)
        shelf = Shelf(self._repository, self._book, opener, self._prover, self._hash, self._clock, progress)
        return BundleWriter(shelf, self._book.sign(), query, disclose=disclose).write(path)

    def _head(self, row: EntryRow) -> Head:
        return head_of(row, provisions_from(self._repository.provisions_of(row.provision_set)))

    def _checked_size(self, size: int | None) -> int:
        now = self.size()
        if size is not None and not 0 <= size <= now:
            raise _no_size(f"{size} <= {now}")
        return now if size is None else size

    def _hold_against(self, checkpoints: Iterable[SignedCheckpoint]) -> None:
        """Stop the log at the first checkpoint that contradicts it."""
        size = 0
        for checkpoint in checkpoints:
            if checkpoint.size > size:
                size = self.size()  # read after the checkpoint, which another process may have signed just now
            if self._broken is None and (finding := self._book.contradiction(checkpoint, size)) is not None:
                self._stop_log(broken(finding))

    def _stop_log(self, error: LedgerBrokenError) -> None:
        self._broken = error
        self._sequencer.refuse(error)
        self._book.refuse(error)
        _log.critical("the ledger is broken and takes no entries", extra={"reason": error.en})

    def _say(self, action: str) -> None:
        """Append a sign of life; how often to expect one stands in its subject, where no body is needed to read it."""
        self._sequencer.submit(Draft(action, "system", f"heartbeat:{self._heartbeat}")).result()

    def _beat_if_silent(self) -> None:
        if not self._heartbeat or self._broken is not None:
            return
        size = self.size()
        newest = self._repository.entries(size - 1, size) if size else []
        silent = (self._clock.now() - from_iso(newest[0].received_at)).total_seconds() if newest else 0.0
        if not newest or silent >= self._heartbeat:
            self._say(HEARTBEAT)


def _no_size(what: str) -> InputError:
    return InputError(f"账本里没有这样的条目或大小：须 {what}。", f"There is no such entry or size: it must be {what}.")
