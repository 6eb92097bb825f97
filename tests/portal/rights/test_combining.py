"""Asking under which licences data may be published: by the action, on the pages, of a dataset's sources."""
from __future__ import annotations

import contextvars
import json
import re
from collections.abc import Callable
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Publish = Callable[..., dict[str, Any]]


def asked(app: Any, address: str, user: str | None = None, status: int = 200) -> str:
    """A page, in a context of its own, as a user or a stranger."""
    headers = {"Authorization": factories.APIToken(user=user)["token"]} if user else {}
    return str(contextvars.Context().run(app.get, address, headers=headers, status=status).body)


def combine(user: str = "", **question: Any) -> dict[str, dict[str, Any]]:
    found = tk.get_action("tzc_licence_combine")({"user": user}, question)
    return {one["licence"]: one for one in found["licences"]}


def refusal(**question: Any) -> dict[str, list[str]]:
    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("tzc_licence_combine")({"user": ""}, question)
    return dict(caught.value.error_dict)


def test_licences_are_combined_and_a_refusal_names_the_clause() -> None:
    found = combine(licences=["lov2", "odbl"])
    assert [code for code, one in found.items() if one["status"] == "allowed"] == ["odbl"]
    [reason] = found["cc-by"]["reasons"]
    assert (reason["rule"], reason["source"], reason["clause"], reason["datasets"]) == ("share_alike", "odbl", "section 4.4", [])
    assert reason["url"] == "https://opendatacommons.org/licenses/odbl/1-0/"
    # the territory's own first, in its order
    assert list(found)[:6] == ["lov2", "odbl", "cc-by", "cc-by-sa", "cc-zero", "other-closed"]
    assert (found["cc-zero"]["offered"], found["pddl"]["offered"]) == (True, False)


def test_datasets_are_asked_about_by_id_or_name(publish: Publish) -> None:
    first, second = publish(title="Bus", license_id="lov2"), publish(title="Rues", license_id="odbl")
    found = combine(datasets=[first["id"], second["name"]], licences=["cc-zero"])
    assert found["odbl"]["status"] == "allowed"
    assert found["lov2"]["reasons"][0]["datasets"] == ["Rues"]
    assert found["cc-zero"]["reasons"][0]["datasets"] == ["Bus"]


def test_what_the_asker_may_not_see_is_not_told_of(publish: Publish, partner: dict[str, Any]) -> None:
    hidden = publish(access_level="confidential", license_id="odbl", name="cache")
    assert combine(partner["editor"], datasets=["cache"])["lov2"]["status"] == "refused"
    for name in ("cache", hidden["id"], "no-such-dataset"):
        assert refusal(datasets=[name]) == {"datasets": [f"Il n’y a pas de jeu de données «\u00a0{name}\u00a0» que vous puissiez voir."]}


@pytest.mark.parametrize(
    ("question", "field", "words"),
    [
        ({}, "licences", "Dites de quoi les données sont faites"),
        ({"licences": [" ", ""]}, "licences", "Dites de quoi les données sont faites"),
        ({"licences": ["gpl"]}, "licences", "n’est pas une licence de ce portail. Il y a\u00a0: lov2, odbl"),
        ({"licences": {"lov2": 1}}, "licences", "Donnez une liste de textes."),
        ({"datasets": [1]}, "datasets", "Donnez une liste de textes."),
        ({"datasets": [f"jeu-{number}" for number in range(51)]}, "licences", "50 sources au plus"),
    ],
)
def test_a_question_without_meaning_is_told_so(question: dict[str, Any], field: str, words: str) -> None:
    found = refusal(**question)
    assert list(found) == [field]
    assert words in found[field][0]


def test_one_code_may_be_given_as_text(app: Any) -> None:
    answer = app.get("/api/3/action/tzc_licence_combine?licences=odbl").json["result"]
    assert answer["sources"] == [{"licence": "odbl", "label": answer["licences"][1]["label"], "dataset": "", "title": ""}]


