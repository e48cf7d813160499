"""The stored tree, read in blocks of 256 hashes: what proofs and roots of any size are made from."""

import threading
from collections import OrderedDict

from guiju.kit.errors import StorageError
from guiju.ledger.merkle import LEVEL_BITS, TreeHash
from guiju.ledger.repository import LedgerRepository

_WIDTH = 1 << LEVEL_BITS
_CACHED = 64


class StoredTree:
    """Complete subtrees of the log, from leaf hashes and from the kept roots of 256, 65,536 … leaves.

    A block only grows, at the log's end, and never changes; what is cached is read again when it is too short.
    """

    def __init__(self, repository: LedgerRepository, tree_hash: TreeHash) -> None:
        """Read from `repository`."""
        self._repository = repository
        self._hash = tree_hash
        self._blocks: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()
        self._lock = threading.Lock()

    def subtree(self, height: int, position: int) -> bytes:
        """Return the root of the complete subtree of 2^height leaves at `position`.

        Raises:
            StorageError: a hash that should be stored is not.
        """
        level, within = divmod(height, LEVEL_BITS)
        per_block = LEVEL_BITS - within
        key = (level, position >> per_block)
        index = position & ((1 << per_block) - 1)
        with self._lock:
            block = self._blocks.get(key)
        if block is None or index >= len(block[within]):
            block = self._read(*key)
        if index >= len(block[within]):
            first = position << height
            raise StorageError(
                f"条目 {first} 到 {first + (1 << height) - 1} 的哈希不全；请运行 guiju ledger verify。",
                f"Hashes of entries {first} to {first + (1 << height) - 1} are missing; run guiju ledger verify.",
            )
        return block[within][index]

    def _read(self, level: int, number: int) -> list[list[bytes]]:
        start = number * _WIDTH
        rows = self._repository
        row = rows.leaves(start, _WIDTH) if level == 0 else rows.subtrees(level, start, _WIDTH)
        node = self._hash.node
        block = [row]
        for _ in range(LEVEL_BITS - 1):
            row = [node(row[n], row[n + 1]) for n in range(0, len(row) - 1, 2)]
            block.append(row)
        with self._lock:
            self._blocks[level, number] = block
            self._blocks.move_to_end((level, number))
            if len(self._blocks) > _CACHED:
                self._blocks.popitem(last=False)
        return block
