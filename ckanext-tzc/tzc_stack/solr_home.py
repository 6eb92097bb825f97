"""Solr's home folder: CKAN's schema as installed, with the portal's changes, and one or more cores that share it."""
from __future__ import annotations

import re
import shutil
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

CONFIG_SET = "tzc"


def merged_schema(additions: Path) -> str:
    """CKAN's schema with the types and fields of `additions`, which take the place of its own of the same names, and the copies added."""
    # only trusted files of ours and of CKAN's package are parsed here
    schema = ET.fromstring((files("ckan") / "config" / "solr" / "schema.xml").read_text(encoding="utf-8"))  # noqa: S314 -- CKAN's own file
    ours = ET.fromstring(additions.read_text(encoding="utf-8"))  # noqa: S314 -- our own file
    types, fields = schema.find("types"), schema.find("fields")
    assert types is not None and fields is not None, "CKAN's schema has types and fields"
    for kind, added in ((types, ours.iterfind("types/*")), (fields, ours.iterfind("fields/field"))):
        for wanted in added:
            for old in [known for known in kind if known.get("name") == wanted.get("name")]:
                kind.remove(old)
            kind.append(wanted)
    schema.extend(ours.iterfind("copies/copyField"))
    text: str = ET.tostring(schema, encoding="unicode", xml_declaration=True)
    return text


def solr_synonyms(lines: str) -> str:
    """`synonyms.txt` as Solr reads it: one line for each way to write a word, with all that it leads to.

    A line `a, b` leads both ways, `a => b` one way, and lines lead on to each other. Synonyms are looked up before words are stemmed: plurals
    are added here.
    """
    leads: dict[str, list[str]] = {}
    for line in lines.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        left, arrow, right = ([_plain(word) for word in side.split(",") if word.strip()] for side in line.partition("=>"))
        for word in left:
            leads.setdefault(word, []).extend(right if arrow else left)
    return "".join(f"{form} => {', '.join([form, *_reached(word, leads)])}\n" for word in leads for form in _forms(word.split()))


def _plain(words: str) -> str:
    """As the analyzer of the index leaves them: small, without accents, without l' and d'."""
    letters = unicodedata.normalize("NFKD", words.strip().lower().replace("’", "'"))
    return re.sub(r"\b(?:[cdjlmnst]|qu)'", "", "".join(letter for letter in letters if not unicodedata.combining(letter)))


def _reached(start: str, leads: Mapping[str, Sequence[str]]) -> list[str]:
    """All words that one leads to, near ones first, without itself."""
    reached, turn = [start], 0
    while turn < len(reached):
        reached += [word for word in dict.fromkeys(leads.get(reached[turn], [])) if word not in reached]
        turn += 1
    return reached[1:]


def _forms(words: list[str]) -> list[str]:
    """As it is, its first word in the plural (pompes a chaleur), all words in the plural."""
    plural = [_plural(word) for word in words]
    return list(dict.fromkeys(" ".join(form) for form in (words, [plural[0], *words[1:]], plural)))


def _plural(word: str) -> str:
    if len(word) < 4 or word[-1] in "sxz":
        return word
    return f"{word[:-1]}ux" if word.endswith("al") else f"{word}x" if word.endswith("eau") else f"{word}s"


def build(source: Path, home: Path, cores: Sequence[str]) -> None:
    """Write the home folder from `source`. An index that was made with other fields is given up: Solr refuses to write into it."""
    configuration = _configuration(home)
    configuration.mkdir(parents=True, exist_ok=True)
    wanted = _wanted(source)
    if _differs(configuration / "schema.xml", wanted["schema.xml"]):
        for core in cores:
            shutil.rmtree(home / core / "data", ignore_errors=True)
    shutil.copyfile(source / "solr.xml", home / "solr.xml")
    shutil.copyfile(source / "log4j2.xml", home / "log4j2.xml")
    for name, text in wanted.items():
        (configuration / name).write_text(text, encoding="utf-8")
    for core in cores:
        folder = home / core
        folder.mkdir(exist_ok=True)
        (folder / "core.properties").write_text(f"name={core}\nconfigSet={CONFIG_SET}\n", encoding="utf-8")


def words_change(source: Path, home: Path) -> bool:
    """Whether `build` would change the way words are indexed, so that the index must be made anew."""
    configuration = _configuration(home)
    return any(_differs(configuration / name, text) for name, text in _wanted(source).items() if name != "solrconfig.xml")


def _differs(file: Path, text: str) -> bool:
    return not file.exists() or file.read_text(encoding="utf-8") != text


def _configuration(home: Path) -> Path:
    return home / "configsets" / CONFIG_SET / "conf"


def _wanted(source: Path) -> dict[str, str]:
    files = {file.name: file.read_text(encoding="utf-8") for file in sorted((source / "conf").iterdir())}
    return {**files, "synonyms.txt": solr_synonyms(files["synonyms.txt"]), "schema.xml": merged_schema(source / "schema-additions.xml")}
