"""What catalogues write in words, made into values: texts in HTML, dates, sizes, languages, frequencies."""
from __future__ import annotations

import datetime as dt
import html
import re
import unicodedata

from ckanext.tzc.schemas import vocabulary

LONGEST = 100_000
"""Characters that are kept of a text; the portal's own limit."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")
"""What no text needs: control characters, signs that turn the words around it, halves of signs."""

MARKUP = re.compile(r"</?(p|br|div|ul|ol|li|a|b|i|em|strong|span|h[1-6]|table|tr|td|th|tbody|blockquote)\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"""<(?:(?P<comment>!--)|(?P<end>/)?(?P<name>[a-z][a-z0-9]*)\b(?P<rest>[^<>"']*(?:"[^"<]*"[^<>"']*|'[^'<]*'[^<>"']*)*)>)""", re.IGNORECASE)
HREF = re.compile(r"""(?:^|\s)href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
BLOCKS = frozenset({"p", "div", "ul", "ol", "table", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6"})
UNSEEN = frozenset({"script", "style"})
PAGE = re.compile(r"\s*<(?:p|div|ul|ol|table|blockquote|h[1-6])\b.*>\s*", re.IGNORECASE | re.DOTALL)
"""A text that is HTML from its first sign to its last: how its lines are broken says nothing there."""
BLANKS = re.compile(r"[ \t\r\n]+")


def _plain(markup: str) -> str:
    """HTML as the plain Markdown that descriptions are written in: paragraphs, points of lists, links.

    Read tag by tag: Python's own reader begins anew at each sign of one that does not end, and takes hours for a text of those.
    """
    parts: list[str] = []
    links: list[str] = []
    at = unseen = 0
    page = PAGE.fullmatch(markup)

    def seen(said: str) -> None:
        if not unseen:
            parts.append(html.unescape(BLANKS.sub(" ", said) if page else said))

    while found := TAG.search(markup, at):
        seen(markup[at : found.start()])
        at = found.end()
        if found["comment"]:
            at = end + 3 if (end := markup.find("-->", at)) >= 0 else len(markup)
            continue
        name = found["name"].lower()
        if found["end"]:
            unseen -= name in UNSEEN and unseen > 0
            if name == "a" and links and (address := links.pop()):
                parts.append(f"]({address})")
            parts.append("\n\n" if name in BLOCKS else "")
            continue
        unseen += name in UNSEEN
        if name == "a":
            links.append(_address(found["rest"]))
            parts.append("[" if links[-1] else "")
        parts.append({"br": "\n", "li": "\n- ", "tr": "\n", "td": " ", "th": " "}.get(name, "\n\n" if name in BLOCKS else ""))
    seen(markup[at:])
    return "".join(parts)


def _address(attributes: str) -> str:
    """Where a link leads, if that is into the web."""
    found = HREF.search(attributes)
    address = html.unescape((found[1] or found[2] or found[3] or "").strip()) if found else ""
    return address if re.match(r"https?://[^\s()]+$", address) else ""


def line(value: object) -> str:
    """A value on one line, without markup; nothing for what is no text or number."""
    return re.sub(r"\s+", " ", text(value)).strip()


def text(value: object) -> str:
    """A text without markup and control characters; nothing for what is no text or number."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    plain = CONTROL.sub("", str(value))[: 4 * LONGEST]
    if MARKUP.search(plain):
        plain = _plain(plain)
    elif re.search(r"&(#\d+|#x[0-9a-f]+|[a-z]+);", plain, re.IGNORECASE):
        plain = html.unescape(plain)
    plain = "\n".join(part.strip(" \t\u00a0") for part in CONTROL.sub("", plain).replace("\r\n", "\n").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", plain).strip()[:LONGEST]


def plain(words: str) -> str:
    """Words in small letters, without accents."""
    parts = unicodedata.normalize("NFD", words.lower())
    return "".join(letter for letter in parts if not unicodedata.combining(letter))


ISO = re.compile(r"(?<![\d/.])(\d{4})-(\d{1,2})(?:-(\d{1,2})(?:[T ]+(\d{2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?)?(?!\d)", re.ASCII)
YEAR = re.compile(r"\d{4}", re.ASCII)
CLOCK = r"(?:\D{1,5}(\d{1,2})[:h](\d{2})(?::(\d{2}))?(?:\s*([ap])\.?m\b)?\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?)?"
"""Hour, minute, second, half of the day, zone."""

SLASHED = re.compile(rf"(?<!\d)(\d{{1,2}})[/.](\d{{1,2}})[/.](\d{{4}}){CLOCK}", re.ASCII)
NAMED = re.compile(rf"(?<!\d)(?:(\d{{1,2}})(?:er|st|nd|rd|th)?\s+)?([a-z]{{3,9}})\.?\s+(?:(\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(\d{{4}}){CLOCK}", re.ASCII)
STAMP = re.compile(r"\d{9,10}", re.ASCII)
UNIVERSAL = frozenset({"Z", "UTC", "GMT"})
WEEKDAYS = {name: day for names in ("lun mar mer jeu ven sam dim", "mon tue wed thu fri sat sun") for day, name in enumerate(names.split())}
MONTHS = {
    name: month
    for names in ("jan fev mar avr mai juin juil aou sep oct nov dec", "jan feb mar apr may jun jul aug sep oct nov dec")
    for month, name in enumerate(names.split(), 1)
}


def date(value: object) -> str:
    """A date as our schema has it (a year, a month, a day or a moment); nothing where none is understood.

    `2019-09-30 22:00:00`, `jeu, 19/12/2019 - 03:00`, `Thu, 12/19/2019 - 03:00`, `12 décembre 2019`, seconds since 1970 …
    """
    said = plain(line(value))
    if YEAR.fullmatch(said):
        return _moment(said, None, None, [None])
    if STAMP.fullmatch(said):
        return f"{dt.datetime.fromtimestamp(int(said), dt.timezone.utc):%Y-%m-%dT%H:%M:%S+00:00}"
    if found := ISO.search(said.upper()):
        year, month, day, *clock, zone = found.groups()
        return _moment(year, month, day, clock, zone or "")
    if found := SLASHED.search(said):
        first, second, year, *clock, half, zone = found.groups()
        day, month = _day_first(said, int(first), int(second), int(year))
        return _moment(year, month, day, _of_day(clock, half), zone or "")
    if (found := NAMED.search(said)) and (month_number := _month(found[2])):
        *clock, half, zone = found.groups()[4:]
        return _moment(found[4], month_number, found[1] or found[3], _of_day(clock, half), zone or "")
    return ""


def _of_day(clock: list[str | None], half: str | None) -> list[str | None]:
    """Hour, minute and second by 24 hours; half past midnight is 12:30 a.m."""
    hour = int(clock[0] or 0)
    return clock if half is None or not 1 <= hour <= 12 else [str(hour % 12 + (12 if half == "p" else 0)), *clock[1:]]


def _month(name: str) -> int | None:
    return next((month for known, month in sorted(MONTHS.items(), key=lambda entry: -len(entry[0])) if name.startswith(known)), None)


def _day_first(said: str, first: int, second: int, year: int) -> tuple[int, int]:
    """Day and month of `first/second/year`: as the weekday before it tells, else the day first, unless that is no date."""
    weekday = WEEKDAYS.get(said[:3])
    ways = [way for way in ((first, second), (second, first)) if _is_day(year, way[1], way[0])]
    fitting = [way for way in ways if dt.date(year, way[1], way[0]).weekday() == weekday]
    return next(iter(fitting or ways), (first, second))


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        dt.date(year, month, day)
    except ValueError:
        return False
    return True


def _moment(year: str, month: str | int | None, day: str | int | None, clock: list[str | None], zone: str = "") -> str:
    """The parts as one date, as far as they are given; nothing where there is no such date."""
    if not _is_day(int(year), int(month or 1), int(day or 1)):
        return ""
    if not day:
        return f"{year}-{int(month):02}" if month else year
    written = f"{year}-{int(month or 1):02}-{int(day):02}"
    if clock[0] is None:
        return written
    hour, minute, second = (int(part or 0) for part in clock)
    if hour > 23 or minute > 59 or second > 59:
        return written
    zone = "+00:00" if zone.upper() in UNIVERSAL else zone
    return f"{written}T{hour:02}:{minute:02}:{second:02}{zone if ':' in zone or not zone else f'{zone[:3]}:{zone[3:]}'}"


UNITS = {"": 1, "o": 1, "b": 1, "octet": 1, "octets": 1, "byte": 1, "bytes": 1}
UNITS |= {f"{prefix}{unit}": 1024**power for power, prefix in enumerate("kmgt", 1) for unit in ("o", "b", "io", "ib")}
LARGEST = 2**53
"""The largest size that is believed."""


def size(value: object) -> int | None:
    """Bytes of `42 octets`, `1,5 Mo`, `12.3 KB`, `1 234 567`, a number; None for anything else, and where a sign may stand before decimals or before thousands (`1,234 KB`)."""
    found = re.fullmatch(r"(?:(\d{1,3}(?:[ .,]\d{3})+)|(\d{1,15}(?:[.,]\d{1,6})?))\s*([a-z]*)", plain(line(value)))
    factor = UNITS.get(found[3]) if found else None
    if found is None or factor is None:
        return None
    if found[1] and factor > 1 and re.fullmatch(r"\d+[.,]\d{3}", found[1]):
        return None
    count = round(float(re.sub("[ .,]", "", found[1]) if found[1] else found[2].replace(",", ".")) * factor)
    return count if count <= LARGEST else None


BIBLIOGRAPHIC = {"fre": "FRA", "ger": "DEU", "dut": "NLD", "gre": "ELL", "cze": "CES", "rum": "RON", "slo": "SLK"}
"""Codes of ISO 639-2/B where they are not those of 639-2/T."""


def language(value: object) -> str:
    """The IRI of a language given as code (`fr`, `fre`, `fra`, `fr-FR`), name or IRI; nothing where it is unknown."""
    said = line(value).rpartition("/")[2].lower()
    short = re.split(r"[-_;]", said)[0]
    for entry in vocabulary("language"):
        if BIBLIOGRAPHIC.get(short, short.upper()) == entry["code"] or short == entry["iso"] or said in {name.lower() for name in entry["label"].values()}:
            return str(entry["uri"])
    return ""


FREQUENCIES = {
    "continual": "CONT", "continuous": "CONT", "daily": "DAILY", "weekly": "WEEKLY", "fortnightly": "BIWEEKLY", "monthly": "MONTHLY", "quarterly": "QUARTERLY",
    "biannually": "ANNUAL_2", "semiannual": "ANNUAL_2", "annually": "ANNUAL", "annual": "ANNUAL", "asneeded": "AS_NEEDED", "irregular": "IRREG",
    "notplanned": "NOT_PLANNED", "unknown": "UNKNOWN", "punctual": "NEVER", "temps reel": "CONT", "quotidienne": "DAILY", "quotidien": "DAILY",
    "hebdomadaire": "WEEKLY", "mensuelle": "MONTHLY", "mensuel": "MONTHLY", "trimestrielle": "QUARTERLY", "trimestriel": "QUARTERLY",
    "semestrielle": "ANNUAL_2", "semestriel": "ANNUAL_2", "annuelle": "ANNUAL", "annuel": "ANNUAL", "irreguliere": "IRREG", "inconnue": "UNKNOWN", "continuelle": "CONT",
    "toutes les heures": "HOURLY", "quotidienne ou plusieurs fois par jour": "DAILY", "hebdomadaire ou plusieurs fois par semaine": "WEEKLY", "bimestrielle": "BIMONTHLY",
    "mensuelle ou plusieurs fois par mois": "MONTHLY", "ponctuelle": "NEVER", "biennale": "BIENNIAL", "triennale": "TRIENNIAL", "quinquennale": "QUINQUENNIAL",
    "r/p1d": "DAILY", "r/p1w": "WEEKLY", "r/p1m": "MONTHLY", "r/p3m": "QUARTERLY", "r/p6m": "ANNUAL_2", "r/p1y": "ANNUAL", "r/pt1h": "HOURLY", "r/pt1s": "CONT",
}  # fmt: skip
"""How often, by the codes of ISO 19115, by ISO 8601 and in French (the words of the common base of local data, too), and our vocabulary's code."""


def frequency(value: object) -> str:
    """The IRI of a frequency; nothing where it is unknown."""
    said = plain(line(value))
    code = FREQUENCIES.get(said, said.rpartition("/")[2].upper())
    return next((str(entry["uri"]) for entry in vocabulary("frequency") if entry["code"] == code), "")
