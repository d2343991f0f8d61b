"""German words of what was not done, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    # what was not done
    "That was not done": "Das wurde nicht getan",
    "{name} was faster": "{name} war schneller",
    "It has changed meanwhile": "Es hat sich inzwischen geändert",
    "Nothing was changed by you. What you typed is kept below.": (
        "Von Ihnen wurde nichts geändert. Was Sie geschrieben haben, steht noch unten."
    ),
    "A text is too long: at most 2,000 characters.": "Ein Text ist zu lang: höchstens 2.000 Zeichen.",
    "This form is not complete: load the page again.": "Dieses Formular ist unvollständig: Seite neu laden.",
    "The time of the next contact cannot be read: write it as 2026-11-19T14:30.": (
        "Die Zeit des nächsten Kontakts ist nicht lesbar: so schreiben: 2026-11-19T14:30."
    ),
    "Choose by which way the customer was contacted.": "Wählen Sie, auf welchem Weg kontaktiert wurde.",
    "Choose a result.": "Wählen Sie ein Ergebnis.",
    "Say when to contact the customer again.": "Sagen Sie, wann erneut kontaktiert werden soll.",
    # what went wrong
    "Please sign in": "Bitte anmelden",
    "This page is only for people who are signed in.": "Diese Seite ist nur für angemeldete Personen.",
    "Not for you": "Nicht für Sie",
    "Your account may not see this page. Ask whoever runs cxwatch.": (
        "Ihr Konto darf diese Seite nicht sehen. Fragen Sie, wer cxwatch betreibt."
    ),
    "There is no such page": "Diese Seite gibt es nicht",
    "The link is wrong or old.": "Der Link ist falsch oder alt.",
    "That does not work here": "Das geht hier nicht",
    "This address cannot be used that way.": "Diese Adresse kann so nicht benutzt werden.",
    "That did not work": "Das hat nicht geklappt",
    "The page could not be made. It is noted in the log; try again in a moment.": (
        "Die Seite konnte nicht gemacht werden. Es steht im Protokoll; gleich noch einmal versuchen."
    ),
    "The database does not answer": "Die Datenbank antwortet nicht",
    "Nothing can be shown until it does. `cxwatch doctor` says more.": (
        "Bis dahin kann nichts gezeigt werden. `cxwatch doctor` sagt mehr."
    ),
}
