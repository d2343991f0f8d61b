"""German words of the settings page."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "file, line {n}": "Datei, Zeile {n}",
    "file": "Datei",
    "environment": "Umgebung",
    "default": "Vorgabe",
    "read from {file} when the process started": "beim Start gelesen aus {file}",
    "no settings file: everything is at its default, or from the environment": (
        "keine Datei mit Einstellungen: alles steht auf der Vorgabe oder kommt aus der Umgebung"
    ),
    "False alerts: at most {n} a week, over {places} places together.": (
        "Fehlalarme: höchstens {n} in der Woche, über alle {places} Orte zusammen."
    ),
    "Messages are sent.": "Nachrichten werden gesendet.",
    "Messages are only previewed, none is sent.": "Nachrichten erscheinen nur in der Vorschau, keine wird gesendet.",
    "Messages are paused.": "Nachrichten sind angehalten.",
    "Sections": "Abschnitte",
    "False alerts": "Fehlalarme",
    "Messages": "Nachrichten",
    "Secrets": "Geheimnisse",
    "Refused events": "Abgelehnte Ereignisse",
    "How many false alerts can you live with?": "Mit wie vielen Fehlalarmen können Sie leben?",
    "over all {n} places together": "über alle {n} Orte zusammen",
    "fewer": "weniger",
    "more": "mehr",
    "a week, at most": "in der Woche, höchstens",
    "Fewer false alerts means that real ones are noticed later.": (
        "Weniger Fehlalarme heißt, dass echte später bemerkt werden."
    ),
    "Choices": "Möglichkeiten",
    "Choice": "Wahl",
    "at most in 4 weeks": "höchstens in 4 Wochen",
    "try it on a recorded stream": "an aufgezeichneten Daten ausprobieren",
    "at most {n} a week": "höchstens {n} in der Woche",
    "in force": "gilt",
    "FILE": "DATEI",
    "The last 4 weeks: {paged} paged, {taken} of them taken by somebody; {spam} held back as possible spam.": (
        "Die letzten 4 Wochen: {paged} gemeldet, {taken} davon übernommen; {spam} als vermutlicher Spam zurückgehalten."
    ),
    "What holds from the first minute": "Was von der ersten Minute an gilt",
    "Least answers for a score": "Wenigste Antworten für einen Wert",
    "below that: “too few”": "darunter: „zu wenige“",
    "Least evidence for an alert on a rise": "Wenigste Belege für einen Alarm bei einem Anstieg",
    "below that: “learning what is usual”": "darunter: „lernt noch, was üblich ist“",
    "{n} answers": "{n} Antworten",
    "Until then a rise is judged against": "Bis dahin wird ein Anstieg gemessen an",
    "share of bad answers that is taken as usual": "Anteil schlechter Antworten, der als üblich gilt",
    "Wait for late comments before posting": "Vor dem Senden auf späte Kommentare warten",
    "merges the comment into the first message": "der Kommentar steht dann in der ersten Nachricht",
    "Remind when nobody has taken it": "Erinnern, wenn es niemand übernommen hat",
    "in the same thread": "im selben Thread",
    "after {minutes} min": "nach {minutes} min",
    "Your change": "Ihre Änderung",
    "nothing is changed until the file is": "nichts ändert sich, solange die Datei gleich bleibt",
    "The variable CXWATCH_DETECTION_FALSE_ALERTS_PER_WEEK wins over the file: change it there.": (
        "Die Variable CXWATCH_DETECTION_FALSE_ALERTS_PER_WEEK gilt vor der Datei: dort ändern."
    ),
    "Copy these lines into {file}, then start the process again.": (
        "Diese Zeilen in {file} kopieren und den Prozess neu starten."
    ),
    "Write a settings file with `cxwatch init`, copy these lines into it, then start the process again.": (
        "Mit `cxwatch init` eine Datei schreiben, diese Zeilen hineinkopieren und den Prozess neu starten."
    ),
    "A mistake there is named with its line, its value and what is allowed, all mistakes at once.": (
        "Ein Fehler dort wird mit Zeile, Wert und dem Erlaubten genannt, alle Fehler auf einmal."
    ),
    "live": "live",
    "shadow": "nur Vorschau",
    "paused": "angehalten",
    "The settings file says the mode, which binds: `cxwatch live` is refused until it is taken out there.": (
        "Die Datei sagt, was gilt, und das bindet: `cxwatch live` wird abgelehnt, bis es dort gestrichen ist."
    ),
    "`cxwatch live` sends them, `cxwatch pause 2h` stops them for a while; who did so stands here.": (
        "`cxwatch live` sendet sie, `cxwatch pause 2h` hält sie eine Weile an; wer das tat, steht hier."
    ),
    "Changes of the mode": "Änderungen",
    "by whom": "von wem",
    "until {time}": "bis {time}",
    "Nobody has changed the mode yet.": "Noch hat das niemand geändert.",
    "from the environment, or from a file that NAME_FILE names; their values are never shown": (
        "aus der Umgebung, oder aus einer Datei, die NAME_FILE nennt; ihre Werte werden nie gezeigt"
    ),
    "name": "Name",
    "from": "woher",
    "set, from the environment": "gesetzt, aus der Umgebung",
    "set, from a file": "gesetzt, aus einer Datei",
    "not set": "nicht gesetzt",
    "kept aside, not counted and not guessed": "beiseitegelegt, nicht gezählt und nicht geraten",
    "field": "Feld",
    "rule": "Regel",
    "last": "zuletzt",
    "`cxwatch dead-letters list` shows them, `cxwatch dead-letters retry` takes them in again.": (
        "`cxwatch dead-letters list` zeigt sie, `cxwatch dead-letters retry` nimmt sie wieder auf."
    ),
    "key": "Schlüssel",
    "left out": "nicht angegeben",
    # sections
    "Sources": "Quellen",
    "Channels and stages": "Kanäle und Phasen",
    "Surveys and scales": "Umfragen und Skalen",
    "Graded events": "Benotete Ereignisse",
    "Alerts": "Alarme",
    "Recovery clocks": "Fristen",
    "Slack and other tools": "Slack und andere Werkzeuge",
    "Web": "Web",
    "Privacy and erasure": "Datenschutz und Löschung",
    "Others": "Andere",
}
