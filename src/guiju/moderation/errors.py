"""What can be wrong with what an operator wrote for moderation."""

from guiju.kit.errors import ConfigurationError, InputError


class LibraryError(ConfigurationError):
    """A keyword file cannot be read."""

    code = "keyword_library_error"


class PolicyError(ConfigurationError):
    """A policy bundle cannot be used."""

    code = "policy_error"


class ImportTermsError(InputError):
    """A list of terms cannot be imported at all; single bad lines are reported instead."""

    code = "import_terms_error"
