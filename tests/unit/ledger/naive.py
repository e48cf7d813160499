"""RFC 6962 §2.1 as it is written there: recursive, slow, and sharing nothing with the code it is the measure of."""

import hashlib
from collections.abc import Sequence


class NaiveTree:
    def __init__(self, hash_name: str) -> None:
        self.hash_name = hash_name

    def h(self, content: bytes) -> bytes:
        return hashlib.new(self.hash_name, content).digest()

    def mth(self, d: Sequence[bytes]) -> bytes:
        if not d:
            return self.h(b"")
        if len(d) == 1:
            return self.h(b"\x00" + d[0])
        k = _k(len(d))
        return self.h(b"\x01" + self.mth(d[:k]) + self.mth(d[k:]))

    def path(self, m: int, d: Sequence[bytes]) -> list[bytes]:
        if len(d) == 1:
            return []
        k = _k(len(d))
        if m < k:
            return [*self.path(m, d[:k]), self.mth(d[k:])]
        return [*self.path(m - k, d[k:]), self.mth(d[:k])]

    def proof(self, m: int, d: Sequence[bytes]) -> list[bytes]:
        return self._subproof(m, d, is_whole=True)

    def _subproof(self, m: int, d: Sequence[bytes], *, is_whole: bool) -> list[bytes]:
        if m == len(d):
            return [] if is_whole else [self.mth(d)]
        k = _k(len(d))
        if m <= k:
            return [*self._subproof(m, d[:k], is_whole=is_whole), self.mth(d[k:])]
        return [*self._subproof(m - k, d[k:], is_whole=False), self.mth(d[:k])]


def _k(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k
