"""The least score that a partner asks for."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import ckan.plugins.toolkit as tk
from ckanext.tzc.common.checks import Finding, Partner, is_harvested

from tzc.catalogue import quality

from . import scoring


def check(package: Mapping[str, Any], partner: Partner) -> Iterator[Finding]:
    """Whether a description has the points that its partner asks for. Points for addresses that were not tried yet are given in advance."""
    if not partner.quality_bar:
        return
    found, _ = scoring.assess(dict(package))
    waiting = sum(criterion.points for criterion in quality.CRITERIA if found.states[criterion.id] == quality.WAITING)
    told = tk._("Its description has at least {bar} points of quality; it has {score}.").format(bar=partner.quality_bar, score=found.score + waiting)
    page = tk.h.url_for("tzc_quality.dataset", name=package["name"]) if package.get("name") else ""
    yield Finding("quality", found.score + waiting >= partner.quality_bar, told, not is_harvested(package), url=page)
