"""Pictures and sound on their way through the gateway: checked, joined with the text, evidenced, sent on as checked."""

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from tests.factories.pictures import encoded, scene
from tests.flows.gateway.house import BANNED, REPLY, House, MediaRoom, house_in
from tests.simulators.transcription import Transcription, transcription_server

from guiju.moderation.media.blocklist import BlockList
from guiju.moderation.media.build import Tools, build_tools
from guiju.moderation.media.checkers.null import NullChecker
from guiju.moderation.media.errors import MissingExtraError
from guiju.moderation.media.interface import Picture, PictureChecker
from guiju.moderation.media.models import ReadText, Region, Sighting
from guiju.moderation.media.settings import MediaSettings

PNG = encoded(scene(1))
JPEG = encoded(scene(2), "JPEG")
WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0"


class Scripted:
    """Reads, in any picture, what a test says; its real twin has tests of its own."""

    name = "picture_text"

    def __init__(self) -> None:
        self.says = ""
        self.looks = 0

    def look(self, picture: Picture) -> Sighting:
        self.looks += 1
        height, width = picture.pixels.shape[:2]
        return Sighting(texts=(ReadText("picture", self.says, Region(0, 0, width, height)),) if self.says else ())


@dataclass
class Studio:
    """A house that takes media."""

    house: House
    reader: Scripted
    ear: Transcription


Opening = Callable[..., AbstractAsyncContextManager[Studio]]


@pytest.fixture
def opening(tmp_path: Path, sqlite_url: str) -> Opening:
    @asynccontextmanager
    async def open_studio(media: str = "", *, checker: PictureChecker | None = None) -> AsyncIterator[Studio]:
        reader = Scripted()

        def build(settings: MediaSettings, blocked: BlockList, environment: Mapping[str, str]) -> Tools:
            built = build_tools(settings, blocked, environment)
            return Tools(settings, blocked, (checker or reader,), built.transcriber)

        with transcription_server() as ear:
            section = f'\nmedia:\n  enabled: "true"\n  transcription: {{base_url: "{ear.url}"}}\n{media}'
            async with house_in(tmp_path, sqlite_url, media=MediaRoom(section, build)) as house:
                yield Studio(house, reader, ear)

    return open_studio


def picture(content: bytes = PNG, mime: str = "image/png") -> dict[str, object]:
    url = f"data:{mime};base64,{base64.b64encode(content).decode()}"
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


def sound(content: bytes = WAV) -> dict[str, object]:
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(content).decode(), "format": "wav"}}


def asking(*parts: object, text: str = "这是什么？") -> dict[str, object]:
    content = [{"type": "text", "text": text}, *parts]
    return {"model": "m", "messages": [{"role": "user", "content": content}]}


async def test_a_picture_that_was_checked_is_sent_on_byte_for_byte_with_its_real_type(opening: Opening) -> None:
    async with opening() as studio:
        house = studio.house
        status, _, raw = await house.post(asking(picture(PNG), picture(JPEG, "image/png")))
        assert status == 200, raw
        (sent,) = house.upstream.seen
        _, first, second = sent.body["messages"][0]["content"]
        assert first["image_url"]["url"] == "data:image/png;base64," + base64.b64encode(PNG).decode()
        assert second["image_url"]["url"] == "data:image/jpeg;base64," + base64.b64encode(JPEG).decode()
        assert first["image_url"]["detail"] == "low"
        await house.closing()
        (opened,) = await house.entries("exchange.opened")
        assert [one["type"] for one in opened["media"]] == ["image/png", "image/jpeg"]
        assert (opened["media"][0]["width"], opened["media"][0]["height"]) == (400, 300)
        assert opened["media"][0]["place"] == "messages[0].content[1].image_url"
        assert base64.b64encode(PNG).decode()[:200] not in orjson.dumps(opened).decode()
        assert await house.entries("exchange.media") == []


async def test_a_term_in_a_picture_is_refused_with_the_policys_reply_and_its_place(opening: Opening) -> None:
    async with opening() as studio:
        studio.reader.says = f"出售{BANNED}"
        status, _, raw = await studio.house.post(asking(picture()))
        answer = orjson.loads(raw)
        assert status == 200
        assert answer["choices"][0]["message"]["content"] == REPLY
        assert answer["guiju"]["risks"] == ["A.1-f"]
        assert studio.house.upstream.seen == []
        assert (await studio.house.closing())["outcome"] == "input_refused"
        (opened,) = await studio.house.entries("exchange.opened")
        assert opened["media"][0]["findings"][0]["region"] == [0, 0, 400, 300]
        assert opened["decision"]["action"] == "refuse"


@pytest.mark.parametrize(("text", "says"), [("你好", BANNED), (BANNED, "你好"), (BANNED, BANNED)])
async def test_the_strictest_of_text_and_picture_decides(opening: Opening, text: str, says: str) -> None:
    async with opening() as studio:
        studio.reader.says = says
        _, _, raw = await studio.house.post(asking(picture(), text=text))
        assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
        assert studio.house.upstream.seen == []
        assert studio.reader.looks == (0 if text == BANNED else 1)  # a picture that goes nowhere is not looked at


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (PNG[:-30], "truncated"),
        (b"GIF89a", "truncated"),
        (PNG + b"PK\3\4", "trailing_data"),
        (b"%PDF-1.7", "unsupported"),
    ],
)
async def test_a_picture_that_cannot_be_checked_goes_nowhere(opening: Opening, content: bytes, why: str) -> None:
    async with opening() as studio:
        status, _, raw = await studio.house.post(asking(picture(content)))
        assert status == 200
        assert orjson.loads(raw)["guiju"]["decision"] == "undetermined"
        assert studio.house.upstream.seen == []
        assert (await studio.house.closing())["outcome"] == "undetermined"
        (opened,) = await studio.house.entries("exchange.opened")
        assert [one["why"] for one in opened["media"][0]["unchecked"]] == [why]


