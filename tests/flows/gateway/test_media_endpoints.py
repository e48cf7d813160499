"""Pictures and sound that a model makes: looked at, labelled, evidenced; and texts from sound."""

import asyncio
import base64
import http.server
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import orjson
import pytest
from tests.factories.labeller import TestLabeller, label_of
from tests.factories.pictures import encoded, scene
from tests.flows.gateway.house import BANNED, REPLY, House, MediaRoom, house_in
from tests.flows.gateway.samples import FORM, PNG, WAV, form
from tests.simulators.transcription import transcription_server

from guiju.gateway.wire.forms import Part
from guiju.moderation.media.blocklist import BlockList
from guiju.moderation.media.build import Tools, build_tools
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.models import ReadText, Region, Sighting
from guiju.moderation.media.settings import MediaSettings

JPEG = encoded(scene(2), "JPEG")
IMAGES, EDITS, SPEECH = "/v1/images/generations", "/v1/images/edits", "/v1/audio/speech"
HEARD = ("/v1/audio/transcriptions", "/v1/audio/translations")
ASK = {"model": "m", "prompt": "画一只猫"}
SAY = {"model": "m", "input": "你好", "voice": "v", "response_format": "wav"}


class Reader:
    """Reads, in any picture, what a test says."""

    name = "picture_text"

    def __init__(self) -> None:
        self.says = ""

    def look(self, picture: Picture) -> Sighting:
        height, width = picture.pixels.shape[:2]
        return Sighting(texts=(ReadText("picture", self.says, Region(0, 0, width, height)),) if self.says else ())


Opening = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def opening(tmp_path: Path, sqlite_url: str, reader: Reader) -> Opening:
    def build(settings: MediaSettings, blocked: BlockList, environment: Mapping[str, str]) -> Tools:
        return Tools(settings, blocked, (reader,), build_tools(settings, blocked, environment).transcriber)

    @asynccontextmanager
    async def open_house(media: str = "", *, labels: bool = True) -> AsyncIterator[House]:
        section = media or '\nmedia: {enabled: "true"}\n'
        room = MediaRoom(section, build, TestLabeller() if labels else None)
        async with house_in(tmp_path, sqlite_url, media=room) as house:
            house.upstream.text, house.upstream.medium = "一只猫", PNG
            yield house

    return open_house


async def test_a_picture_leaves_with_its_label_and_the_evidence_names_it(opening: Opening) -> None:
    async with opening() as house:
        _, headers, raw = await house.post_to(IMAGES, {**ASK, "response_format": "url", "user": "u"})
        answer = orjson.loads(raw)
        (row,) = answer["data"]
        assert set(row) == {"b64_json", "revised_prompt"}
        content = base64.b64decode(row["b64_json"])
        assert label_of(content) == {"Label": "1", "ProduceID": answer["guiju"]["exchange_id"]}
        assert "x-aigc-label" in headers
        (seen,) = house.upstream.seen
        assert seen.body == {"model": "m", "prompt": "画一只猫", "response_format": "b64_json"}
        closed = await house.closing()
        assert closed["output"][0]["released"]["content"] == "一只猫"
        assert closed["output"][0]["released"]["medium"].startswith(f"image/png {len(content)} bytes sha256:")
        assert closed["media"][0]["type"] == "image/png"
        assert closed["label"]


async def test_each_of_several_pictures_has_a_number_of_its_own(opening: Opening) -> None:
    async with opening() as house:
        packed = base64.b64encode(PNG).decode()
        house.upstream.answer = {"data": [{"b64_json": packed}, {"b64_json": packed}], "usage": {"total_tokens": 5}}
        answer = orjson.loads((await house.post_to(IMAGES, {**ASK, "n": 2}))[2])
        numbers = [label_of(base64.b64decode(row["b64_json"]))["ProduceID"] for row in answer["data"]]
        assert numbers == [f"{answer['guiju']['exchange_id']}.{at}" for at in range(2)]


@pytest.mark.parametrize("path", [IMAGES, SPEECH])
async def test_where_nothing_labels_nothing_is_made(opening: Opening, path: str) -> None:
    async with opening(labels=False) as house:
        status, _, raw = await house.post_to(path, ASK if path == IMAGES else SAY)
        assert status == 422
        assert orjson.loads(raw)["error"]["code"] == "media_not_labelled"
        assert house.upstream.seen == []
        (entry,) = await house.entries("exchange.rejected")
        assert entry["code"] == "media_not_labelled"


