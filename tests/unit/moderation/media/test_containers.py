"""What a file is and where it ends, whatever a stranger made of it."""

import time
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories.pictures import animated, encoded, scene

from guiju.moderation.media.containers import measure, sniff_sound, sniff_video
from guiju.moderation.media.errors import CannotCheckError

FILES = {
    "png": encoded(scene(1)),
    "jpeg": encoded(scene(1), "JPEG"),
    "progressive": encoded(scene(1), "JPEG", progressive=True),
    "restarts": encoded(scene(1), "JPEG", restart_marker_blocks=2),
    "webp": encoded(scene(1), "WEBP"),
    "gif": encoded(scene(1), "GIF"),
    "animated gif": animated([scene(1), scene(2), scene(3)]),
    "animated png": animated([scene(1), scene(2), scene(3)], "PNG"),
    "animated webp": animated([scene(1), scene(2), scene(3)], "WEBP"),
}


def refusal_of(read: Callable[[], object]) -> str | None:
    """Return why `read` refuses; None when it does not."""
    try:
        read()
    except CannotCheckError as error:
        return error.why
    return None


@pytest.mark.parametrize("name", FILES)
def test_a_picture_ends_where_its_encoder_ended_it(name: str) -> None:
    content = FILES[name]
    found = measure(content)
    assert found.end == len(content)
    assert found.frames == (3 if name.startswith("animated") else 1)
    assert found.mime == f"image/{'jpeg' if name in {'progressive', 'restarts'} else name.rsplit(maxsplit=1)[-1]}"


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("tail", [b"PK\x03\x04 an archive", b"<script>", b"\xff\xd9", FILES["png"], b"\0"])
def test_what_stands_behind_a_picture_does_not_belong_to_it(name: str, tail: bytes) -> None:
    assert measure(FILES[name] + tail).end == len(FILES[name])


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_anywhere_is_not_whole(name: str) -> None:
    content = FILES[name]
    for percent in range(100):
        with pytest.raises(CannotCheckError):
            measure(content[: len(content) * percent // 100])


@given(
    name=st.sampled_from(sorted(FILES)), changes=st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=20)
)
@settings(deadline=None, max_examples=300)
def test_a_file_with_changed_bytes_is_measured_or_refused(name: str, changes: list[tuple[int, int]]) -> None:
    content = bytearray(FILES[name])
    for at, value in changes:
        content[at % len(content)] = value
    assert refusal_of(lambda: measure(bytes(content))) in {None, "malformed", "truncated", "unsupported"}


@given(
    st.binary(max_size=4000),
    st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\xff\xd8\xff", b"RIFF\0\0\1\0WEBP", b""]),
)
@settings(deadline=None, max_examples=300)
def test_any_bytes_are_measured_or_refused(content: bytes, head: bytes) -> None:
    for read in (measure, sniff_sound, sniff_video):
        assert refusal_of(partial(read, head + content)) in {None, "malformed", "truncated", "unsupported"}


@pytest.mark.parametrize(
    "slow",
    [
        lambda size: b"GIF89a" + b"\0" * 7 + b"\x21\xf9" + b"\1\0" * (size // 2),
        lambda size: b"GIF89a" + b"\0" * 7 + b"\x21\xf9\0" * (size // 3),
        lambda size: b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0abcdCRC!" * (size // 12),
        lambda size: b"\xff\xd8\xff" + b"\xff" * size,
        lambda size: b"\xff\xd8\xff\xda\0\2" + b"\xff\0" * (size // 2),
        lambda size: b"\xff\xd8" + b"\xff\xda\0\2" * (size // 4),
        lambda size: b"RIFF" + size.to_bytes(4, "little") + b"WEBP" + b"VP8 \0\0\0\0" * (size // 8),
    ],
    ids=["gif blocks", "gif extensions", "png chunks", "jpeg fill", "jpeg stuffing", "jpeg scans", "webp chunks"],
)
def test_eight_megabytes_made_to_be_slow_cost_little_more_than_two(slow: Callable[[int], bytes]) -> None:
    assert spent_on(slow(8_000_000)) < 2.5 * spent_on(slow(2_000_000)) + 0.1


def spent_on(content: bytes) -> float:
    spent = []
    for _ in range(2):
        began = time.process_time()
        with pytest.raises(CannotCheckError):
            measure(content)
        spent.append(time.process_time() - began)
    return min(spent)


@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"ID3\4", "audio/mpeg"),
        (b"\xff\xfb\x90\0", "audio/mpeg"),
        (b"fLaC", "audio/flac"),
        (b"OggS", "audio/ogg"),
    ],
)
def test_sound_is_known_by_its_first_bytes(content: bytes, mime: str) -> None:
    assert sniff_sound(content) == mime


def test_a_picture_is_no_sound_and_sound_is_no_picture() -> None:
    with pytest.raises(CannotCheckError):
        sniff_sound(FILES["jpeg"])
    with pytest.raises(CannotCheckError):
        measure(b"RIFF\0\0\0\0WAVEfmt ")