def test_the_registry_is_a_page(app: Any) -> None:
    page = asked(app, "/en/licences")
    assert page.index('id="lov2"') < page.index('id="other-closed"') < page.index('id="cc-by-nc-nd"')
    limited = page[page.index('id="cc-by-nc"') : page.index('id="cc-by-nc-sa"')]
    assert "Use the data for business." in limited
    assert "also for business" not in limited
    assert 'href="https://creativecommons.org/licenses/by-nc/4.0/legalcode.en"' in limited
    assert "legalcode.fr" in asked(app, "/licences")


def test_the_page_of_combinations_answers_without_scripts(app: Any, publish: Publish) -> None:
    assert 'id="answer"' not in asked(app, "/en/licences/combine")
    page = asked(app, "/en/licences/combine?licence=lov2&licence=odbl")
    assert re.search(r'value="odbl" checked', page)
    allowed, rest = page.split('id="ask-title"')
    assert "ODbL 1.0" in allowed.split('id="allowed-title"')[1]
    assert "section 4.4" in rest
    assert "“nope” is no licence" in asked(app, "/en/licences/combine?licence=nope&licence=lov2")
    assert "&lt;b&gt;" in asked(app, "/en/licences/combine?dataset=<b>")
    made = publish(title="Rues", license_id="odbl")
    page = asked(app, f"/en/licences/combine?dataset={made['name']}")
    assert f'name="dataset" value="{made["name"]}" checked' in page
    assert "Source: Rues" in page


# what a dataset is derived from


def test_a_dataset_says_what_it_is_made_of(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    streets = publish(title="Rues", name="rues", license_id="odbl")
    made = publish(title="Bancs", license_id="lov2", was_derived_from=["rues", "http://test.ckan.net/en/dataset/rues", "https://example.org/donnees"])
    assert made["was_derived_from"] == [streets["id"], "https://example.org/donnees"]
    page = asked(app, f"/en/dataset/{made['name']}")
    assert "The sources do not allow this licence." in page
    assert "section 4.4" in page
    assert 'href="/en/dataset/rues"' in page
    assert 'href="/en/licences/combine?dataset=rues&amp;licence=notspecified#answer"' in page
    # the form shows names, also after the source has another one, and says the same
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": streets["id"], "name": "voies"})
    form = asked(app, f"/en/dataset/edit/{made['name']}", partner["editor"])
    assert 'name="was_derived_from" value="voies"' in form
    assert "The sources do not allow this licence." in form
    for code, words in (("odbl", "Whether the sources allow this licence has to be asked."), ("cc-by", "The sources do not allow this licence.")):
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "license_id": code})
        assert words in asked(app, f"/en/dataset/{made['name']}")
    tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "license_id": "odbl", "was_derived_from": [streets["id"]]})
    page = asked(app, f"/en/dataset/{made['name']}")
    assert "Made of:" in page
    assert "tzc-notice-bad" not in page and "has to be asked" not in page


def test_two_at_one_form_are_told_of_sources_by_name(publish: Publish) -> None:
    from ckanext.tzc.portal import meanwhile

    for name in ("rues", "bancs"):
        publish(name=name)
    made = publish(was_derived_from=["rues"])
    fields = [field for field in meanwhile.fields_of("dataset") if field["field_name"] == "was_derived_from"]
    opened = json.dumps(meanwhile.marks(made, fields))
    assert meanwhile.changes(opened, {"was_derived_from": "rues"}, made, fields) == []
    stored = {**made, "was_derived_from": [*made["was_derived_from"], "https://example.org/source"]}
    typed: dict[str, Any] = {"was_derived_from": "rues"}
    [told] = meanwhile.changes(opened, typed, stored, fields)
    assert (told["now"], told["mine"]) == ("rues ; https://example.org/source", False)
    assert typed["was_derived_from"] == ["rues", "https://example.org/source"]


def test_a_dataset_without_sources_says_nothing_of_them(app: Any, publish: Publish) -> None:
    assert "Made of:" not in asked(app, f"/en/dataset/{publish()['name']}")


