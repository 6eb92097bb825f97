"""A dataset's triples held against shapes: what is found, whose form mends it, and what tells shapes apart."""
from __future__ import annotations

from typing import Any

import pytest
from tzc.publishing import documents, mapping, validation
from tzc.publishing.validation import Shapes, validate

from tests.conftest import ROOT
from tests.domain.publishing.test_mapping import FILE, ID, NOW, PLAIN, WORLD

PROFILE = Shapes((ROOT / "schemas" / "shacl" / "tzc-ap.ttl").read_text(encoding="utf-8"))
DATASET = f"https://portal.example/dataset/{ID}"
WHOLE: dict[str, Any] = {
    **PLAIN, "notes": "Passages.", "tags": ["vélo"], "communes": ["17300"], "theme": ["http://publications.europa.eu/resource/authority/data-theme/TRAN"], "temporal_coverage": [{"start": "2024"}],
    "contact": [{"name": "A", "email": "a@example.org"}], "resources": [FILE], "quality": {"qualityScore": 300, "findabilityScore": 100},
}  # fmt: skip
DCT, DCAT = "http://purl.org/dc/terms/", "http://www.w3.org/ns/dcat#"


def triples(**fields: Any) -> str:
    return documents.fragments(mapping.describe({**WHOLE, **fields}, WORLD, NOW).triples)["n_triples"]



def test_a_whole_description_has_no_fault() -> None:
    assert validate(triples(), PROFILE) == []


def without(text: str, predicate: str) -> str:
    kept = [line for line in text.splitlines() if f"<{predicate}>" not in line]
    assert len(kept) < len(text.splitlines())
    return "\n".join(kept) + "\n"


@pytest.mark.parametrize(
    ("predicate", "field"),
    [(f"{DCT}publisher", "owner_org"), (f"{DCT}accessRights", "access_level"), (f"{DCT}identifier", ""), (f"{DCAT}accessURL", "url")],
)
def test_what_is_forbidden_names_the_field_that_mends_it(predicate: str, field: str) -> None:
    [one] = [one for one in validate(without(triples(), predicate), PROFILE) if one.severity == "violation"]
    assert (one.path, one.field, set(one.messages)) == (predicate, field, {"fr", "en"})
    assert one.focus == (f"{DATASET}/resource/f1" if field == "url" else DATASET)
    assert one.file == (one.focus if field == "url" else "")
    assert not validation.conforms([one])


def test_what_is_only_missed_does_not_count() -> None:
    missed = validate(triples(tags=[], contact=[{"name": "A"}], resources=[{**FILE, "format": ""}]), PROFILE)
    assert {one.field for one in missed} == {"tag_string", "contact", "format"}
    assert {one.severity for one in missed} == {"warning"}
    assert validation.conforms(missed)
    # a property that may be one or the other has both names
    assert "http://www.w3.org/2006/vcard/ns#hasEmail|http://www.w3.org/2006/vcard/ns#hasURL" in {one.path for one in missed}


def test_a_value_that_may_not_be_is_told() -> None:
    text = triples().replace(f"<{FILE['url']}>", '"velos.csv"')
    assert [(one.severity, one.value) for one in validate(text, PROFILE)] == [("violation", "velos.csv")]


def test_every_field_is_one_of_the_forms() -> None:
    import yaml

    schema = yaml.safe_load((ROOT / "schemas" / "dataset.yaml").read_text(encoding="utf-8"))
    forms = {kind: {field["field_name"] for field in schema[kind] if field.get("form_snippet", "") is not None} for kind in ("dataset_fields", "resource_fields")}
    for kind, fields in validation.FIELDS.items():
        for field in fields.values():
            assert field in forms["resource_fields" if field in validation.OF_FILE else "dataset_fields"], (kind, field)


def test_other_shapes_have_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Shapes(PROFILE.turtle).fingerprint == PROFILE.fingerprint
    assert Shapes(PROFILE.turtle + "\n# more").fingerprint != PROFILE.fingerprint
    monkeypatch.setattr("importlib.metadata.version", lambda name: f"a later {name}")
    assert Shapes(PROFILE.turtle).fingerprint != PROFILE.fingerprint


def test_shapes_that_cannot_be_used_are_said_to_be() -> None:
    broken = Shapes(PROFILE.turtle + "\ntzcap:Dataset sh:property [ sh:path dct:title ; sh:minCount 'many' ] .\n")
    with pytest.raises(validation.NotValidatedError):
        validate(triples(), broken)
