"""The block `labels` of the operator's YAML: what it says is used, and what it cannot say is told with its place."""

from pathlib import Path

import pytest

from guiju.kit.errors import ConfigurationError
from guiju.labelling.configuration import (
    DEFAULT_TEXT,
    C2paSettings,
    LabelSettings,
    label_schema,
    load_label_settings,
    read_label_settings,
)
from guiju.labelling.marks.models import MarkStyle, Moment, Position, SoundCue


def test_without_a_block_the_defaults_hold(tmp_path: Path) -> None:
    assert load_label_settings(tmp_path / "none.yaml") == LabelSettings(MarkStyle(DEFAULT_TEXT))
    (tmp_path / "a.yaml").write_text("provider_code: x\n")
    assert load_label_settings(tmp_path / "a.yaml") == LabelSettings()


def test_what_it_says_is_used_and_paths_are_seen_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "labels: {text: 'AI合成', position: top-left, moment: end, cue: voice, stays: true, "
        "voice: v.wav, ffmpeg: /x/ffmpeg}",
        "utf-8",
    )
    found = load_label_settings(tmp_path / "a.yaml")
    style = MarkStyle("AI合成", Position.TOP_LEFT, Moment.END, SoundCue.VOICE, stays=True)
    assert found == LabelSettings(style, None, tmp_path / "v.wav", "/x/ffmpeg")


def test_what_signs_manifests_is_seen_from_the_file_too(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "labels: {watermark: true, c2pa: {certificates: c.pem, key: k.pem, trust: /r.pem, required: true}}"
    )
    found = load_label_settings(tmp_path / "a.yaml")
    assert found.watermark
    assert found.c2pa == C2paSettings(tmp_path / "c.pem", tmp_path / "k.pem", Path("/r.pem"), is_required=True)


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ("[]", "labels"),
        ("{colour: red}", "labels"),
        ("{text: 5}", "labels.text"),
        ("{text: " + "字" * 41 + "}", "labels.text"),
        ("{position: centre}", "labels.position"),
        ("{moment: 2}", "labels.moment"),
        ("{cue: jingle}", "labels.cue"),
        ("{stays: 'yes'}", "labels.stays"),
        ("{watermark: 1}", "labels.watermark"),
        ("{c2pa: x.pem}", "labels.c2pa"),
        ("{c2pa: {colour: red}}", "labels.c2pa"),
        ("{c2pa: {certificates: a.pem}}", "labels.c2pa"),
        ("{c2pa: {key: a.pem}}", "labels.c2pa"),
        ("{c2pa: {required: true}}", "labels.c2pa.required"),
        ("{c2pa: {certificates: 5}}", "labels.c2pa.certificates"),
        ("{c2pa: {certificates: a, key: b, timestamp: ftp://x}}", "labels.c2pa.timestamp"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_place(block: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"labels: {block}", "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_label_settings(tmp_path / "a.yaml")
    assert caught.value.where == place


def test_the_schema_knows_every_key_that_the_reader_knows(tmp_path: Path) -> None:
    properties = label_schema()["properties"]
    assert isinstance(properties, dict)
    for name in properties:
        with pytest.raises(ConfigurationError) as caught:
            read_label_settings({name: 5}, tmp_path)
        assert caught.value.where == f"labels.{name}"  # known, and of the wrong type
    with pytest.raises(ConfigurationError, match="未知字段"):
        read_label_settings({"other": 5}, tmp_path)