def test_a_hidden_source_is_not_named_to_strangers(app: Any, publish: Publish, partner: dict[str, Any]) -> None:
    publish(title="Registre secret", name="secret", license_id="lov2", access_level="confidential")
    made = publish(title="Bancs", was_derived_from=["secret"])
    page = asked(app, f"/en/dataset/{made['name']}")
    assert "secret" not in page.lower()
    assert "a dataset that is not public" in page
    assert "Registre secret" in asked(app, f"/en/dataset/{made['name']}", partner["editor"])


def test_who_may_not_see_a_source_keeps_the_mention_of_it(publish: Publish, partner: dict[str, Any]) -> None:
    both = factories.User()
    tk.get_action("organization_member_create")({"ignore_auth": True}, {"id": partner["id"], "username": both["name"], "role": "editor"})
    elsewhere = factories.Organization(users=[{"name": both["name"], "capacity": "editor"}])
    hidden = publish(user=both["name"], owner_org=elsewhere["id"], access_level="confidential", name="secret")
    made = publish(user=both["name"], was_derived_from=["secret"])
    changed = tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "notes": "Autre texte."})
    assert changed["was_derived_from"] == [hidden["id"]]
    with pytest.raises(tk.ValidationError):
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": publish()["id"], "was_derived_from": ["secret"]})


def test_a_source_that_is_none_is_told_so(errors: Any, publish: Publish, partner: dict[str, Any]) -> None:
    assert "ni un jeu de données que vous puissiez voir ici, ni une adresse" in errors(was_derived_from=["no-such-dataset"])["was_derived_from"][0]
    assert "ni une adresse" in errors(was_derived_from=["javascript:alert(1)"])["was_derived_from"][0]
    assert len(errors(was_derived_from=["a b", "nope"])["was_derived_from"]) == 2
    assert "50" in errors(was_derived_from=[f"https://example.org/{number}" for number in range(51)])["was_derived_from"][0]
    made = publish(name="moi")
    with pytest.raises(tk.ValidationError) as caught:
        tk.get_action("package_patch")({"user": partner["editor"]}, {"id": made["id"], "was_derived_from": ["moi"]})
    assert "n’est pas dérivé de lui-même" in caught.value.error_dict["was_derived_from"][0]


def test_the_licence_of_one_from_another_catalogue_is_not_judged(app: Any, publish: Publish) -> None:
    """It was chosen there. What the sources are is told."""
    made = publish(title="Bancs", license_id="lov2", was_derived_from=["https://example.org/donnees"], extras=[{"key": "guid", "value": "https://example.org/bancs"}])
    page = asked(app, f"/en/dataset/{made['name']}")
    assert "Made of:" in page and 'href="https://example.org/donnees"' in page
    assert "Whether the sources allow this licence has to be asked." not in page
    assert "Whether the sources allow this licence has to be asked." in asked(app, f"/en/dataset/{publish(was_derived_from=['https://example.org/donnees'])['name']}")


def test_the_feed_says_what_a_dataset_was_derived_from(app: Any, publish: Publish) -> None:
    streets = publish(name="rues")
    made = publish(was_derived_from=["rues", "https://example.org/source"])
    turtle = asked(app, f"/dataset/{made['id']}.nt")
    derived = re.findall(r"<http://www.w3.org/ns/prov#wasDerivedFrom> <([^>]+)>", turtle)
    assert sorted(derived) == [f"http://test.ckan.net/dataset/{streets['id']}", "https://example.org/source"]


def test_the_form_offers_the_territorys_licences_only(app: Any, partner: dict[str, Any], errors: Any) -> None:
    form = asked(app, "/en/dataset/new", partner["editor"])
    field = form[form.index('id="field-license_id"') :].split("</select>")[0]
    assert re.findall(r'<option value="([^"]+)"', field) == ["lov2", "odbl", "cc-by", "cc-by-sa", "cc-zero", "other-closed", "notspecified"]
    assert list(errors(license_id="cc-by-nc")) == ["license_id"]


def test_an_empty_line_is_no_source(publish: Publish, app: Any) -> None:
    assert tk.h.tzc_source_names(["", "https://example.org/a"]) == ["https://example.org/a"]
    assert tk.h.tzc_source_names("") == []
