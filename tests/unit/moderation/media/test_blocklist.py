"""The operator's list of blocked pictures: strict to read, quick to ask, forgiving to what was done to a picture."""

import io
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.factories.pictures import encoded, scene

from guiju.moderation.media.blocklist import (
    COLUMNS,
    BlockedPicture,
    BlockList,
    add_to_block_list,
    parse_block_list,
    read_block_list,
)
from guiju.moderation.media.checkers.blocked import BlockedPictureChecker
from guiju.moderation.media.errors import BlockListError
from guiju.moderation.media.hashing import PictureHash, hash_with_crops
from guiju.moderation.media.interface import Picture, Pixels

SHA = "a" * 64
ROW = (SHA, "0" * 31 + "1", "A.1-f", "block", "测试", "2026-11-25", "审核员甲")


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def blocked(image: Image.Image, *, wish: str = "block") -> BlockedPicture:
    return BlockedPicture(SHA, hash_with_crops(pixels(image)), "A.1-f", wish, "测试用图", "2026-11-25", "审核员甲")


def listed(*rows: tuple[str, ...]) -> bytes:
    return ("\n".join(",".join(row) for row in (COLUMNS, *rows)) + "\n").encode()


def test_what_is_added_is_read_again_and_once(tmp_path: Path) -> None:
    path = tmp_path / "media" / "blocked.csv"
    assert read_block_list(path).pictures == ()
    entry = blocked(scene(1))
    assert add_to_block_list(path, entry)
    assert not add_to_block_list(path, entry)
    assert read_block_list(path).pictures == (entry,)
    assert read_block_list(path).file(SHA) == entry


@pytest.mark.parametrize(
    ("at", "value", "named"),
    [
        (0, "xyz", "sha256"),
        (1, "12", "hashes"),
        (1, " ".join(["0" * 32] * 17), "hashes"),
        (2, "A.9-z", "risk"),
        (3, "delete", "action"),
        (4, " ", "reason"),
        (5, "yesterday", "added"),
    ],
)
def test_a_line_that_is_wrong_is_named_with_its_number(at: int, value: str, named: str, tmp_path: Path) -> None:
    row = (*ROW[:at], value, *ROW[at + 1 :])
    path = tmp_path / "blocked.csv"
    path.write_bytes(listed(ROW, row))
    with pytest.raises(BlockListError) as caught:
        read_block_list(path)
    assert "line 3" in caught.value.en
    assert named in caught.value.en
    assert "第 3 行" in caught.value.zh


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a,b\n", b'"', listed(ROW[:5]), b"\0" * 100])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    assert parse_block_list(content)[1]


def made_of(image: Image.Image) -> dict[str, Image.Image]:
    """Return what people do to a picture before they send it on."""
    framed = Image.new("RGB", (image.width + 80, image.height + 120), "white")
    framed.paste(image, (40, 60))
    width, height = image.size

    def saved(kind: str, quality: int) -> Image.Image:
        return Image.open(io.BytesIO(encoded(image, kind, quality=quality)))

    return {
        "the same": image,
        "JPEG 30": saved("JPEG", 30),
        "WebP 30": saved("WEBP", 30),
        "half as large": image.resize((width // 2, height // 2)),
        "3 % cut off": image.crop(
            (width * 3 // 200, height * 3 // 200, width - width * 3 // 200, height - height * 3 // 200)
        ),
        "12 % cut off": image.crop((width * 6 // 100, height * 6 // 100, width * 94 // 100, height * 94 // 100)),
        "mirrored": image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "framed": framed,
        "grey": image.convert("L"),
    }


@pytest.mark.parametrize("what", list(made_of(scene(1))))
def test_what_was_made_of_a_blocked_picture_is_found(what: str) -> None:
    checker = BlockedPictureChecker(BlockList([blocked(scene(seed)) for seed in range(5)]), 10)
    found = [checker.look(Picture(pixels(made_of(scene(seed))[what]))).seen for seed in range(5)]
    assert all(seen and seen[0].finding.wish == "block" and seen[0].finding.risks == ("A.1-f",) for seen in found)


def test_other_pictures_are_not_found() -> None:
    checker = BlockedPictureChecker(BlockList([blocked(scene(seed)) for seed in range(50)]), 10)
    assert not [seed for seed in range(100, 200) if checker.look(Picture(pixels(scene(seed)))).seen]


def test_a_plain_picture_is_never_found() -> None:
    checker = BlockedPictureChecker(BlockList([blocked(scene(1))]), 16)
    assert checker.look(Picture(np.zeros((50, 50, 3), dtype=np.uint8))).seen == ()


def test_a_hundred_thousand_pictures_are_asked_in_ten_milliseconds() -> None:
    chance = np.random.default_rng(20261125)
    hashes = chance.integers(0, 2**63, (100_000, 2))
    many = [
        BlockedPicture(f"{at:064x}", (PictureHash(int(one), int(other)),), "A.1-f", "block", "x", "2026-11-25", "")
        for at, (one, other) in enumerate(hashes)
    ]
    known = BlockList(many)
    wanted = PictureHash(many[777].hashes[0].phash ^ 0b1001, many[777].hashes[0].dhash ^ 0b1)
    began = time.process_time()
    for _ in range(10):
        found = known.nearest(wanted, 10)
    assert (time.process_time() - began) / 10 < 0.01
    assert found is not None
    assert found[0].sha256 == many[777].sha256
    assert found[1] == 2
