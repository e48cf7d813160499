"""The tree of RFC 6962 §2.1 over SHA-256 or SM3: leaves, roots, inclusion and consistency proofs. Pure."""

import functools
import hashlib
from collections.abc import Callable

from guiju.ledger.errors import HashMissingError

HASH_NAMES = ("sha256", "sm3")
DIGEST_BYTES = 32
LEVEL_BITS = 8  # the roots of complete subtrees of 2^8, 2^16, 2^24 … leaves are kept; the others are computed again

# Returns the root of the complete subtree of 2^height leaves at `position`, counted in subtrees of that height.
SubtreeSource = Callable[[int, int], bytes]


class TreeHash:
    """One of the two hashes, as RFC 6962 uses it: a leaf is hashed behind 0x00, a pair of nodes behind 0x01."""

    def __init__(self, name: str) -> None:
        """Use `name`, `sha256` or `sm3`.

        Raises:
            HashMissingError: the name is neither, or this machine's OpenSSL does not offer it.
        """
        if name not in HASH_NAMES:
            raise HashMissingError(
                f"不认识的哈希 {name!r}；请用 sha256 或 sm3。",
                f"Unknown hash {name!r}; use sha256 or sm3.",
                where="ledger_hash",
            )
        try:
            new = hashlib.sha256 if name == "sha256" else functools.partial(hashlib.new, name)
            new(b"probe")
        except ValueError as error:
            raise HashMissingError(
                "本机 Python 的 OpenSSL 不提供 SM3；请安装带 SM3 的 OpenSSL（1.1.1 以上），或新建账本时选 sha256。",
                "The OpenSSL of this Python does not offer SM3; install one that does (1.1.1 or newer), or make the "
                "log with sha256.",
                where="ledger_hash",
            ) from error
        self.name = name
        self._new = new

    def digest(self, content: bytes) -> bytes:
        """Return the plain hash of `content`, 32 bytes."""
        return self._new(content).digest()

    def leaf(self, content: bytes) -> bytes:
        """Return the leaf hash of `content`."""
        return self._new(b"\x00" + content).digest()

    def node(self, left: bytes, right: bytes) -> bytes:
        """Return the hash of an inner node."""
        return self._new(b"\x01" + left + right).digest()

    def empty(self) -> bytes:
        """Return the root of the tree without leaves."""
        return self._new(b"").digest()


class CompactRange:
    """The right edge of a growing tree: the roots of the complete subtrees that the binary digits of its size name."""

    __slots__ = ("_hash", "nodes", "size")

    def __init__(self, tree_hash: TreeHash, size: int = 0, nodes: tuple[bytes, ...] = ()) -> None:
        """Start at `size` leaves with its `nodes`, largest subtree first.

        Raises:
            ValueError: there are not as many nodes as `size` has binary ones.
        """
        if len(nodes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(nodes)}")
        self._hash = tree_hash
        self.size = size
        self.nodes = list(nodes)

    def push(self, leaf: bytes) -> list[bytes]:
        """Add a leaf hash; return the roots of the complete subtrees it closed, of 2, 4, 8 … leaves."""
        closed = []
        nodes, size = self.nodes, self.size
        while size & 1:
            leaf = self._hash.node(nodes.pop(), leaf)
            closed.append(leaf)
            size >>= 1
        nodes.append(leaf)
        self.size += 1
        return closed

    def root(self) -> bytes:
        """Return the root of the tree so far."""
        if not self.nodes:
            return self._hash.empty()
        return functools.reduce(lambda right, left: self._hash.node(left, right), reversed(self.nodes))

    def frozen(self) -> tuple[bytes, ...]:
        """Return the nodes as they are now."""
        return tuple(self.nodes)


