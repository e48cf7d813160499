"""The section `media` of a policy: read strictly, off without a word."""

import pytest

from guiju.moderation.fields import FieldReader
from guiju.moderation.media.settings import CHECKERS, MediaSettings, read_media
from guiju.moderation.yaml_document import parse_document


def read(text: str) -> tuple[MediaSettings, list[str]]:
    reader = FieldReader("policy")
    settings = read_media(reader, parse_document(text.encode(), max_bytes=10_000))
    return settings, [error.text for error in reader.errors]


def test_without_the_section_media_are_not_taken() -> None:
    settings = read_media(FieldReader("policy"), None)
    assert settings == MediaSettings()
    assert not settings.enabled


def test_every_field_is_read() -> None:
    settings, wrong = read("""
enabled: "true"
keep: "true"
trailing: tolerate
hosts: [IMG.example.cn, "cdn.example.cn:8443"]
internal_hosts: [store.inside]
limits: {bytes: 5000000, pixels: 1000000, side: 4000, frames: 8, parts: 2, seconds: 60, budget_ms: 9000}
text: {block: review, review: observe}
picture_blocked: {distance: 6, risk: A.4-b}
picture_text: {enabled: "false"}
picture_codes: {urls: review, allowed_hosts: [example.cn], blocked_hosts: [bad.example.net]}
picture_nudity: {model: nudenet, review_percent: 30, block_percent: 70}
transcription: {base_url: "http://127.0.0.1:9000/v1", model: whisper, key_env: ASR_KEY, timeout_ms: 5000}
ffmpeg: /usr/bin/ffmpeg
""")
    assert wrong == []
    assert settings.enabled
    assert settings.keeps
    assert settings.tolerates_trailing
    assert settings.hosts == ("img.example.cn", "cdn.example.cn:8443")
    assert settings.enabled_checkers == tuple(name for name in CHECKERS if name != "picture_text")
    assert (settings.bounds.frames, settings.bounds.bytes, settings.bounds.budget_ms) == (8, 5_000_000, 9000)
    assert settings.text_wishes == {"block": "review", "review": "observe", "observe": "observe"}
    assert (settings.distance, settings.blocked_risk) == (6, "A.4-b")
    assert (settings.nudity.model, settings.nudity.review, settings.nudity.block) == ("nudenet", 30, 70)
    assert settings.codes.blocked == ("bad.example.net",)
    assert settings.transcription.key_env == "ASR_KEY"
    assert settings.ffmpeg == "/usr/bin/ffmpeg"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("enabled: yes", "media.enabled"),
        ("pictures: {}", "media.pictures"),
        ("limits: {bytes: 99999999999}", "media.limits.bytes"),
        ("limits: {words: 1}", "media.limits.words"),
        ("hosts: [https://example.cn/]", "media.hosts"),
        ("hosts: ['*.example.cn']", "media.hosts"),
        ("hosts: example.cn", "media.hosts"),
        ("picture_blocked: {distance: 40}", "media.picture_blocked.distance"),
        ("picture_blocked: {risk: A.9-a}", "media.picture_blocked.risk"),
        ("picture_nudity: {model: guess}", "media.picture_nudity.model"),
        ("picture_codes: {urls: delete}", "media.picture_codes.urls"),
        ("picture_text: [a]", "media.picture_text"),
        ("transcription: {model: m}", "media.transcription.base_url"),
        ("transcription: {base_url: 'ftp://x'}", "media.transcription.base_url"),
        ("text: {block: refuse}", "media.text.block"),
        ("- a", "media"),
    ],
)
def test_what_is_wrong_is_named(text: str, field: str) -> None:
    assert field in read(text)[1]
