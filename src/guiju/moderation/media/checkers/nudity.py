"""What both models that look for nudity have in common: a score becomes a wish."""

from guiju.moderation.media.models import Region, Seen, Sighting
from guiju.moderation.media.settings import NuditySettings
from guiju.moderation.models import Finding

NAME = "picture_nudity"
_RISK = "A.1-f"
"""Obscene and pornographic content (GB/T 45654 A.1 f)."""


def scored(what: str, score: float, settings: NuditySettings, *, region: Region | None = None) -> Sighting:
    """Return a finding when `score`, 0 to 1, reaches one of the thresholds."""
    percent = score * 100
    if percent < min(settings.review, settings.block):
        return Sighting()
    wish = "block" if percent >= settings.block else "review"
    finding = Finding(
        detector=NAME,
        risks=(_RISK,),
        level="high" if wish == "block" else "medium",
        wish=wish,
        start=0,
        end=0,
        term_id=f"{NAME}:{what}",
        view="pixels",
        reason=f"裸露识别得分 {percent:.0f}%（{what}）",
    )
    return Sighting((Seen(finding, region, score),))
