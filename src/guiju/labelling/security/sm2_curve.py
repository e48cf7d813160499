"""The curve of SM2 and arithmetic on it (GB/T 32918.5-2017, sm2p256v1), in Jacobian coordinates.

Written here since the cryptography package has SM3 and no SM2. It is not constant in time: sign with it where nobody
can measure the process, or hand the signing to a device behind the same interface.
"""

from dataclasses import dataclass

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123


@dataclass(frozen=True, slots=True)
class Point:
    """A point in Jacobian coordinates; z is 0 at infinity."""

    x: int
    y: int
    z: int = 1

    def affine(self) -> tuple[int, int]:
        """Return x and y; 0 and 0 at infinity, where no point of the curve is."""
        if not self.z:
            return 0, 0
        inverse = pow(self.z, -1, P)
        square = inverse * inverse % P
        return self.x * square % P, self.y * square * inverse % P


G = Point(
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
INFINITY = Point(0, 1, 0)


def is_on_curve(x: int, y: int) -> bool:
    """Tell whether an affine point lies on the curve."""
    return 0 <= x < P and 0 <= y < P and (y * y - x * x * x - A * x - B) % P == 0


def doubled(point: Point) -> Point:
    """Return twice a point."""
    if not point.z or not point.y:
        return INFINITY
    square = point.y * point.y % P
    middle = 4 * point.x * square % P
    slope = (3 * point.x * point.x + A * pow(point.z, 4, P)) % P
    x = (slope * slope - 2 * middle) % P
    return Point(x, (slope * (middle - x) - 8 * square * square) % P, 2 * point.y * point.z % P)


def added(one: Point, other: Point) -> Point:
    """Return the sum of two points."""
    if not one.z:
        return other
    if not other.z:
        return one
    one_square, other_square = one.z * one.z % P, other.z * other.z % P
    left, right = one.x * other_square % P, other.x * one_square % P
    low, high = one.y * other_square * other.z % P, other.y * one_square * one.z % P
    if left == right:
        return doubled(one) if low == high else INFINITY
    width, height = (right - left) % P, (high - low) % P
    square = width * width % P
    cube = square * width % P
    x = (height * height - cube - 2 * left * square) % P
    return Point(x, (height * (left * square - x) - low * cube) % P, width * one.z * other.z % P)


def multiplied(point: Point, number: int) -> Point:
    """Return a multiple of a point."""
    found = INFINITY
    for bit in f"{number:b}":
        found = doubled(found)
        if bit == "1":
            found = added(found, point)
    return found
