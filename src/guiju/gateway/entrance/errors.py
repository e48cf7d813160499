"""Why a call is not let in; each says what to do next."""

from guiju.gateway import rules
from guiju.gateway.errors import CallError


class AdmissionError(CallError):
    """A call of a known app that is not let in.

    Attributes:
        provision: the provision by which it is refused.
    """

    code = "not_admitted"
    status = 403
    kind = "permission_error"
    provision = rules.PRODUCER_DUTY


class UserRequiredError(AdmissionError):
    """The app serves only users that it names, or that carry a token."""

    code = "user_required"
    status = 400
    kind = "invalid_request_error"


class UserTokenError(AdmissionError):
    """The user's token cannot be accepted."""

    code = "invalid_user_token"
    status = 401
    kind = "authentication_error"


class RealIdentityRequiredError(AdmissionError):
    """The app serves only users whose real identity was declared."""

    code = "real_identity_required"


class DeclarationRefusedError(AdmissionError):
    """The app may not declare the identity of its users."""

    code = "declaration_not_allowed"


class IdentityUnavailableError(AdmissionError):
    """The keys of the issuer cannot be had, so that no token can be checked."""

    code = "identity_unavailable"
    status = 503
    kind = "server_error"
    retry_after_seconds = 5


class AdmissionUnavailableError(AdmissionError):
    """What admission rests on cannot be read, so that nobody is let in."""

    code = "admission_unavailable"
    status = 503
    kind = "server_error"
    retry_after_seconds = 5
    provision = rules.STEADY_SERVICE


def unavailable() -> AdmissionUnavailableError:
    """Return the error for a database or a counter that does not answer."""
    return AdmissionUnavailableError(
        "用户、限额或处置记录目前无法读取，因此不放行；请稍后重试，并请运营方检查数据库。",
        "Users, limits or sanctions cannot be read now, so nothing is let in; try again later. Operator: check the "
        "database.",
    )
