"""Search: what is put into the index of a dataset, and how a question is put to it."""
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ckanext.tzc.catalogue.solr_connection import kept
from ckanext.tzc.common.territory import territory

QUERY_FIELDS = "title_plain^9 title^6 tags_text^3 axis_text^2 partner_text^2 places_text^2 res_name notes text^0.5"
"""Only fields that drop the same words: dismax counts a word as missed when one field drops it (l', de) and another keeps it."""

MATCH, ANY = "2<-1 5<70%", "1"
"""Of two words both must be found; of more, one may be missing; of more than five, three in ten. And in a second try: one of them."""

QUESTION_LIMIT = 500
"""Characters of a question that are looked at."""

LUCENE = re.compile(r'([+\-!(){}\[\]^"~*?:\\/]|&&|\|\|)')


def words(question: str | None) -> str | None:
    """The words of a question; None when it asks for everything, or in Solr's own syntax (`title:port`), which is left to Solr.

    A colon that no field name stands before is only a character.
    """
    asked = (question or "").strip()
    return None if not asked or asked == "*:*" or KNOWN_FIELDS.search(asked) else without_signs(asked)


def without_signs(question: str) -> str:
    """What is left of a question when nothing in it is taken as Solr's syntax."""
    return LUCENE.sub(" ", question[:QUESTION_LIMIT]).strip()


def asked(params: dict[str, Any]) -> dict[str, Any]:
    """A question of a person or program, as CKAN passes it on to Solr: its words are looked for in French."""
    wanted = words(params.get("q"))
    if isinstance(params.get("q"), str) and not params["q"].strip():
        # Solr finds nothing for blanks
        return {**params, "q": "*:*"}
    if wanted is None or params.get("defType") not in {None, "", "dismax", "edismax"}:
        return params
    if not wanted:
        # nothing but punctuation: nothing is found, and nothing breaks
        return {**params, "q": "-*:*"}
    # CKAN joins words by AND, which leaves nothing for `mm` to decide; small letters, as AND and NOT are words here
    return {**params, "q": " OR ".join(wanted.lower().split()), "defType": "edismax", "qf": QUERY_FIELDS, "mm": params.get("mm") or MATCH}


def second_tries(wanted: str) -> Iterator[dict[str, str]]:
    """What to ask for when no dataset has these words: what they may be misspellings of, then any one of them."""
    spelt = _spelt(wanted)
    if spelt != wanted:
        yield {"q": spelt}
    if len(wanted.split()) > 1:
        yield from ({"q": question, "mm": ANY} for question in dict.fromkeys([wanted, spelt]))


def _spelt(wanted: str) -> str:
    """Words that no dataset has are replaced by the nearest that one has; the others stay."""
    answer = kept(decode_dates=False).search("*", search_handler="spelling", **{"spellcheck.q": wanted})
    told = answer.spellcheck.get("suggestions", [])
    for found in sorted(told[1::2], key=lambda found: -int(found["startOffset"])):
        wanted = wanted[: found["startOffset"]] + found["suggestion"][0] + wanted[found["endOffset"] :]
    return wanted


KNOWN_FIELDS = re.compile(
    r"(?:^|[\s(+-])(?:title|name|notes|tags|groups|organization|owner_org|license_id|res_format|id|state|type|dataset_type|metadata_modified|metadata_created"
    r"|axis|communes|theme|access_level|quality|quality_score|capacity|private|creator_user_id|text|author|maintainer|url|entity_type|[a-z_]*extras_\w+|vocab_\w+):"
)


LONGEST_VALUE = 8000
"""Characters of a value that is one term of the index: Solr takes 32,766 bytes, and refuses the whole dataset beyond."""

WHOLE = {"title", "notes", "data_dict", "validated_data_dict"}
"""Fields that are cut into words, or only stored."""

LISTS = ("axis", "communes", "theme")


def indexed(package: dict[str, Any]) -> dict[str, Any]:
    """A dataset's index entry: lists as lists, and the words people use for its codes."""
    place = territory()
    for field in LISTS:
        package[field] = _as_list(package.get(field))
    names = place.commune_names
    package["places_text"] = [names[code] for code in package["communes"] if code in names]
    package["axis_text"] = [text for axis in place.axes if axis.id in package["axis"] for text in axis.title.values()]
    organisation = package.get("organization")
    package["partner_text"] = [organisation, *_partner_title(package)] if organisation else []
    package["access_level"] = package.get("access_level") or "open"
    # repeating subfields would make one unbounded string each
    for field in [key for key in package if key in {"contact", "publisher", "creator", "spatial_coverage", "temporal_coverage"}]:
        package.pop(field)
    for field in [key for key, value in package.items() if isinstance(value, str) and len(value) > LONGEST_VALUE and key not in WHOLE]:
        package[field] = package[field][:LONGEST_VALUE]
    return package


def _partner_title(package: dict[str, Any]) -> list[str]:
    """From the copy of the whole dataset that CKAN puts into the index, so that nothing is asked of the database."""
    whole = json.loads(package.get("validated_data_dict") or "{}")
    title = (whole.get("organization") or {}).get("title")
    return [title] if title else []


def _as_list(value: Any) -> list[str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            value = [value]
    return [str(entry) for entry in value] if isinstance(value, list) else []
