"""What pages count and sort by has columns of its own in the index: they stand there after each commit, however large the catalogue is."""
from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from tzc_stack.paths import ROOT
from tzc_stack.solr_home import merged_schema

pytestmark = pytest.mark.usefixtures("with_plugins", "with_request_context")

SORTED = ("metadata_modified", "metadata_created", "title_string", "tags", "axis")
"""By which lists are ordered, and what the home page counts besides."""


def test_what_is_counted_and_sorted_by_has_columns() -> None:
    from ckanext.tzc.catalogue.facets import Facets

    fields = {field.get("name"): field for field in ET.fromstring(merged_schema(ROOT / "config" / "solr" / "schema-additions.xml")).iterfind("fields/field")}  # noqa: S314 -- our own file
    counted = Facets().dataset_facets({}, "dataset")  # type: ignore[arg-type] -- a dict will do
    assert [name for name in (*counted, *SORTED) if fields[name].get("docValues") != "true"] == []
