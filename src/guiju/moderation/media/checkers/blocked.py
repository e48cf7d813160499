"""Pictures that look like one that was blocked before, by perceptual hash."""

from guiju.moderation.media.blocklist import BlockedPicture, BlockList
from guiju.moderation.media.hashing import BITS, hash_picture, sampled, without_border
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.models import Seen, Sighting
from guiju.moderation.models import Finding

NAME = "picture_blocked"


class BlockedPictureChecker:
    """Compares a picture, its mirror image, and itself without its border, with the block list."""

    name = NAME

    def __init__(self, blocked: BlockList, distance: int) -> None:
        """Call alike what differs in at most `distance` of 64 bits."""
        self._blocked = blocked
        self._distance = distance

    def look(self, picture: Picture) -> Sighting:
        """Return the nearest blocked picture, if it is near enough."""
        pixels = sampled(picture.pixels)
        for candidate in (pixels, pixels[:, ::-1], without_border(pixels)):
            found = hash_picture(candidate)
            match = self._blocked.nearest(found, self._distance) if found is not None else None
            if match is not None:
                return Sighting((_seen(*match),))
        return Sighting()


def _seen(blocked: BlockedPicture, distance: int) -> Seen:
    finding = Finding(
        detector=NAME,
        risks=(blocked.risk,),
        level="high" if blocked.wish == "block" else "medium",
        wish=blocked.wish,
        start=0,
        end=0,
        term_id=f"{NAME}:{blocked.sha256[:16]}",
        view="phash",
        reason=f"与已屏蔽图片相差 {distance} 位：{blocked.reason}",
    )
    return Seen(finding, score=1 - distance / BITS)
