"""`guiju media`: block a picture, and try what would be decided."""

from pathlib import Path

from tests.factories.pictures import encoded, scene
from tests.unit.cli.conftest import Cli

from guiju.moderation.service import builtin_policy

_MEDIA = """
media:
  enabled: "true"
  picture_text: {enabled: "false"}
  picture_codes: {enabled: "false"}
  picture_nudity: {enabled: "false"}
"""


def test_a_blocked_picture_is_listed_and_its_copies_are_refused(cli: Cli, var: Path, tmp_path: Path) -> None:
    picture, copy, other = tmp_path / "a.png", tmp_path / "b.jpg", tmp_path / "c.png"
    picture.write_bytes(encoded(scene(1)))
    copy.write_bytes(encoded(scene(1).resize((200, 150)), "JPEG", quality=40))
    other.write_bytes(encoded(scene(2)))
    var.mkdir()
    (var / "policy.yaml").write_text(builtin_policy().read_text("utf-8") + _MEDIA, "utf-8")
    said = cli("media", "block", str(picture), "--risk", "A.4-b", "--reason", "测试用图", "--by", "审核员甲")
    assert said.status == 0, said.err
    assert "VAR/media/blocked.csv" in said.out
    assert "already" in cli("media", "block", str(picture), "--risk", "A.4-b", "--reason", "又", "--by", "乙").out
    assert "测试用图" in cli("media", "list").out
    assert "测试用图" in cli("media", "hash", str(copy)).out
    assert "→ refuse A.4-b" in cli("media", "check", str(copy)).out
    assert "→ allow" in cli("media", "check", str(other)).out


def test_what_cannot_be_blocked_is_a_clear_error(cli: Cli, var: Path, tmp_path: Path) -> None:
    plain, broken = tmp_path / "plain.png", tmp_path / "broken.png"
    plain.write_bytes(encoded(scene(1).resize((1, 1)).resize((50, 50))))
    broken.write_bytes(b"no picture")
    words = ("--risk", "A.1-f", "--reason", "x", "--by", "y")
    assert cli("media", "block", str(plain), *words).status == 2
    assert cli("media", "block", str(broken), *words).status == 2
    assert cli("media", "block", str(plain), "--risk", "A.9-z", "--reason", "x", "--by", "y").status == 2
    assert cli("media", "hash", str(tmp_path / "nothing")).status == 2
    assert not (var / "media").exists()


def test_where_policy_takes_no_media_a_trial_says_so_and_what_to_do(cli: Cli, tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(encoded(scene(1)) + b"behind")
    said = cli("media", "check", str(picture))
    assert "guiju[media]" in said.out
    assert "trailing_data" in said.out
    assert "→ undetermined" in said.out
