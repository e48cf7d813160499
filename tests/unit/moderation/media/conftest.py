"""A text moderation with one invented term, and a media moderation on it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from guiju.moderation.library import LibrarySources
from guiju.moderation.media.service import MediaModerator
from guiju.moderation.service import Moderation, builtin_policy

BANNED = "禁止词组甲"
LIBRARY = f"""
version: "1"
risk: A.1-h
updated: 2026-11-25
groups:
  - {{reason: 测试用词, level: high, terms: [{BANNED}]}}
"""

Making = Callable[..., MediaModerator]


@pytest.fixture
def making(tmp_path: Path) -> Making:
    """Make a media moderation whose policy has the given section `media`."""
    folder = tmp_path / "library"
    folder.mkdir()
    (folder / "A.1-h.yaml").write_text(LIBRARY, "utf-8")

    def make(media: str = 'enabled: "true"', policy: str = "", **options: object) -> MediaModerator:
        # Invented words stand in these pictures, about which a classifier of meaning has its own opinion.
        shipped = re.sub(
            "(?m)^  classifier: .*$", '  classifier: {enabled: "false"}', builtin_policy().read_text("utf-8")
        )
        text = (policy or shipped) + "\nmedia:\n"
        text += "".join(f"  {line}\n" for line in media.splitlines())
        path = tmp_path / "policy.yaml"
        path.write_text(text, "utf-8")
        moderation = Moderation(LibrarySources(folder, None), path)
        return MediaModerator(moderation, tmp_path / "blocked.csv", **options)  # type: ignore[arg-type]

    return make
