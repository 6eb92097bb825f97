"""What templates may ask about quality."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from tzc.catalogue import quality

from . import scoring, words


def tzc_quality(package: dict[str, Any]) -> dict[str, Any]:
    """How well a dataset is described: `{"score", "possible", "rating", "words", "not_stated"}`, the last the labels of fields that say nothing. One query."""
    found, _ = scoring.assess(package)
    return {
        "score": found.score, "possible": quality.MOST, "rating": found.rating, "words": words.rating(found.rating),
        "not_stated": words.fields(quality.not_stated(package, found)),
    }  # fmt: skip


def tzc_quality_rating(code: str) -> str:
    """A rating in words."""
    return words.rating(code)


def tzc_quality_reason(code: str) -> str:
    """Why an address did not answer well."""
    return words.reason(code)


def tzc_quality_of_partner(organization_id: str) -> dict[str, Any] | None:
    """The average of a partner's public datasets, for its members: see `tzc_quality_summary`; None for others, or without datasets."""
    if not tk.current_user.is_authenticated or not (tk.current_user.sysadmin or tk.h.user_in_org_or_group(organization_id)):
        return None
    organisation = tk.h.get_organization(organization_id)
    average: dict[str, Any] | None = tk.get_action("tzc_quality_summary")({}, {})["partners"].get((organisation or {}).get("name"))
    return average


def tzc_quality_of_axis(name: str) -> dict[str, Any] | None:
    """The average of an axis's public datasets, for those who publish; None for others, or without datasets."""
    if not tk.current_user.is_authenticated or not (tk.current_user.sysadmin or tk.h.organizations_available("create_dataset")):
        return None
    average: dict[str, Any] | None = tk.get_action("tzc_quality_summary")({}, {})["axes"].get(name)
    return average
