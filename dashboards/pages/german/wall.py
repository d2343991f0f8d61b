"""German words of the wall."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "customer experience, last {window}": "Kundenerlebnis, letzte {window}",
    "last {window}": "letzte {window}",
    "no data": "keine Daten",
    "too few": "zu wenige",
    "{n} below usual {score}": "{n} unter dem Üblichen {score}",
    "{n} above usual {score}": "{n} über dem Üblichen {score}",
    "as usual": "wie üblich",
    "learning what is usual": "lernt noch, was üblich ist",
    "First contact with unhappy customers": "Erster Kontakt mit Unzufriedenen",
    "These clocks keep running. New cases since then are missing.": (
        "Diese Fristen laufen weiter. Neue Fälle seither fehlen."
    ),
    "Colours are off while data is stale. Numbers and arrows are as of": (
        "Ohne Farben, solange die Daten alt sind. Zahlen und Pfeile vom Stand"
    ),
    "ages keep counting": "Alter läuft weiter",
    "max {length}": "max. {length}",
    "no answers": "keine Antworten",
    "CX, 7 d": "CX, 7 T.",
    "On time today:": "Heute rechtzeitig:",
    "{n} of {all}": "{n} von {all}",
    "Nothing was due today yet.": "Heute war noch nichts fällig.",
    "open incident": "offener Vorfall",
    "below usual": "unter üblich",
    "above usual": "über üblich",
    "blind spot": "blinder Fleck",
    "not offered": "nicht angeboten",
    "as usual: the difference could be chance": "wie üblich: der Unterschied kann Zufall sein",
    "{n} open incidents": "{n} offene Vorfälle",
    "1 open incident": "1 offener Vorfall",
    "No incident is open": "Kein Vorfall ist offen",
    "{n} more are on the page": "{n} weitere stehen auf der Seite",
    "{n} possible spam, not paged": "{n} vermutlich Spam, nicht gemeldet",
    "not taken": "nicht übernommen",
    "taken by {name}": "übernommen von {name}",
}
