"""The error-correcting code of the watermark: 64 bits and a CRC of 24, convolutional, decoded with soft evidence.

CRC-24 of OpenPGP (RFC 4880 §6.1); convolutional code of rate 1/3 and constraint length 7 with the generators 133, 165
and 171 (octal; free distance 15, as in 3GPP TS 36.212 §5.1.3.1), closed with six zeros; decoder after Viterbi (1967).
"""

import numpy as np

Signs = np.ndarray[tuple[int], np.dtype[np.int8]]
Soft = np.ndarray[tuple[int], np.dtype[np.float64]]

_CRC_START, _CRC_POLYNOMIAL, _CRC_BITS = 0xB704CE, 0x864CFB, 24
_GENERATORS = (0o133, 0o165, 0o171)
_MEMORY = 6
_STATES = 1 << _MEMORY
_STEPS = 64 + _CRC_BITS + _MEMORY
LENGTH = len(_GENERATORS) * _STEPS
"""How many signs a pointer becomes."""


def _crc24(pointer: int) -> int:
    register = _CRC_START
    for octet in pointer.to_bytes(8, "big"):
        register ^= octet << 16
        for _ in range(8):
            register <<= 1
            if register >> _CRC_BITS:
                register ^= _CRC_POLYNOMIAL | 1 << _CRC_BITS
    return register


def _outputs(
    registers: np.ndarray[tuple[int, int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, int, int], np.dtype[np.float64]]:
    signs = [[[(int(one) & generator).bit_count() % 2 * 2 - 1 for generator in _GENERATORS] for one in row]
             for row in registers.tolist()]  # fmt: skip
    return np.array(signs, dtype=np.float64)


_STATE = np.arange(_STATES, dtype=np.int64)
_BEFORE = np.stack([_STATE >> 1, _STATE >> 1 | _STATES >> 1])
"""The two states from which each state is reached."""
_SIGNS = _outputs(_BEFORE << 1 | _STATE & 1)


def encode(pointer: int) -> Signs:
    """Return the signs, -1 or 1, `LENGTH` of them, that carry a pointer of 64 bits."""
    value = (pointer << _CRC_BITS | _crc24(pointer)) << _MEMORY
    register, signs = 0, []
    for place in range(_STEPS - 1, -1, -1):
        register = (register << 1 | value >> place & 1) & (2 * _STATES - 1)
        signs += [(register & generator).bit_count() % 2 * 2 - 1 for generator in _GENERATORS]
    return np.array(signs, dtype=np.int8)


def decode(evidence: Soft) -> tuple[int, float] | None:
    """Return the pointer for which the evidence speaks most, and which share of it does; None where the CRC says no.

    Noise passes the CRC once in 2**24 times.

    Args:
        evidence: for each sign a number: its sign, and how sure it is.
    """
    branches = np.einsum("pso,to->tps", _SIGNS, evidence.reshape(_STEPS, len(_GENERATORS)))
    paths = np.full(_STATES, -np.inf)
    paths[0] = 0.0
    choices = np.empty((_STEPS, _STATES), dtype=bool)
    for step, branch in enumerate(branches):
        reached = paths[_BEFORE] + branch
        choices[step] = reached[1] > reached[0]
        paths = np.where(choices[step], reached[1], reached[0])
    state, value = 0, 0
    for step in range(_STEPS - 1, -1, -1):
        value |= (state & 1) << (_STEPS - 1 - step)
        state = int(_BEFORE[int(choices[step, state]), state])
    pointer, crc = divmod(value >> _MEMORY, 1 << _CRC_BITS)
    total = float(np.abs(evidence).sum())
    if total == 0.0 or crc != _crc24(pointer):
        return None
    return pointer, min(1.0, float(paths[0]) / total)