async def test_where_a_checkers_package_is_missing_pictures_are_undetermined(opening: Opening) -> None:
    missing = NullChecker("picture_text", MissingExtraError("rapidocr", "media"))
    async with opening(checker=missing) as studio:
        _, _, raw = await studio.house.post(asking(picture()))
        assert orjson.loads(raw)["guiju"]["decision"] == "undetermined"
        assert studio.house.upstream.seen == []


async def test_sound_is_transcribed_checked_and_sent_on(opening: Opening) -> None:
    async with opening() as studio:
        assert (await studio.house.post(asking(sound())))[0] == 200
        (sent,) = studio.house.upstream.seen
        assert sent.body["messages"][0]["content"][1] == sound()
        studio.ear.text = f"我要{BANNED}"
        _, _, raw = await studio.house.post(asking(sound(WAV + b"\0\0")))
        assert orjson.loads(raw)["choices"][0]["message"]["content"] == REPLY
        studio.ear.manner = "error"
        _, _, raw = await studio.house.post(asking(sound(WAV + b"\0\0\0\0")))
        assert orjson.loads(raw)["guiju"]["decision"] == "undetermined"
        assert len(studio.house.upstream.seen) == 1


async def test_a_streamed_answer_to_a_picture_streams(opening: Opening) -> None:
    async with opening() as studio:
        status, headers, raw = await studio.house.post({**asking(picture()), "stream": True})
        assert status == 200
        assert headers["content-type"].startswith("text/event-stream")
        assert raw.endswith(b"data: [DONE]\n\n")
        studio.reader.says = BANNED
        _, _, raw = await studio.house.post({**asking(picture(JPEG)), "stream": True})
        assert REPLY in raw.decode()


async def test_the_picture_is_kept_encrypted_with_the_evidence_only_when_policy_says_so(opening: Opening) -> None:
    async with opening('  keep: "true"\n') as studio:
        assert (await studio.house.post(asking(picture())))[0] == 200
        (kept,) = await studio.house.entries("exchange.media")
        assert base64.b64decode(kept["base64"]) == PNG
        (opened,) = await studio.house.entries("exchange.opened")
        assert kept["subject"] == opened["subject"]
        assert kept["sha256"] == opened["media"][0]["sha256"]


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ({"type": "image_url"}, "malformed_request"),
        ({"type": "image_url", "image_url": PNG.hex()[:40]}, "malformed_request"),
        ({"type": "image_url", "image_url": {"url": ""}}, "malformed_request"),
        ({"type": "image_url", "image_url": {"url": "data:image/png,abc"}}, "malformed_request"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,***"}}, "malformed_request"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}, "malformed_request"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,图"}}, "malformed_request"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "text": "x"}}, "malformed_request"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "x"}}, "malformed_request"),
        ({"type": "image_url", "text": "x", "image_url": {"url": "data:image/png;base64,AAAA"}}, "malformed_request"),
        ({"type": "image_url", "image_url": {"url": "https://example.cn/a.png"}}, "media_fetch_failed"),
        ({"type": "image_url", "image_url": {"url": "http://169.254.169.254/latest"}}, "media_fetch_failed"),
        ({"type": "image_url", "image_url": {"url": "http://127.0.0.1:22/"}}, "media_fetch_failed"),
        ({"type": "input_audio", "input_audio": {"data": "??", "format": "wav"}}, "malformed_request"),
        ({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "exe"}}, "malformed_request"),
        ({"type": "file", "file": {"file_data": "AAAA"}}, "unsupported_content"),
    ],
)
async def test_a_part_that_is_none_is_a_clear_error_and_evidenced(
    opening: Opening, part: dict[str, object], code: str
) -> None:
    async with opening() as studio:
        status, _, raw = await studio.house.post(asking(part))
        error = orjson.loads(raw)["error"]
        assert (status, error["code"]) == (400, code)
        assert error["param"].startswith("messages[0].content[1]")
        (entry,) = await studio.house.entries("exchange.rejected")
        assert entry["code"] == code
        assert studio.house.upstream.seen == []


async def test_more_pictures_than_the_policy_takes_are_refused(opening: Opening) -> None:
    async with opening("  limits: {parts: 2}\n") as studio:
        status, _, raw = await studio.house.post(asking(picture(), picture(), picture()))
        assert (status, orjson.loads(raw)["error"]["code"]) == (400, "malformed_request")


async def test_without_media_in_the_policy_the_error_says_what_to_install(house: House) -> None:
    status, _, raw = await house.post(asking(picture()))
    error = orjson.loads(raw)["error"]
    assert (status, error["code"]) == (400, "unsupported_content")
    assert "guiju[media]" in error["message"]
    assert house.upstream.seen == []
