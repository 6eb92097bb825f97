"""Search: what is put into the index of a dataset, and how a question is put to it."""
from __future__ import annotations

import json
import re
from typing import Any

from ckanext.tzc.common.territory import territory

QUERY_FIELDS = "title^6 tags_text^3 axis_text^2 partner_text^2 places_text^2 res_name notes text^0.5"
"""Only fields of one analysis: dismax counts a word as missed when one field drops it (l', de) and another keeps it."""

MATCH = "2<-1 5<70%"
"""Of two words both must be found; of more, one may be missing; of more than five, three in ten."""

QUESTION_LIMIT = 500
"""Characters of a question that are looked at."""

LUCENE = re.compile(r'([+\-!(){}\[\]^"~*?:\\/]|&&|\|\|)')


def asked(params: dict[str, Any]) -> dict[str, Any]:
    """A question of a person or program, as CKAN passes it on to Solr.

    Words are looked for in French. A question in Solr's own syntax (`title:port`) is left to Solr; a colon that no field name
    stands before is only a character. Harvest sources are never mixed with datasets.
    """
    question = (params.get("q") or "").strip()
    if not question or question == "*:*" or params.get("defType") not in {None, "", "dismax", "edismax"}:
        return params
    if _names_a_field(question):
        return params
    words = LUCENE.sub(" ", question[:QUESTION_LIMIT]).strip()
    if not words:
        # nothing but punctuation: nothing is found, and nothing breaks
        return {**params, "q": "-*:*"}
    return {**params, "q": words, "defType": "edismax", "qf": QUERY_FIELDS, "mm": MATCH}


KNOWN_FIELDS = re.compile(
    r"(?:^|[\s(+-])(?:title|name|notes|tags|groups|organization|owner_org|license_id|res_format|id|state|type|dataset_type|metadata_modified|metadata_created"
    r"|axis|communes|theme|access_level|capacity|private|creator_user_id|text|author|maintainer|url|entity_type|[a-z_]*extras_\w+|vocab_\w+):"
)


def _names_a_field(question: str) -> bool:
    return bool(KNOWN_FIELDS.search(question))


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
