"""From waiting drafts and the state of the log to the rows of one commit and the state after it. No I/O."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guiju.ledger.append.items import Waiting
from guiju.ledger.append.persons import Keys
from guiju.ledger.heads import SALT_BYTES, head_bytes
from guiju.ledger.keyring import NONCE_BYTES
from guiju.ledger.merkle import LEVEL_BITS, CompactRange, TreeHash
from guiju.ledger.repository import Batch, BodyRow, EntryRow, LogState, PersonRow

_RANDOM = SALT_BYTES + NONCE_BYTES


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows of one commit, and where the log stands after it."""

    batch: Batch
    state: LogState


class Planner:
    """Plans commits of a log with one hash."""

    def __init__(self, tree_hash: TreeHash) -> None:
        """Hash with `tree_hash`."""
        self._hash = tree_hash

    def plan(
        self, items: Sequence[Waiting], base: LogState, keys: Keys, *, sets: Mapping[str, int], received_at: str
    ) -> Plan:
        """Number the items from `base` on, seal their bodies, hash their heads into the tree."""
        batch = Batch()
        edge = CompactRange(self._hash, base.size, base.frontier)
        digest, hash_leaf = self._hash.digest, self._hash.leaf
        numbers = dict(sets)
        random = os.urandom(_RANDOM * len(items))
        for index, item in enumerate(items):
            draft, provisions = item.draft, item.provisions
            seq = base.size + index
            start = index * _RANDOM
            salted = random[start : start + SALT_BYTES] + item.body
            nonce = random[start + SALT_BYTES : start + _RANDOM]
            commitment = digest(salted)
            told = (seq, item.id, item.occurred_at, received_at, draft.actor, draft.action, draft.subject)
            more = (draft.policy_hash, draft.model, draft.source, draft.source_seq)
            leaf = hash_leaf(head_bytes((*told, provisions.ids, *more, commitment.hex())))
            closed = edge.push(leaf)
            if len(closed) >= LEVEL_BITS:
                batch.subtrees.extend(_kept(closed, seq))
            number = numbers.get(provisions.text)
            if number is None:
                number = numbers[provisions.text] = max(numbers.values(), default=0) + 1
                batch.provision_sets.append((number, provisions.text))
            batch.entries.append(EntryRow(*told, number, *more, commitment, leaf))
            sealed = keys.ready[draft.person].seal(nonce, salted, item.id)
            batch.bodies.append(BodyRow(seq, draft.person, sealed, None))
        batch.persons.extend(PersonRow(person.id, person.lookup, person.wrapped, base.size) for person in keys.new)
        return Plan(batch, LogState(edge.size, edge.root(), edge.frozen(), base.erasures))


def _kept(closed: Sequence[bytes], seq: int) -> list[tuple[int, int, bytes]]:
    """Pick the roots of the complete subtrees of 256^level leaves from those that entry `seq` closed."""
    return [
        (height // LEVEL_BITS, seq >> height, closed[height - 1])
        for height in range(LEVEL_BITS, len(closed) + 1, LEVEL_BITS)
    ]
