"""German words of the overview, of a first start, and of the Slack preview."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, str] = {
    # the overview
    "all channels, all stages": "alle Kanäle, alle Phasen",
    "15 min": "15 min",
    "1 h": "1 h",
    "24 h": "24 h",
    "No {label} answers": "Keine Antworten zu {label}",
    "in the last {window}": "in den letzten {window}",
    "too few answers": "zu wenige Antworten",
    "for a score, n {n}; it takes {least}.": "für einen Wert, n {n}; es braucht {least}.",
    "is": "ist",
    "{n} below usual": "{n} unter dem Üblichen",
    "{n} above usual": "{n} über dem Üblichen",
    "What is usual is still being learned.": "Was üblich ist, wird noch gelernt.",
    "One place is below usual:": "Ein Ort ist unter dem Üblichen:",
    "{n} places are below usual:": "{n} Orte sind unter dem Üblichen:",
    "{n} of {all} places are as usual": "{n} von {all} Orten sind wie üblich",
    "{n} of {all} place is as usual": "{n} von {all} Ort ist wie üblich",
    "one is better": "einer ist besser",
    "{n} are better": "{n} sind besser",
    **{"No": "Kein", "One": "Ein", "Two": "Zwei", "Three": "Drei", "Four": "Vier", "Five": "Fünf", "Six": "Sechs"},
    **{"Seven": "Sieben", "Eight": "Acht", "Nine": "Neun"},
    "promoters less detractors": "Promotoren minus Detraktoren",
    "4s and 5s of 5": "4 und 5 von 5",
    "5 to 7 of 7": "5 bis 7 von 7",
    "1s and 2s of 5": "1 und 2 von 5",
    "4 and 5 stars": "4 und 5 Sterne",
    "thumbs up": "Daumen hoch",
    "share of the best answers": "Anteil der besten Antworten",
    "hot surveys": "gleich nach dem Kontakt gefragt",
    "cold surveys": "zur Beziehung gefragt",
    "cold": "zur Beziehung",
    "Nobody answered in this window. Try a longer one.": (
        "In diesem Zeitraum hat niemand geantwortet. Ein längerer hilft."
    ),
    "{n} of {all} answers that a score takes.": "{n} von {all} Antworten, die ein Wert braucht.",
    "95 % interval": "95-%-Intervall",
    "usual {score}": "üblich {score}",
    "target {score}": "Ziel {score}",
    "{label} by channel and stage": "{label} nach Kanal und Phase",
    "coloured only when beyond chance, or with an incident": "farbig nur, wenn kein Zufall, oder mit Vorfall",
    "{label} with its 95 % interval and number of answers, a row a channel, a column a stage": (
        "{label} mit 95-%-Intervall und Zahl der Antworten, eine Zeile je Kanal, eine Spalte je Phase"
    ),
    "usual not known yet": "Übliches noch nicht bekannt",
    "last 24 h at each moment, over two weeks, with its 95 % band; the grey band is usual": (
        "jeweils die letzten 24 h, über zwei Wochen, mit 95-%-Band; das graue Band ist das Übliche"
    ),
    "{label} over two weeks": "{label} über zwei Wochen",
    "now": "jetzt",
    "NPS after contact, {days} days (n {n})": "NPS nach dem Kontakt, {days} Tage (n {n})",
    "detractor": "Detraktor",
    "passive": "passiv",
    "promoter": "Promotor",
    "was detractor": "war Detraktor",
    "was passive": "war passiv",
    "Detractors who became promoters:": "Detraktoren, die Promotoren wurden:",
    "Open incidents": "Offene Vorfälle",
    "{n} not taken": "{n} nicht übernommen",
    "all incidents": "alle Vorfälle",
    "None. Every place is within its usual, or too quiet to tell.": (
        "Keine. Jeder Ort ist wie üblich, oder zu still für ein Urteil."
    ),
    "Other scores": "Andere Werte",
    "all places, last {window}": "alle Orte, letzte {window}",
    "Other scores with interval and number of answers": "Andere Werte mit Intervall und Zahl der Antworten",
    "interval and n": "Intervall und n",
    "No other answers in this window.": "Keine anderen Antworten in diesem Zeitraum.",
    "CX score": "CX-Wert",
    "Look here next": "Als Nächstes ansehen",
    "not known yet": "noch nicht bekannt",
    "nobody": "niemand",
    "promises": "Zusagen",
    "{share} kept": "{share} gehalten",
    # a first start
    "No events yet. Two steps to go.": "Noch keine Ereignisse. Zwei Schritte fehlen.",
    "{product} is running and reads its sources. Nothing has arrived.": (
        "{product} läuft und liest seine Quellen. Angekommen ist nichts."
    ),
    "done": "erledigt",
    "Settings are valid": "Die Einstellungen sind gültig",
    "{channels} channels, {stages} stages, {grades} graded touchpoints": (
        "{channels} Kanäle, {stages} Phasen, {grades} benotete Berührungspunkte"
    ),
    "Send a first event": "Ein erstes Ereignis senden",
    "Try it with one answer, or bring a file with": "Mit einer Antwort versuchen, oder eine Datei einlesen:",
    "Connect Slack": "Slack verbinden",
    "Until then alerts show here only:": "Bis dahin stehen Alarme nur hier:",
    "Wait for evidence": "Auf Belege warten",
    "Scores come from {n} answers on.": "Werte gibt es ab {n} Antworten.",
    "Rather see it with sample data first? Run": "Lieber erst mit Beispieldaten ansehen?",
    # the Slack preview
    "the messages as Slack would show them, newest first; buttons without an address do nothing here": (
        "die Nachrichten, wie Slack sie zeigen würde, neueste zuerst; Knöpfe ohne Adresse tun hier nichts"
    ),
    "No messages yet": "Noch keine Nachrichten",
    "When an incident opens, or a customer needs a call, its message shows here. Nothing has been sent anywhere.": (
        "Öffnet ein Vorfall, oder ist jemand anzurufen, steht die Nachricht hier. Gesendet wurde nichts."
    ),
    "To send them to Slack instead:": "Um sie an Slack zu senden:",
    "one thread an incident or case": "ein Thread je Vorfall oder Fall",
    "edited {time}": "bearbeitet {time}",
    "1 reply": "1 Antwort",
    "{n} replies": "{n} Antworten",
    "To the overview": "Zur Übersicht",
}
