"""What an incident's page says in German."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    "1 customer with a case": "1 Kunde mit Fall",
    "{n} customers with a case": "{n} Kunden mit Fall",
    "{n} wait for a first contact": "{n} warten auf den ersten Kontakt",
    "Possible spam: nobody was told": "Vermutlich Spam: niemand wurde benachrichtigt",
    "Its answers count as they are, and cases are not held back. It is looked at again every half hour.": (
        "Die Antworten zählen, wie sie sind, und Fälle werden nicht zurückgehalten. "
        "Es wird jede halbe Stunde neu geprüft."
    ),
    "If these are real customers, say so: people are told then, as of any incident.": (
        "Sind es echte Kunden, sagen Sie es: Dann wird benachrichtigt wie bei jedem Vorfall."
    ),
    "Share of bad interactions": "Anteil schlechter Erlebnisse",
    "Contacts": "Kontakte",
    "{place}, usual as a grey band, coloured since {time}": "{place}, Übliches als graues Band, farbig seit {time}",
    "bad below, others above": "schlechte unten, andere oben",
    "{time} noticed": "{time} bemerkt",
    "{time} taken": "{time} übernommen",
    "{time} resolved": "{time} erledigt",
    "How rare this is by chance": "Wie selten der Zufall das bringt",
    "as rare as once in {time}": "so selten wie einmal in {time}",
    "as rare as once in": "so selten wie einmal in",
    "as of {time}": "Stand {time}",
    "it fires at once in {time}: your budget of false alerts": ("Alarm ab einmal in {time}: Ihr Budget für Fehlalarme"),
    "Began about {since}; now as rare as once in {time}.": "Beginn etwa {since}; jetzt so selten wie einmal in {time}.",
    "Over the alert line since {time}.": "Über der Alarmlinie seit {time}.",
    "alert line": "Alarmlinie",
    "over it": "darüber",
    "under it": "darunter",
    "hour": "Stunde",
    "day": "Tag",
    "week": "Woche",
    "year": "Jahr",
    "What is over-represented": "Was auffällig häufig ist",
    "unhappy customers since {time} against those of the four weeks before": (
        "Unzufriedene seit {time} gegen die der vier Wochen davor"
    ),
    "share, 95 % interval; bar = usual": "Anteil, 95-%-Intervall; Strich = üblich",
    "now": "jetzt",
    "usually": "sonst",
    "times usual": "mal üblich",
    "never before": "vorher nie",
    "Reasons given": "Genannte Gründe",
    "Words in comments": "Worte in Kommentaren",
    "What happened before": "Was vorher geschah",
    "Attributes": "Merkmale",
    "Each customer counts once. What chance would bring to the top now and then is left out.": (
        "Jeder Kunde zählt einmal. Was der Zufall gelegentlich nach oben brächte, fehlt hier."
    ),
    "nothing stands out against the usual yet": "noch sticht nichts gegen das Übliche hervor",
    "Stories": "Geschichten",
    "chosen to cover different reasons; contact data is masked": (
        "so gewählt, dass sie Verschiedenes zeigen; Kontaktdaten sind entfernt"
    ),
    "No bad answer since {time} came with words.": "Keine schlechte Antwort seit {time} kam mit Worten.",
    "customer not known": "Kunde nicht bekannt",
    "Volume": "Menge",
    "{times} times the usual": "{times}-mal das Übliche",
    "Kind of change": "Art der Änderung",
    "A jump: the share of bad rose at once.": "Ein Sprung: Der Anteil stieg auf einmal.",
    "A slow rise over days.": "Ein langsamer Anstieg über Tage.",
    "More bad than usual in number, whatever the share.": "Mehr Schlechtes an Zahl, gleich welcher Anteil.",
    "Share and number are odd together, neither alone.": "Anteil und Zahl sind zusammen auffällig, keines allein.",
    "Votes": "Stimmen",
    "share jump": "Sprung des Anteils",
    "forecast": "Vorhersage",
    "shape": "Form",
    "yes": "ja",
    "no": "nein",
    "Spam check": "Spam-Prüfung",
    "does not look like spam": "sieht nicht nach Spam aus",
    "What happens next": "Wie es weitergeht",
    "It resolves by itself once the newest numbers speak clearly for the usual ({range}) again.": (
        "Er erledigt sich von selbst, sobald die neuesten Zahlen wieder klar für das Übliche ({range}) sprechen."
    ),
    "If it comes back within {n} min, it is this incident again, in the same thread.": (
        "Kommt er innerhalb von {n} min wieder, ist es derselbe Vorfall, im selben Thread."
    ),
    "It resolves by itself once no more bad ones come than usual.": (
        "Er erledigt sich von selbst, sobald nicht mehr Schlechtes kommt als üblich."
    ),
    "contacts in that time": "Kontakte in dieser Zeit",
    "bad in that time": "schlechte in dieser Zeit",
    "usual again {time}": "wieder üblich {time}",
    "1 place": "1 Ort",
    "{n} places": "{n} Orte",
    "sign": "Zeichen",
    "since": "seit",
    "{n} earlier": "{n} frühere",
    "answers in that time": "Antworten in dieser Zeit",
    "in that time": "in dieser Zeit",
    "It resolves by itself once it speaks again.": "Er erledigt sich von selbst, sobald wieder etwas kommt.",
    "Nothing yet.": "Noch nichts.",
    "at this place": "an diesem Ort",
    "{n} of {all} recovered": "{n} von {all} zurückgewonnen",
    "{n} h": "{n} Stunden",
    # the list
    "Told of in the last 4 weeks: {n}. By your budget at most {most} of them are false on average.": (
        "In den letzten 4 Wochen gemeldet: {n}. Nach Ihrem Budget sind davon im Schnitt höchstens {most} falsch."
    ),
    "Resolved, {n} days": "Erledigt, {n} Tage",
    "check it": "prüfen",
    "{n} to contact": "{n} zu kontaktieren",
    "no case": "kein Fall",
    "{place} moved along: muted under #{number}, its cases are not": (
        "{place} bewegte sich mit: stumm unter #{number}, seine Fälle nicht"
    ),
    "volume": "Menge",
    "nobody": "niemand",
    "Customers": "Kunden",
    "Bad share, last 12 h; below since the start, 95 %; bar = usual": (
        "Anteil Schlechter, letzte 12 h; darunter seit Beginn, 95 %; Strich = üblich"
    ),
    # where evidence is missing
    "Not enough evidence yet": "Noch nicht genug Belege",
    "no alert, because so little could be chance": "kein Alarm, denn so wenig kann Zufall sein",
    "Places that look bad and wait for evidence": "Orte, die schlecht aussehen und auf Belege warten",
    "place": "Ort",
    "so far": "bisher",
    "answers": "Antworten",
    "interactions": "Erlebnisse",
    "{bad} of {n} bad since {time}": "{bad} von {n} schlecht seit {time}",
    "n = {n}, needs about {needs}": "n = {n}, nötig etwa {needs}",
    "Learning what is usual": "Lernt noch, was üblich ist",
    "A place alerts by its own usual once {n} answers are known. Until then a fixed rule holds.": (
        "Ein Ort meldet nach seinem Üblichen, sobald {n} Antworten bekannt sind. Bis dahin gilt eine feste Regel."
    ),
    "and {n} more": "und {n} weitere",
}
