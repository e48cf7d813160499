"""What can be wrong with a mark."""

from guiju.kit.errors import ConfigurationError


class LabelError(ConfigurationError):
    """A label, a provider code or a text mark does not follow the standard."""

    code = "label_invalid"
