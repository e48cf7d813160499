"""The formats of sound and of its transcripts."""

from collections.abc import Mapping

SPEECH: Mapping[str, str] = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
}
"""The formats of speech that a file can be, and their types; raw samples (`pcm`) have no place for a label."""
TRANSCRIPTS = ("json", "text", "srt", "verbose_json", "vtt")