class Prover:
    """Makes roots and proofs for any size up to the log's, from complete subtrees that somebody keeps."""

    def __init__(self, tree_hash: TreeHash, subtree: SubtreeSource) -> None:
        """Take complete subtrees from `subtree(height, position)`."""
        self._hash = tree_hash
        self._subtree = subtree

    def root(self, size: int) -> bytes:
        """Return MTH(D[0:size])."""
        return self._range(0, size) if size else self._hash.empty()

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return PATH(index, D[size]), from the leaf upwards.

        Raises:
            ValueError: the tree of `size` has no leaf `index`.
        """
        if not 0 <= index < size:
            raise ValueError(f"a tree of {size} leaves has no leaf {index}")
        path = []
        start, end = 0, size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
        path.reverse()
        return path

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return PROOF(old, D[new]); empty where `old` is 0 or `new`.

        Raises:
            ValueError: `old` is greater than `new`.
        """
        if not 0 <= old <= new:
            raise ValueError(f"a tree of {new} leaves has no prefix of {old}")
        if old in {0, new}:
            return []
        path = []
        start, end = 0, new
        is_whole = True  # whether D[start:old] is a subtree whose root the verifier holds already
        while old != end:
            middle = start + _split(end - start)
            if old <= middle:
                path.append(self._range(middle, end))
                end = middle
            else:
                path.append(self._range(start, middle))
                start = middle
                is_whole = False
        if not is_whole:
            path.append(self._range(start, end))
        path.reverse()
        return path

    def _range(self, start: int, end: int) -> bytes:
        """Return MTH(D[start:end]), where `start` is aligned as RFC 6962 splits it."""
        count = end - start
        if count & (count - 1) == 0:
            height = count.bit_length() - 1
            return self._subtree(height, start >> height)
        middle = start + _split(count)
        return self._hash.node(self._range(start, middle), self._range(middle, end))


def _split(count: int) -> int:
    """Return the largest power of two that is less than `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def root_from_inclusion(
    tree_hash: TreeHash, leaf: bytes, position: tuple[int, int], *, path: list[bytes]
) -> bytes | None:
    """Return the root that `path` leads to from `leaf` at `position` (index, size), or None when it cannot be one.

    RFC 9162 §2.1.3.2.
    """
    index, size = position
    if not 0 <= index < size:
        return None
    last, root = size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if index & 1 or index == last:
            root = tree_hash.node(step, root)
            while not index & 1 and index:
                index >>= 1
                last >>= 1
        else:
            root = tree_hash.node(root, step)
        index >>= 1
        last >>= 1
    return root if last == 0 else None


def is_consistent(tree_hash: TreeHash, old: tuple[int, bytes], new: tuple[int, bytes], *, path: list[bytes]) -> bool:
    """Tell whether `path` proves that the tree `old` (size, root) is a prefix of the tree `new`. RFC 9162 §2.1.4.2."""
    (old_size, old_root), (new_size, new_root) = old, new
    if not 0 <= old_size <= new_size:
        return False
    if old_size == new_size:
        return not path and old_root == new_root
    if old_size == 0:
        return not path and old_root == tree_hash.empty()
    if old_size & (old_size - 1) == 0:
        path = [old_root, *path]
    if not path:
        return False
    return _roots_from_consistency(tree_hash, (old_size, new_size), path) == (old_root, new_root)


def _roots_from_consistency(
    tree_hash: TreeHash, sizes: tuple[int, int], path: list[bytes]
) -> tuple[bytes, bytes] | None:
    old_last, new_last = sizes[0] - 1, sizes[1] - 1
    while old_last & 1:
        old_last >>= 1
        new_last >>= 1
    old_root = new_root = path[0]
    for step in path[1:]:
        if new_last == 0:
            return None
        if old_last & 1 or old_last == new_last:
            old_root = tree_hash.node(step, old_root)
            new_root = tree_hash.node(step, new_root)
            while not old_last & 1 and old_last:
                old_last >>= 1
                new_last >>= 1
        else:
            new_root = tree_hash.node(new_root, step)
        old_last >>= 1
        new_last >>= 1
    return (old_root, new_root) if new_last == 0 else None