async def test_without_media_moderation_no_picture_is_made_or_taken(house: House) -> None:
    status, _, raw = await house.post_to(IMAGES, ASK)
    assert (status, orjson.loads(raw)["error"]["code"]) == (422, "media_not_labelled")
    body = form("猫", Part("image", PNG, "a.png", "image/png"))
    status, _, raw = await house.post_to(EDITS, body, **FORM)
    assert (status, orjson.loads(raw)["error"]["param"]) == (400, "image")
    assert house.upstream.seen == []


@pytest.mark.parametrize("medium", [JPEG, b"GIF89a no picture", PNG[:40]])
async def test_what_cannot_be_labelled_does_not_leave(opening: Opening, medium: bytes) -> None:
    async with opening() as house:
        house.upstream.medium = medium
        status, _, raw = await house.post_to(IMAGES, ASK)
        error = orjson.loads(raw)["error"]
        assert (status, error["code"]) in {(422, "media_not_labelled"), (400, "content_filter")}
        assert base64.b64encode(medium).decode()[:24] not in raw.decode()
        closed = await house.closing()
        assert closed["outcome"] in {"output_stopped", "undetermined"}
        assert "label" not in closed


async def test_a_picture_that_shows_a_term_does_not_leave(opening: Opening, reader: Reader) -> None:
    async with opening() as house:
        reader.says = f"标语：{BANNED}"
        status, _, raw = await house.post_to(IMAGES, ASK)
        answer = orjson.loads(raw)
        assert (status, answer["error"]["code"]) == (400, "content_filter")
        assert REPLY in answer["error"]["message"]
        assert answer["guiju"]["risks"] == ["A.1-f"]
        closed = await house.closing()
        assert closed["outcome"] == "output_stopped"
        assert closed["media"][0]["action"] == "refuse"


async def test_a_picture_that_is_to_be_changed_is_looked_at_and_sent_on_as_it_came(
    opening: Opening, reader: Reader
) -> None:
    async with opening() as house:
        body = form("加一顶帽子", Part("image", PNG, "a.png", "image/png"), Part("mask", JPEG, "m.jpg", "image/jpeg"))
        status, _, raw = await house.post_to(EDITS, body, **FORM)
        assert status == 200, raw
        (seen,) = house.upstream.seen
        assert (seen.body["prompt"], seen.body["image"], seen.body["mask"]) == (
            "加一顶帽子",
            ("a.png", PNG),
            ("m.jpg", JPEG),
        )
        (opened,) = await house.entries("exchange.opened")
        assert [one["place"] for one in opened["media"]] == ["image", "mask"]
        reader.says = BANNED
        body = form("加一顶帽子", Part("image", encoded(scene(3)), "a.png", "image/png"))
        status, _, raw = await house.post_to(EDITS, body, **FORM)
        assert (status, orjson.loads(raw)["error"]["code"]) == (400, "content_filter")
        assert len(house.upstream.seen) == 1


class _Gallery(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/a.png" else 302)
        self.send_header("Content-Length", str(len(PNG)))
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(PNG)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def gallery() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Gallery)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


async def test_a_picture_at_an_address_is_fetched_from_where_the_operator_allows(
    opening: Opening, gallery: str
) -> None:
    allowed = f'\nmedia:\n  enabled: "true"\n  internal_hosts: ["{gallery}"]\n'
    async with opening(allowed) as house:
        house.upstream.medium_url = f"http://{gallery}/a.png"
        answer = orjson.loads((await house.post_to(IMAGES, ASK))[2])
        assert label_of(base64.b64decode(answer["data"][0]["b64_json"]))
        for url in (f"http://{gallery}/elsewhere", "http://127.0.0.1:9/a.png", "file:///etc/passwd", "data:,x"):
            house.upstream.medium_url = url
            status, _, raw = await house.post_to(IMAGES, ASK)
            assert status == 422, raw
            assert (await house.closing())["outcome"] == "output_stopped"


async def test_speech_leaves_with_its_label(opening: Opening) -> None:
    async with opening() as house:
        house.upstream.medium = WAV
        status, headers, raw = await house.post_to(SPEECH, SAY)
        assert (status, headers["content-type"]) == (200, "audio/wav")
        assert raw.startswith(WAV)
        (opened,) = await house.entries("exchange.opened")
        assert label_of(raw)["ProduceID"] == opened["id"]
        status, _, raw = await house.post_to(SPEECH, {**SAY, "response_format": "mp3"})
        assert (status, orjson.loads(raw)["error"]["code"]) == (422, "media_not_labelled")
        for wrong in ({"response_format": "pcm"}, {"stream_format": "sse"}, {"input": ""}):
            assert (await house.post_to(SPEECH, {**SAY, **wrong}))[0] == 400
        house.upstream.medium = b"no sound"
        assert (await house.post_to(SPEECH, SAY))[0] == 422
        assert len(house.upstream.seen) == 2


