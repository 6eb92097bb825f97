"""What is mended in the descriptions that catalogues give: each repair is a rule with a name, so that what was mended on a dataset can be told by rule.

The readers of `harvesters` mend while they read (dates, sizes, HTML, formats, themes) and write down a note; `RULES` says which rule that was. What any reader may meet is
mended here, after it: texts in the wrong charset, a language that is missing, communes that are named in words. Each repair gives the same again when it is done again, and
leaves alone what is right.
"""
from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Literal

Kind = Literal["mended", "left out", "told"]


@dataclasses.dataclass(frozen=True)
class Rule:
    """One repair. `note` is what readers write down where they did it; `kind` says whether a value was mended, left out, or is only told of."""

    name: str
    kind: Kind
    note: str
    fr: str

    def text(self, language: str) -> str:
        """The rule in words."""
        return self.fr if language == "fr" else self.note


MOJIBAKE = "text in the wrong charset"
LANGUAGE = "language that was missing, by the words"
COMMUNE = "commune by the name of a place"
MAPPED = "by the source's mapping"
INSPIRE_THEME = "theme by that of INSPIRE or ISO 19115"
FORMAT = "format by the first bytes of the file"

_RULES = (
    Rule("date-in-words", "mended", "date written in words", "date écrite en lettres"),
    Rule("date-unknown", "left out", "date not understood", "date non comprise"),
    Rule("period-unknown", "left out", "period not understood", "période non comprise"),
    Rule("size-in-words", "mended", "size written in words", "taille écrite en lettres"),
    Rule("html", "mended", "description in HTML", "description en HTML"),
    Rule("mojibake", "mended", MOJIBAKE, "texte dans le mauvais jeu de caractères"),
    Rule("title-cut", "mended", "title cut off", "titre coupé"),
    Rule("keyword", "mended", "keyword made such that it is taken", "mot-clé adapté"),
    Rule("format-missing", "mended", "format that was missing, by the address", "format manquant, déduit de l’adresse"),
    Rule("format-by-content", "mended", FORMAT, "format déduit des premiers octets du fichier"),
    Rule("language-missing", "mended", LANGUAGE, "langue manquante, déduite des mots"),
    Rule("language-unknown", "left out", "language not understood", "langue non comprise"),
    Rule("frequency-unknown", "left out", "frequency not understood", "rythme non compris"),
    Rule("theme-crosswalk", "mended", INSPIRE_THEME, "thème déduit de celui d’INSPIRE ou de l’ISO 19115"),
    Rule("mapping", "mended", MAPPED, "par les correspondances de la source"),
    Rule("commune-named", "mended", COMMUNE, "commune déduite du nom d’un lieu"),
    Rule("place-unnamed", "left out", "place without a name", "lieu sans nom"),
    Rule("geometry-unknown", "left out", "geometry not understood", "géométrie non comprise"),
    Rule("rectangle-off-earth", "left out", "rectangle that is not on the earth", "rectangle hors de la Terre"),
    Rule("west-east", "mended", "west and east exchanged", "ouest et est inversés"),
    Rule("south-north", "mended", "south and north exchanged", "sud et nord inversés"),
    Rule("licence-foreign", "told", "licence that is none of ours", "licence hors de notre liste"),
    Rule("access-by-code", "told", "access is limited by a code", "accès limité par un code"),
    Rule("access-contradicts", "told", "limits of access that contradict each other: the stricter is taken", "limites d’accès contradictoires : la plus stricte est retenue"),
    Rule("access-unknown", "told", "access level not understood: restricted is taken", "niveau d’accès non compris : l’accès sur demande est retenu"),
    Rule("private-published", "told", "said to be private, though published", "dit privé, bien que publié"),
    Rule("file-without-address", "left out", "resource without an address of the web", "fichier sans adresse web"),
    Rule("file-is-record", "left out", "link to the record itself", "lien vers la fiche elle-même"),
    Rule("column-unknown", "left out", "column of the table not understood", "colonne du tableau non comprise"),
    Rule("too-many-files", "left out", "files left out: there are too many", "fichiers laissés de côté : il y en a trop"),
)
RULES: Mapping[str, Rule] = {rule.name: rule for rule in _RULES}
_BY_NOTE = {rule.note: rule for rule in _RULES}


def rule_of(note: str) -> Rule | None:
    """The rule that a note tells of; None for the words of an earlier version or of another harvester."""
    return _BY_NOTE.get(note)


