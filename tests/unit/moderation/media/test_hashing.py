"""Hashes of pictures: near for what was made of one picture, far for others."""

import io
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageEnhance
from tests.factories.pictures import encoded, scene

from guiju.moderation.media.hashing import distances, hash_picture, hash_with_crops, without_border
from guiju.moderation.media.interface import Pixels


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def apart(one: Pixels, other: Pixels) -> int:
    here, there = hash_picture(one), hash_picture(other)
    assert here is not None
    assert there is not None
    return (here.phash ^ there.phash).bit_count()


def again(image: Image.Image, kind: str, **options: object) -> Pixels:
    return pixels(Image.open(io.BytesIO(encoded(image, kind, **options))))


@pytest.mark.parametrize("seed", range(10))
def test_a_picture_saved_again_smaller_or_lighter_keeps_its_hash_nearly(seed: int) -> None:
    image = scene(seed)
    first = pixels(image)
    assert apart(first, again(image, "JPEG", quality=20)) <= 6
    assert apart(first, again(image, "WEBP", quality=20)) <= 6
    assert apart(first, pixels(image.resize((160, 120)))) <= 6
    assert apart(first, pixels(image.resize((1000, 750)))) <= 6
    assert apart(first, pixels(ImageEnhance.Brightness(image).enhance(1.15))) <= 10


def test_different_pictures_are_far_apart() -> None:
    every = [pixels(scene(seed)) for seed in range(40)]
    assert min(apart(one, other) for one, other in itertools.combinations(every, 2)) > 10


def test_a_plain_picture_has_no_hash() -> None:
    assert hash_picture(np.full((300, 400, 3), 200, dtype=np.uint8)) is None


def test_a_border_of_one_colour_is_taken_off() -> None:
    image = scene(3)
    framed = Image.new("RGB", (500, 420), "white")
    framed.paste(image, (50, 60))
    assert apart(pixels(image), without_border(pixels(framed))) <= 4


def test_the_middle_of_a_picture_is_among_its_hashes() -> None:
    first = hash_with_crops(pixels(scene(8)))
    cut = hash_picture(pixels(scene(8).crop((24, 18, 376, 282))))
    assert cut is not None
    assert min((cut.phash ^ one.phash).bit_count() for one in first) <= 6
    assert 2 <= len(first) <= 7


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
@settings(deadline=None, max_examples=200)
def test_a_picture_of_any_size_is_hashed_or_too_plain(array: Pixels) -> None:
    found = hash_picture(array)
    if found is not None:
        assert 0 <= found.phash < 2**64
        assert 0 <= found.dhash < 2**64
        assert len(str(found)) == 32
    assert without_border(array).size


def test_distances_count_bits() -> None:
    many = np.array([0, 1, 2**64 - 1, 0b1011], dtype=np.uint64)
    assert distances(0, many).tolist() == [0, 1, 64, 3]