async def test_what_speech_would_say_is_decided_about_as_an_output(opening: Opening, tmp_path: Path) -> None:
    async with opening() as house:
        keywords = tmp_path / "keywords" / "A.1-f.yaml"
        text = keywords.read_text(encoding="utf-8")
        row = "  - {reason: 只管输出, level: high, scope: [output], terms: [仅输出词]}\n"
        keywords.write_text(text.rstrip() + "\n" + row, encoding="utf-8")
        house.moderation.reload()
        house.upstream.medium = WAV
        status, _, raw = await house.post_to(SPEECH, {**SAY, "input": "说仅输出词"})
        assert (status, orjson.loads(raw)["error"]["code"]) == (400, "content_filter")
        assert WAV not in raw
        assert (await house.closing())["outcome"] == "output_stopped"


@pytest.mark.parametrize("path", HEARD)
@pytest.mark.parametrize("kind", ["json", "text", "srt", "verbose_json"])
async def test_what_is_heard_is_moderated_in_every_format(house: House, path: str, kind: str) -> None:
    sound = Part("file", WAV, "a.wav", "audio/wav")
    house.upstream.text = "今天天气很好"
    status, headers, raw = await house.post_to(path, form("名字", sound, response_format=kind), **FORM)
    assert status == 200, raw
    assert "x-aigc-label" in headers
    assert "今天天" in raw.decode()
    (seen,) = house.upstream.seen
    assert seen.body["file"] == ("a.wav", WAV)
    if kind == "verbose_json":
        assert [one["text"] for one in orjson.loads(raw)["segments"]] == list("今天天气很好")
    house.upstream.text = f"前{BANNED}后"  # in srt and segments, the term is cut in two
    status, _, raw = await house.post_to(path, form("名字", sound, response_format=kind), **FORM)
    assert (status, orjson.loads(raw)["error"]["code"]) == (400, "content_filter")
    assert "禁" not in raw.decode()
    assert (await house.closing())["outcome"] == "output_stopped"
    house.upstream.text = "电话 13800138000"
    status, _, raw = await house.post_to(path, form("名字", sound, response_format=kind), **FORM)
    assert status == 200
    assert "13800138000" not in raw.decode()
    assert "1380" not in raw.decode()


async def test_where_something_listens_the_sound_is_heard_before_it_is_sent_on(opening: Opening) -> None:
    with transcription_server() as ear:
        media = f'\nmedia:\n  enabled: "true"\n  transcription: {{base_url: "{ear.url}"}}\n'
        async with opening(media) as house:
            ear.text = f"说{BANNED}"
            sound = Part("file", WAV, "a.wav", "audio/wav")
            status, _, raw = await house.post_to(HEARD[0], form("名字", sound), **FORM)
            (opened,) = await house.entries("exchange.opened")
            assert opened["media"][0]["place"] == "file"
            assert (status, orjson.loads(raw)["error"]["code"]) == (400, "content_filter")
            assert house.upstream.seen == []


async def test_a_form_that_is_none_is_refused_with_its_place(house: House) -> None:
    sound = Part("file", WAV, "a.wav", "audio/wav")
    whole = form("名字", sound)
    bodies: list[tuple[bytes, str, dict[str, str]]] = [
        (b'{"model": "m"}', "Content-Type", {"Content-Type": "application/json"}),
        (whole[:-20], "", FORM),
        (b"", "", FORM),
        (form("名字"), "file", FORM),
        (form("名字", sound, sound), "file", FORM),
        (form("名字", sound, stream="true"), "stream", FORM),
        (form("名字", sound, response_format="xml"), "response_format", FORM),
        (form("名字", sound).replace("名字".encode(), b"\xff\xfe"), "prompt", FORM),
    ]
    for body, place, headers in bodies:
        status, _, raw = await house.post_to(HEARD[0], body, **headers)
        assert status == 400, raw
        assert (orjson.loads(raw)["error"]["param"] or "") == place
    assert house.upstream.seen == []
    assert len(await asyncio.gather(house.entries("exchange.rejected"))) == 1
