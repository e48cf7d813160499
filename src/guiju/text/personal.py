"""Check digits and number plans of personal identifiers: one source for the rooms that look for them.

GB 11643-1999 (resident ID: birth date and check character by ISO 7064 MOD 11-2), GB/T 2260 (its first two digits; 81,
82 and 83 on residence permits of people from Hong Kong, Macau and Taiwan), ISO/IEC 7812-1 (Luhn check of card numbers),
GB 32100-2015 (unified social credit code: MOD 31-3). All take lower case without separators.
"""

import re
from datetime import date

_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")
_CREDIT_HEAD = re.compile("[1-9any][1239]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10x98765432"
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_CREDIT_SYMBOLS = "0123456789abcdefghjklmnpqrtuwxy"


def is_resident_id(text: str) -> bool:
    """Whether 18 characters are a resident ID number: region, birth date and check character (GB 11643-1999)."""
    if not _PROVINCES.match(text):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11] == text[17]


def is_bank_card(text: str) -> bool:
    """Whether digits are a card number: an issuer range in use, its length, and the Luhn check (ISO/IEC 7812-1)."""
    if not re.fullmatch(
        r"62\d{14,17}|4\d{15}|436742\d{13}|(?:5[1-5]|2[2-7])\d{14}|35\d{14}|3[47]\d{13}|9\d{15,18}|60\d{14,17}", text
    ):
        return False
    total = sum(_DOUBLED[int(digit)] if place % 2 else int(digit) for place, digit in enumerate(reversed(text)))
    return total % 10 == 0 and len(set(text)) > 2  # noqa: PLR2004 - a row of one or two digits is a placeholder


def has_credit_head(text: str) -> bool:
    """Whether 8 characters begin a credit code as they are issued: registrar, kind of body, a region (GB 32100, 4)."""
    return _CREDIT_HEAD.match(text) is not None and _PROVINCES.match(text[2:4]) is not None


def is_credit_code(text: str) -> bool:
    """Whether 18 characters are a unified social credit code: its symbols and its check character (GB 32100-2015)."""
    if any(symbol not in _CREDIT_SYMBOLS for symbol in text):
        return False
    values = [_CREDIT_SYMBOLS.index(symbol) for symbol in text]
    total = sum(value * pow(3, place, 31) for place, value in enumerate(values[:17]))
    return (31 - total % 31) % 31 == values[17] and len(set(text)) > 2  # noqa: PLR2004 - as above
