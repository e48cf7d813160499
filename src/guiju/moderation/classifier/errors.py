"""What can be wrong with the classifier's files and with an operator's examples."""

from guiju.kit.errors import ConfigurationError, InputError


class ClassifierError(ConfigurationError):
    """The classifier cannot be loaded; whoever asks it gets this and never "no risk"."""

    code = "classifier_error"


class ExamplesError(InputError):
    """An operator's examples cannot be used to fit a head."""

    code = "classifier_examples_error"
