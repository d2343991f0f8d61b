"""German words of the journey's page."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "delight": "begeistert",
    "disappointing": "enttäuschend",
    "neutral": "neutral",
    "worse than elsewhere": "schlechter als sonst",
    "today": "heute",
    "7 days": "7 Tage",
    "30 days": "30 Tage",
    "Window": "Zeitraum",
    "CX score: graded behaviour, no question asked": "CX-Wert: benotetes Verhalten, ohne Fragen",
    "{stage} is the weakest link:": "{stage} ist das schwächste Glied:",
    "worst in {channel}": "am schlechtesten in {channel}",
    "{share} of its promises are missed": "{share} der Zusagen dort werden nicht gehalten",
    "No stage has a CX score yet.": "Noch hat keine Phase einen CX-Wert.",
    "It takes {n} customers with a graded event.": "Dafür braucht es {n} Kunden mit einem benoteten Ereignis.",
    "Over all stages": "Über alle Phasen",
    "per customer": "je Kunde",
    "CX score by stage": "CX-Wert je Phase",
    "interval above 0": "Intervall über 0",
    "interval holds 0": "Intervall enthält 0",
    "interval below 0": "Intervall unter 0",
    "weakest link": "schwächstes Glied",
    "By channel and stage": "Nach Kanal und Phase",
    "CX score by channel and stage; below, effort, promises and replies by stage": (
        "CX-Wert nach Kanal und Phase; darunter Aufwand, Zusagen und Antwortzeiten je Phase"
    ),
    "all channels": "alle Kanäle",
    "{n} contacts, 0 graded": "{n} Kontakte, 0 benotet",
    "Gap best to worst": "Abstand bester zu schlechtestem",
    "beyond chance": "kein Zufall",
    "{best} best, {worst} worst": "{best} am besten, {worst} am schlechtesten",
    "Effort, promises, replies": "Aufwand, Zusagen, Antwortzeiten",
    "share, 95 % interval, n": "Anteil, 95-%-Intervall, n",
    "answers 5 to 7 of 7": "Antworten 5 bis 7 von 7",
    "not asked": "nicht gefragt",
    "Observed effort": "Beobachteter Aufwand",
    "contacts a customer": "Kontakte je Kunde",
    "{switches} switches, {repeats} repeats": "{switches} Wechsel, {repeats} Wiederholungen",
    "Promises kept": "Gehaltene Zusagen",
    "9 of 10 late ones by at most …": "9 von 10 verspäteten um höchstens …",
    "late by {length}": "zu spät um {length}",
    "none made": "keine gegeben",
    "First reply": "Erste Antwort",
    "half within · 9 of 10 within": "die Hälfte · 9 von 10 binnen",
    "{channel} slowest": "{channel} am langsamsten",
    "nobody waited": "niemand hat gewartet",
    "Went through alone": "Allein zurechtgekommen",
    "customers without a contact": "Kunden ohne Kontakt",
    "A stage's own score is exact; the rest is read from each customer's last 20 events. In the lower half a colour "
    "means: worse than the other stages, beyond chance.": (
        "Der Wert einer Phase ist genau; das Übrige ist aus den letzten 20 Ereignissen jedes Kunden gelesen. In der "
        "unteren Hälfte heißt Farbe: schlechter als die anderen Phasen, und kein Zufall."
    ),
    "all alike": "alle gleich",
    "Journey against touchpoints": "Kundenreise gegen Berührungspunkte",
    "customers who answered ended with a bad answer although every graded touchpoint was fine": (
        "Kunden mit Antwort endeten schlecht, obwohl jeder benotete Berührungspunkt gut war"
    ),
    "Nobody answered in this window.": "Niemand hat in diesem Zeitraum geantwortet.",
    "Silent unhappy": "Unzufrieden, schweigt",
    "{n} customers": "{n} Kunden",
    "had bad events and gave no answer": "hatten schlechte Ereignisse und gaben keine Antwort",
    "of {n}": "von {n}",
    "Those with a case, in the queue": "Die mit einem Fall, in der Liste",
    "Nobody was met in this window.": "In diesem Zeitraum ist niemand begegnet.",
    "Blind spots": "Blinde Flecken",
    "{n} contacts, nothing graded": "{n} Kontakte, nichts benotet",
    "{n} events, no answers": "{n} Ereignisse, keine Antworten",
    "nothing came from here": "von hier kam nichts",
    "and {n} more": "und {n} weitere",
    "Settings: graded events": "Einstellungen: benotete Ereignisse",
    "None: everything that comes is graded or answered somewhere.": (
        "Keine: Was kommt, ist überall benotet oder beantwortet."
    ),
}
