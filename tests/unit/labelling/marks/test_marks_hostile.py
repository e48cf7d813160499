"""Files that were made to mislead, or only carelessly: each ends in a mark, an honest "nobody can say", or words."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.factories import document_files as made
from tests.factories.marks import TEXT, made_by_ffmpeg, marks, needs_ffmpeg, sound

from guiju.kit.errors import InputError
from guiju.labelling.carriers.splicing import Source
from guiju.labelling.errors import UnsupportedFormatError
from guiju.labelling.marks import looks, texts
from guiju.labelling.marks.models import MarkStyle, Moment, Sign
from guiju.labelling.marks.programs import Ffmpeg, Medium
from guiju.labelling.models import MarkWords

WORDS = MarkWords(("人工智能", "AI"), ("生成", "合成"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("locked.pdf", made.pdf(catalog=b"").replace(b"/Root", b"/Encrypt 9 0 R /Root")),
        ("odd.txt", b"\xff\xfeA"),
        ("odd.md", b"\xff\xfe\x00\xd8"),
        ("binary.txt", b"\0\1\2"),
        ("locked.docx", made.docx().replace(b"PK\x05\x06", b"PK\x06\x06")),
    ],
)
def test_what_cannot_be_read_is_inconclusive_and_never_an_exception(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert [trace.sign for trace in marks().traces(path)] == [Sign.INCONCLUSIVE]
    with pytest.raises(InputError):
        marks().mark_file(path, tmp_path / f"b{path.suffix}")


def test_text_in_half_a_character_is_damaged_text() -> None:
    with pytest.raises(InputError):
        texts.plain_edits(Source.of(b"\xff\xfeA"), TEXT, Moment.END)


@pytest.mark.parametrize(
    "line",
    [
        "内容由AI生成",
        "本内容由人工智能生成",
        "（AI生成）",
        "由豆包AI生成",
        "某平台 AI 生成",
        "AI合成视频",
        "以上内容由 AI 生成，请仔细甄别",
        "本图片由人工智能合成",
        "AI生成，仅供参考",
        "疑似AI生成内容",
    ],
)
def test_marks_of_many_producers_are_known(line: str) -> None:
    assert looks.in_lines([line], WORDS).sign is Sign.FOUND


@pytest.mark.parametrize(
    "line",
    [
        "如何用AI生成图片",
        "人工智能生成技术综述",
        "AI合成蛋白质的新进展",
        "怎样判断一张图是不是AI生成的？",
        "人工智能与生成式模型课程表",
        "禁止上传AI生成内容",
        "AI 生成代码的十个坑",
        "国家网信办公布人工智能生成合成内容标识办法",
    ],
)
def test_what_is_only_about_the_subject_is_no_mark(line: str) -> None:
    assert looks.in_lines([line], WORDS).sign is Sign.NONE


@needs_ffmpeg
def test_a_file_with_two_sounds_is_refused_rather_than_robbed_of_one(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(sound(1, rate=44100))
    twice = ("-i", str(tmp_path / "a.wav"), "-map", "0:a", "-map", "0:a", "-c:a", "aac")
    path = made_by_ffmpeg(tmp_path / "two.m4a", *twice)
    with pytest.raises(UnsupportedFormatError, match="多条音轨"):
        marks().mark_file(path, tmp_path / "b.m4a")


@needs_ffmpeg
@pytest.mark.parametrize("name", ["film", "film.png", "film.bin"])
def test_a_video_is_marked_whatever_its_name_says(name: str, tmp_path: Path) -> None:
    film = ("-f", "lavfi", "-i", "testsrc2=s=320x180:d=1:r=10", "-pix_fmt", "yuv420p")
    made_by_ffmpeg(tmp_path / "a.mp4", *film).rename(tmp_path / name)
    done = marks().mark_file(tmp_path / name, tmp_path / f"marked-{name}")
    assert done.facts["contrast"] >= 4.5
    assert (tmp_path / f"marked-{name}").stat().st_size > 1000
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, f"marked-{name}"])


@needs_ffmpeg
def test_only_the_format_that_was_recognised_is_read_and_nothing_beside_the_file(tmp_path: Path) -> None:
    """A list of other files, or of addresses, would be followed by ffmpeg if it chose the format itself."""
    (tmp_path / "secret.wav").write_bytes(sound(1))
    listing = tmp_path / "a.flac"
    listing.write_text(f"ffconcat version 1.0\nfile '{tmp_path}/secret.wav'\n")
    playlist = tmp_path / "b.flac"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n")
    for path in (listing, playlist):
        try:
            probed = Ffmpeg().probe(Medium(path, "flac"))
        except InputError:
            continue
        assert probed.seconds == 0  # not the second that the file beside it sounds


@needs_ffmpeg
def test_long_work_that_nobody_watches_is_not_ended_by_its_own_chatter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guiju.labelling.marks.programs._MOST_SAID", 40)
    target = tmp_path / "a.wav"
    Ffmpeg().run(("-f", "lavfi", "-i", "sine=d=1", f"file:{target}"), seconds=1)
    assert target.stat().st_size > 40_000


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="only Linux tells a process's own peak")
def test_a_mark_in_the_middle_of_a_long_wav_needs_little_memory(tmp_path: Path) -> None:
    """A hundred million bytes of silence, within a tenth of what holding it as numbers would take."""
    program = (
        "import re, sys\n"
        "from tests.factories.marks import TEXT, marks\n"
        "from guiju.labelling.marks.models import MarkStyle, Moment\n"
        "from pathlib import Path\n"
        "marks(MarkStyle(TEXT, moment=Moment.MIDDLE)).mark_file(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
    )
    path = tmp_path / "long.wav"
    head = bytearray(sound(0.01, rate=8000))
    samples = 100_000_000
    head[4:8] = (36 + samples).to_bytes(4, "little")
    head[40:44] = samples.to_bytes(4, "little")
    path.write_bytes(bytes(head[:44]))
    with path.open("r+b") as file:
        file.truncate(44 + samples)
    root = Path(__file__).resolve().parents[4]
    said = subprocess.run(
        [sys.executable, "-c", program, str(path), str(tmp_path / "b.wav")],
        cwd=root,
        env={"PYTHONPATH": f"{root}/src:{root}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert int(said.stdout) < 260_000  # KiB; as numbers it would be 800,000


def test_the_rhythm_is_heard_anywhere_in_a_long_wav(tmp_path: Path) -> None:
    path, target = tmp_path / "a.wav", tmp_path / "b.wav"
    path.write_bytes(sound(700, rate=8000))
    marks(MarkStyle(TEXT, moment=Moment.MIDDLE)).mark_file(path, target)
    assert [trace.sign for trace in marks().traces(target)] == [Sign.FOUND]