def by_rule(notes: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The values that came, by the rule's name (else by the words of the note), in the order in which they were met."""
    found: dict[str, list[str]] = {}
    for what, value in notes:
        rule = rule_of(what)
        found.setdefault(rule.name if rule else what, []).append(value)
    return found


# texts in the wrong charset

_HIGH = {bytes([number]).decode("cp1252", errors="ignore") or chr(number): number for number in range(0x80, 0xC0)} | {chr(number): number for number in range(0x80, 0xC0)}
"""The characters that the later bytes of UTF-8 become when they are read as Windows-1252 or Latin 1, and which bytes they were."""

_LATER = "[" + "".join(re.escape(letter) for letter in _HIGH) + "]"
_RUNS = re.compile(f"[ÂÃ]{_LATER}|Å[\x92\x93\x93’“\xb8¸]|â[\x80€\x82‚\x84„\x86†\x88ˆ]{_LATER}|ï»¿")
"""Letters, signs and quotation marks of French and its neighbours as they look then. Other sequences could be what somebody meant."""

_CLOSING = frozenset("»”’…–— \xa0\x94\x92")
_LONE = re.compile(r"Ã(?: (?=\s))?(?=\s|$)")
_WORD = re.compile(r"(?<!\S)Ã(?: (?=\s))?(?=\s+[a-zà-ÿÃ])")
"""“à”, whose second half is a blank that many programs make a plain one."""


def charset(text: str) -> str:
    """A text that was UTF-8 and was read as Windows-1252 or Latin 1 (`MobilitÃ©`, `lâ€™eau`), once or more often; any other as it is."""
    while (mended := _once(text)) != text:
        text = mended
    return text


def _once(text: str) -> str:
    if not any(letter in text for letter in "ÂÃÅâï"):
        return text
    mended = _WORD.sub("à", _RUNS.sub(_letter, text))
    return _LONE.sub("à", mended) if mended != text else text


def _letter(found: re.Match[str]) -> str:
    run, before = found[0], found.string[: found.start()][-1:]
    if run[1] in _CLOSING and run[0] == "Ã" and before.isupper():
        # a capital word's end, as of AMANHÃ, with what closes a sentence
        return run
    first = {"Â": 0xC2, "Ã": 0xC3, "Å": 0xC5, "â": 0xE2, "ï": 0xEF}[run[0]]
    try:
        letter = bytes([first, *(_HIGH[later] for later in run[1:])]).decode("utf-8")
    except UnicodeDecodeError:
        return run
    # control characters would be swallowed elsewhere, and a byte order mark is none of the text
    return "" if letter == "\ufeff" else run if unicodedata.category(letter).startswith("C") and letter != "\xad" else letter


# a language that is missing

_COMMON = {
    "fr": "le la les des du de un une et est sont dans sur pour par avec aux au ces cette ce qui que ne pas plus ou où leur leurs son sa ses nous vous à d l entre ainsi selon",
    "en": "the of and is are was were in on for by with to from this that these those which not or their its as at be been has have between each it",
    "es": "el los las del y es son en por con para una que se su sus al como más entre este esta según",
    "de": "der die das und ist sind im in den dem des von mit für auf eine einer nicht oder zu zur als aus bei nach werden wird",
    "it": "il lo gli di e è sono nel nella per con una che si del della dei delle degli al alla come tra questo questa",
    "pt": "o os as do da dos das e é são em no na nos nas por com para uma que se ao à como mais entre este esta",
    "nl": "de het een en is zijn in op voor door met van te dat die deze niet of als aan bij naar wordt worden",
}
"""Words that are frequent in each language and say nothing of the matter."""

_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_FEWEST, _LEAD = 5, 2
"""Frequent words that a text must have, and how many times as many as of the next language."""


def language(*texts: str) -> str:
    """The language (`fr`, `en` …) that texts are written in; empty where their words do not tell it clearly."""
    said = re.findall(r"[^\W\d_]+", " ".join(texts)[:20_000].lower())
    counts = sorted(((sum(word in common for word in said), name) for name, common in _WORDS.items()), reverse=True)
    (most, name), (second, _) = counts[0], counts[1]
    return name if most >= _FEWEST and most >= _LEAD * second and most >= len(said) / 6 else ""


# communes that are named in words

_BEFORE = re.compile(r"^(la )?(ville|commune|mairie) (de |d |du )?")


def place_name(words: str) -> str:
    """A place's name as it is compared: small letters, no accents, no signs, Saint and Sainte in full."""
    flat = "".join(letter for letter in unicodedata.normalize("NFD", words.lower().replace("œ", "oe")) if not unicodedata.combining(letter))
    flat = re.sub(r"[^a-z0-9]+", " ", flat).strip()
    return re.sub(r"\bste\b", "sainte", re.sub(r"\bst\b", "saint", flat))


def communes(places: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """The codes of the territory's communes that places name, each with the words that name it: `{"17028": "Ville d’Aytré"}`.

    `known` are names by code. A place is a name as a whole (`Aytré`, `Commune de St-Xandre`, `Châtelaillon (17)`) or a list of such; a name that stands in a longer one
    (`Pays d’Aytré`) is none. A number beside the name must be that of the commune, of its post or of its department: `Saint-Vivien (24)` is elsewhere.
    """
    names: dict[str, str] = {}
    for code, name in known.items():
        names.setdefault(place_name(name), code)
    found: dict[str, str] = {}
    for place in places:
        short = place[:2000]
        for piece in [short] if _commune(short, names, known) else re.split(r"[,;/|\n]| et | - ", short):
            if code := _commune(piece, names, known):
                found.setdefault(code, piece.strip())
    return found


def _commune(piece: str, names: Mapping[str, str], known: Mapping[str, str]) -> str:
    if piece.strip() in known:
        return piece.strip()
    said = place_name(re.sub(r"\(?\b\d[\dAB]\d*\b\)?", " ", piece))
    code = names.get(said) or names.get(_BEFORE.sub("", said), "")
    numbers = re.findall(r"\b\d[\dAB]\d*\b", piece)
    return code if all(code.startswith(number) or number.startswith(code[:2]) for number in numbers) else ""


# formats by content

_TEXTS_OF_DATA = frozenset({"CSV", "TSV", "JSON", "GEOJSON", "JSON_LD", "XML", "GML", "KML", "RDF_XML", "RDF_TURTLE", "ICS", "RSS", "ATOM"})
_FILES = frozenset({"XLSX", "XLS", "ODS", "DOCX", "DOC", "ODT", "PPTX", "PDF", "SHP", "GTFS", "KMZ", "ZIP", "GPKG", "SQLITE", "PARQUET", "GZIP", "PNG", "JPEG", "TIFF", "DBF"})

CONTESTED: Mapping[str, frozenset[str]] = {
    "ZIP": frozenset({"SHP", "GTFS", "KMZ", "XLSX", "ODS", "DOCX", "ODT", "PPTX", "EPUB"}),
    "HTML": _TEXTS_OF_DATA | _FILES,
    "TXT": _TEXTS_OF_DATA,
    "XML": frozenset({"GML", "KML", "RDF_XML", "RSS", "ATOM"}),
    "JSON": frozenset({"GEOJSON", "JSON_LD"}),
    "SQLITE": frozenset({"GPKG"}),
}
"""Formats that are stated where another one is meant, and those that may then take their place when the file's bytes say so (codes)."""


def better_format(stated: str, content: str) -> str:
    """The format (a code) that takes the place of the stated one, by what the file's bytes are; nothing where that is not clearly better.

    `stated`: a code, or nothing where none of ours is stated.
    """
    return content if content and (not stated or content in CONTESTED.get(stated, ())) else ""


# all of it, on a record

_TEXTS = ("title", "description", "provenance", "licence_stated")
_LISTS = ("keywords", "places", "limits")
_AGENTS = ("publisher", "contact")


def mended(record: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The fields of a record (as `dataclasses.asdict` gives it) that a repair changes, and the notes of it: texts in the wrong charset, and the language, as a code."""
    changed: dict[str, Any] = {}
    notes: list[tuple[str, str]] = []

    def text(value: str) -> str:
        better = charset(value)
        if better != value:
            notes.append((MOJIBAKE, value[:200]))
        return better

    for field in _TEXTS:
        changed[field] = text(record.get(field) or "")
    for field in _LISTS:
        changed[field] = tuple(text(word) for word in record.get(field) or ())
    for field in _AGENTS:
        if agent := record.get(field):
            changed[field] = {**agent, "name": text(agent["name"])}
    changed["resources"] = tuple({**file, "name": text(file["name"]), "description": text(file["description"])} for file in record.get("resources") or ())
    changed = {field: value for field, value in changed.items() if value != (tuple(record.get(field) or ()) if isinstance(value, tuple) else record.get(field) or "")}
    said = [changed.get(field, record.get(field) or "") for field in ("title", "description")]
    unknown = any(note["what"] == "language not understood" for note in record.get("notes") or ())
    if not record.get("languages") and not unknown and (spoken := language(*said)):
        changed["languages"] = (spoken,)
        notes.append((LANGUAGE, spoken))
    return changed, notes
