"""Contact data in customers' words is masked before the words leave for a chat: e-mail, phone, card, bank numbers.

Rather too much than too little: any run of seven or more digits goes, whatever separates them, dates excepted.
"""

from __future__ import annotations

import re
import unicodedata

# Bounded quantifiers everywhere: a comment of 4,000 characters must not take quadratic time.
_EMAIL = re.compile(
    r"[\w.+%'-]{1,64}\s{0,2}(?:@|[\[({<]\s{0,2}(?:at|ät)\s{0,2}[\])}>])\s{0,2}[\w-]{1,63}"
    r"(?:\s{0,2}(?:\.|[\[({<]\s{0,2}(?:dot|punkt)\s{0,2}[\])}>])\s{0,2}[\w-]{2,63}){1,5}",
    re.IGNORECASE,
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ \u00a0-]?[A-Z0-9]{2,4}){3,8}\b", re.IGNORECASE)
_DIGITS = re.compile(r"[+(]{0,2}\d(?:[\s().,/\u00b7\u2010-\u2015\u2212_-]{0,3}\d){6,29}")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{4}|\d{4}-\d{2}-\d{2}")
_CARD_DIGITS = range(13, 20)
_PHONE_MAX = 15


def mask(text: str) -> str:
    """The text with contact data replaced by what it was, in square brackets."""
    plain = _plain_digits(text)
    plain = _EMAIL.sub("[e-mail removed]", plain)
    plain = _IBAN.sub(lambda m: "[bank number removed]" if _looks_like_iban(m[0]) else m[0], plain)
    return _DIGITS.sub(_what, plain)


def _plain_digits(text: str) -> str:
    """Full-width and other digits and signs as the plain ones, one character for one."""
    return "".join(_plain(ch) for ch in text)


def _plain(ch: str) -> str:
    if ch < "\x80":
        return ch
    digit = unicodedata.decimal(ch, None)
    if digit is not None:
        return str(digit)
    return {"＠": "@", "﹫": "@", "．": ".", "＋": "+"}.get(ch, ch)


def _looks_like_iban(found: str) -> bool:
    return sum(ch.isdigit() for ch in found) >= 10


def _what(found: re.Match[str]) -> str:
    if _DATE.fullmatch(found[0]):
        return found[0]
    digits = [int(ch) for ch in found[0] if ch.isdigit()]
    if len(digits) in _CARD_DIGITS and _luhn(digits):
        return "[card number removed]"
    if len(digits) <= _PHONE_MAX:
        return "[phone removed]"
    return "[number removed]"


def _luhn(digits: list[int]) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
