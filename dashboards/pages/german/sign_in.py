"""German words of the sign-in page."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "Sign in": "Anmelden",
    "Sign in to {product}": "Bei {product} anmelden",
    "Name": "Name",
    "Password": "Passwort",
    "Forgotten? Whoever runs cxwatch sets a new one:": "Vergessen? Wer cxwatch betreibt, setzt ein neues:",
    "Nobody can sign in yet. Whoever runs cxwatch makes a user:": (
        "Noch kann sich niemand anmelden. Wer cxwatch betreibt, legt jemanden an:"
    ),
    "Name or password is not right.": "Name oder Passwort stimmt nicht.",
    "This form was not sent by this page: load it again, then try again.": (
        "Dieses Formular kam nicht von dieser Seite: neu laden, dann noch einmal versuchen."
    ),
    "Too many tries. Try again in {minutes} min.": "Zu viele Versuche. In {minutes} min noch einmal.",
}
