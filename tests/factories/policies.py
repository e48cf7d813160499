"""The shipped policy with something else in it."""

import re
from pathlib import Path

from guiju.moderation.service import builtin_policy


def words_alone(folder: Path) -> Path:
    """Write the shipped policy without its classifier: what words decide is tried, and as fast as words are."""
    path = folder / "policy.yaml"
    shipped = builtin_policy().read_text("utf-8")
    policy, count = re.subn("(?m)^  classifier: .*$", '  classifier: {enabled: "false"}', shipped)
    assert count == 1
    path.write_text(policy, "utf-8")
    return path
