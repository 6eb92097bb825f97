"""What a catalogue's server asks for is kept sealed, told to that server only, and stands in no configuration and no address."""
from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
import pytest
import sqlalchemy as sa
from ckan.lib.search import SearchQueryError
from ckanext.harvest.model import HarvestSource

from tests.people import Person
from tests.portal.harvesting.conftest import as_before, keep
from tests.portal.harvesting.test_partners import found, packages
from tests.sites import Asked, Reply, Site, catalogue, served

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

Source = Callable[..., dict[str, Any]]
Run = Callable[[dict[str, Any]], dict[str, Any]]
PAGE = "/harvest/une-source/acces"
BASIC = "Basic cG9ydGFpbDptb3QtZGUtcGFzc2U="
"""`portail:mot-de-passe`."""


def host(site: Site) -> str:
    return site.address.removeprefix("http://")


def config() -> dict[str, Any]:
    model.Session.expire_all()
    return dict(json.loads(HarvestSource.get(model.Package.get("une-source").id).config or "{}"))


def give(who: Person, status: int = 200, **values: str) -> str:
    """Fill in the form of this kind."""
    forms = who.page.xpath("//main//form[@method='post']")
    number = next(number for number, form in enumerate(forms) if ("kind", values["kind"]) in form.form_values())
    return who.send(("act", "keep"), form=number, status=status, **values)


def held(who: Person) -> list[str]:
    """The names of what the partner of the sources keeps."""
    owner = model.Session.query(model.Package.owner_org).filter_by(type="harvest").first()[0]
    return [one["name"] for one in tk.get_action("tzc_credential_list")({"ignore_auth": True, "user": who.name}, {"partner": owner})]


def shown(site: Site) -> set[str | None]:
    return {asked.headers.get("Authorization") for asked in site.asked}


def everything() -> str:
    """All that the database holds, but for what is sealed and the accounts."""
    with model.Session.connection().begin_nested():
        tables = model.Session.execute(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).scalars().all()
        return "\n".join(str(row) for table in tables for row in model.Session.execute(sa.text(f'SELECT "{table}"::text FROM "{table}"')).scalars())  # noqa: S608 -- names of tables that are there


@pytest.mark.parametrize(
    ("values", "header", "said"),
    [({"kind": "basic", "user": "portail", "password": "mot-de-passe"}, "Authorization", BASIC), ({"kind": "bearer", "token": "un-jeton-secret"}, "Authorization", "un-jeton-secret"),
     ({"kind": "header", "header": "X-API-Key", "value": "une-cle-secrete"}, "X-Api-Key", "une-cle-secrete")],
)  # fmt: skip
def test_what_the_server_asks_for_is_given_on_a_page_sealed_and_told(person: Callable[[str], Person], site: Site, source: Source, run: Run, values: dict[str, str], header: str, said: str) -> None:
    site.answer = lambda asked: catalogue(packages(1))(asked) if {name.title(): value for name, value in asked.headers.items()}.get(header) == said else Reply(b"{}", 401)
    made = source(site.address, "tzc_ckan")
    assert "401" in run(made)["problems"][0] and found() == []
    who = person("sysadmin")
    assert "n’est montré au serveur" in who.visit(PAGE) and host(site) in who.visit(PAGE)
    secret = said if values["kind"] != "basic" else "mot-de-passe"
    told = give(who, **values)
    own = f"moisson-une-source-{made['id'][:8]}"
    assert own in told and secret not in told and "Enregistré" in who.said()
    assert config() == {"allow_internal": True, "credential": own}
    assert run(made) == {"counts": {"added": 1}, "problems": []}
    assert secret not in everything()
    assert "Plus rien" in (who.send(("act", "forget")), who.said())[1]
    assert config() == {"allow_internal": True}
    assert tk.get_action("tzc_credential_list")({"ignore_auth": True, "user": who.name}, {"partner": made["owner_org"]}) == []


def test_a_credential_that_is_kept_already_is_chosen(person: Callable[[str], Person], site: Site, source: Source, run: Run, partner: dict[str, Any]) -> None:
    keep(partner, host(site))
    keep(partner, host(site), "seau", kind="s3", key="a", secret="b")
    keep(partner, "ailleurs.example.org:443", "autre")
    site.answer = catalogue(packages(1))
    made = source(site.address, "tzc_ckan")
    who = person("sysadmin")
    told = who.visit(PAGE)
    assert "acces" in told and "seau" not in told and "autre" not in told
    who.send(("act", "use"))
    assert config()["credential"] == "acces"
    assert run(made)["problems"] == [] and shown(site) == {"jeton"}
    who.send(("act", "forget"))
    assert tk.get_action("tzc_credential_list")({"user": partner["editor"]}, {"partner": partner["id"]}), "it is not this page's to remove"


def test_mistakes_are_told_beside_their_fields(person: Callable[[str], Person], source: Source) -> None:
    source("https://data.example.org/", "tzc_ckan", {})
    who = person("editor")
    who.visit(PAGE)
    told = give(who, status=400, kind="basic", user="portail", password="")
    assert who.page.xpath("//input[@name='user']/@value") == ["portail"] and "#field-keep-password" in told and "Mot de passe" in told
    give(who, status=400, kind="header", header="X Key:", value="x")
    assert " ".join(who.page.xpath("//*[@role='alert']//li//text()")).startswith("Nom de l’en-tête")
    give(who, status=400, kind="basic", user="a:b", password="x")
    assert config() == {} and held(who) == []


def test_nothing_is_kept_that_could_not_be_used(person: Callable[[str], Person], source: Source) -> None:
    source("http://data.example.org/", "tzc_ckan", {})
    who = person("editor")
    who.visit(PAGE)
    assert "https" in give(who, status=400, kind="bearer", token="jeton") and held(who) == []
    as_before(source("http://autre.example.org/", "tzc_ckan", {}, name="une-autre"), {"api_key": "CLEF"})
    who.visit("/harvest/une-autre/acces")
    who.send(("act", "seal"), status=400)
    assert held(who) == []


def test_sources_whose_names_begin_alike_keep_their_own(person: Callable[[str], Person], source: Source) -> None:
    names = ["a" * 95 + end for end in ("-un", "-deux")]
    who = person("editor")
    for name in names:
        source(f"https://{name[-4:].strip('-')}.example.org/", "tzc_ckan", {}, name=name)
        who.visit(f"/harvest/{name}/acces")
        give(who, kind="bearer", token="jeton")
    assert len(held(who)) == 2


def test_what_is_shown_inside_is_for_administrators(site: Site, source: Source, partner: dict[str, Any]) -> None:
    keep(partner, host(site))
    source(site.address, "tzc_ckan", {"allow_internal": True, "credential": "acces"})
    with pytest.raises(tk.NotAuthorized, match="administrateurs"):
        keep(partner, host(site), kind="header", header="Metadata-Flavor", value="x")
    with pytest.raises(tk.NotAuthorized):
        tk.get_action("tzc_credential_remove")({"user": partner["editor"]}, {"partner": partner["id"], "name": "acces"})
    keep(partner, host(site), "un-autre")


def test_who_sees_the_page(person: Callable[[str], Person], source: Source) -> None:
    source("https://data.example.org/", "tzc_ckan", {})
    person("member").visit(PAGE, status=403)
    who = person("editor")
    who.visit(PAGE)
    source("https://autre.example.org/", "tzc_ckan", {"allow_internal": True}, name="interne")
    assert "seuls les administrateurs" in who.visit("/harvest/interne/acces") and not who.page.xpath("//main//form")
    who.visit(PAGE)
    token = who.page.xpath("//input[@name='_csrf_token']/@value")[0]
    sent = {"_csrf_token": token, "act": "keep", "kind": "bearer", "token": "x"}
    assert who.post("/harvest/interne/acces", data=sent, base_url=who.site).status_code == 403
    assert tk.get_action("tzc_credential_list")({"ignore_auth": True, "user": who.name}, {"partner": model.Package.get("interne").owner_org}) == []


def test_a_source_of_another_programs_kind_has_no_such_page(person: Callable[[str], Person], source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tk.config, "tzc.harvesting.allowed_kinds", ["ckan"])
    source("https://data.example.org/", "ckan", {})
    person("sysadmin").visit(PAGE, status=404)


@pytest.mark.parametrize(
    ("fields", "field", "word"),
    [({"config": {"api_key": "CLEF"}}, "config", "credential"), ({"url": "https://moi:motdepasse@data.example.org/"}, "url", "mot de passe"), ({"config": {"credential": "nulle"}}, "config", "pas d’accès de ce nom"),
     ({"config": {"credential": "ailleurs"}}, "config", "ailleurs.example.org:443"), ({"config": {"credential": "seau"}}, "config", "pas d’accès de ce nom"),
     ({"config": {"credential": "clair"}, "url": "http://data.example.org/"}, "config", "https"), ({"config": {"credential": 3}}, "config", "str"), ({"config": {"credential": "\ud800"}}, "config", "pas d’accès de ce nom")],
)  # fmt: skip
def test_no_secret_is_taken_where_it_would_lie_open(source: Source, partner: dict[str, Any], fields: dict[str, Any], field: str, word: str) -> None:
    keep(partner, "ailleurs.example.org:443", "ailleurs")
    keep(partner, "data.example.org:80", "clair")
    keep(partner, "data.example.org:443", "seau", kind="s3", key="a", secret="b")
    wanted = {"config": {}, "url": "https://data.example.org/", **fields}
    with pytest.raises(tk.ValidationError, match=word) as caught:
        source(wanted["url"], "tzc_ckan", wanted["config"], user=partner["editor"])
    assert field in caught.value.error_dict and model.Package.get("une-source") is None
    made = source("https://data.example.org/", "tzc_ckan", {}, user=partner["editor"])
    with pytest.raises(tk.ValidationError, match=word):
        tk.get_action("harvest_source_patch")({"user": partner["editor"]}, {"id": made["id"], "url": wanted["url"], "config": json.dumps(wanted["config"])})
    assert config() == {} and "motdepasse" not in everything() and "CLEF" not in everything()


def test_what_is_sent_stands_in_no_log(source: Source, partner: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """ckanext-harvest writes down each source as it was sent."""
    caplog.set_level(logging.INFO)
    with pytest.raises(tk.ValidationError):
        source("https://moi:motdepasse@data.example.org/", "tzc_ckan", {"api_key": "CLEF"}, user=partner["editor"])
    made = source("https://data.example.org/", "tzc_ckan", {}, user=partner["editor"])
    for action in ("harvest_source_patch", "harvest_source_update"):
        with pytest.raises(tk.ValidationError):
            tk.get_action(action)({"user": partner["editor"]}, {**made, "url": "https://moi:motdepasse@data.example.org/", "config": '{"api_key": "CLEF"}'})
    assert "motdepasse" not in caplog.text and "CLEF" not in caplog.text


def test_a_configuration_says_each_thing_once(source: Source, partner: dict[str, Any]) -> None:
    user, wanted = partner["editor"], {"url": "https://data.example.org/", "name": "une", "title": "Une", "source_type": "tzc_ckan", "owner_org": partner["id"]}
    with pytest.raises(tk.ValidationError, match="api_key"):
        tk.get_action("harvest_source_create")({"user": user}, {**wanted, "config": '{"api_key": "CLEF", "api_key": ""}'})
    assert "CLEF" not in everything()


@pytest.mark.parametrize("way", ["left out", "nothing"])
def test_a_configuration_that_is_taken_away_is_gone(source: Source, partner: dict[str, Any], way: str) -> None:
    keep(partner, "data.example.org:443")
    made = source("https://data.example.org/", "tzc_ckan", {"credential": "acces"}, user=partner["editor"])
    assert config() == {"credential": "acces"}
    if way == "left out":
        tk.get_action("harvest_source_update")({"user": partner["editor"]}, {name: value for name, value in made.items() if name not in ("config", "credential")})
    else:
        tk.get_action("harvest_source_patch")({"user": partner["editor"]}, {"id": made["id"], "config": None})
    assert config() == {}
    assert not tk.get_action("harvest_source_show")({"user": partner["editor"]}, {"id": made["id"]}).get("config")


def test_who_may_only_read_finds_nothing_that_opens_a_source(person: Callable[[str], Person], source: Source, partner: dict[str, Any]) -> None:
    """Members of the partner search its sources; how they are opened is in no answer, no field and no facet."""
    made = as_before(source("https://data.example.org/?cle=secrete", "tzc_ckan", {}, user=partner["editor"]), {"api_key": "CLEF", "organization": "ville"}, "https://moi:motdepasse@data.example.org/?cle=secrete")
    tk.get_action("harvest_source_reindex")({"user": partner["editor"], "ignore_auth": True}, {"id": made["id"]})
    for asked in ({}, {"fl": ["*"]}, {"fl": ["data_dict", "validated_data_dict", "config", "extras_config", "url"]}, {"facet.field": ["config", "extras_config", "url", "api_key"]}, {"fq": "config:*", "rows": 0}, {"q": "CLEF"}, {"q": "secrete"}):
        fq = f"dataset_type:harvest {asked.get('fq', '')}"
        try:
            answer = tk.get_action("package_search")({"user": person("member").name}, {"include_private": True, **asked, "fq": fq})
        except (tk.ValidationError, SearchQueryError):
            continue
        assert not {"CLEF", "secrete", "motdepasse"} & set(re.findall(r"\w+", json.dumps(answer["results"]) + json.dumps(answer["search_facets"]))), asked
        if "q" in asked or "fq" in asked:
            assert answer["count"] == 0, asked
    told = tk.get_action("harvest_source_show")({"user": partner["editor"]}, {"id": made["id"]})
    assert json.loads(told["config"]) == {"api_key": "CLEF", "organization": "ville"} and told["url"].endswith("?cle=secrete")
    assert "CLEF" in person("editor").visit("/harvest/edit/une-source"), "its editors change it"


def test_another_partners_credential_is_none_of_ours(source: Source, partner: dict[str, Any]) -> None:
    from ckan.tests import factories

    stranger = factories.User()["name"]
    other = factories.Organization(image_url="", users=[{"name": stranger, "capacity": "editor"}])
    keep(partner, "data.example.org:443")
    with pytest.raises(tk.ValidationError, match="pas d’accès de ce nom"):
        source("https://data.example.org/", "tzc_ckan", {"credential": "acces"}, user=stranger, owner_org=other["id"])


def test_what_lay_open_before_goes_on_and_is_sealed_by_a_button(person: Callable[[str], Person], site: Site, source: Source, run: Run, partner: dict[str, Any]) -> None:
    site.answer = catalogue(packages(1))
    made = as_before(source(site.address, "tzc_ckan"), {"allow_internal": True, "api_key": "CLEF"})
    assert run(made)["counts"] == {"added": 1} and shown(site) == {"CLEF"}
    tk.get_action("harvest_source_patch")({"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": made["id"], "title": "Autre titre"})
    assert config()["api_key"] == "CLEF", "what it says already is no reason to refuse another change"
    with pytest.raises(tk.ValidationError, match="credential"):
        tk.get_action("harvest_source_patch")({"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]}, {"id": made["id"], "config": '{"api_key": "AUTRE"}'})
    who = person("sysadmin")
    assert "CLEF" not in who.visit(PAGE) and "à découvert" in who.visit(PAGE)
    told = who.send(("act", "seal"))
    assert "à découvert" not in told and config() == {"allow_internal": True, "credential": f"moisson-une-source-{made['id'][:8]}"}
    site.asked.clear()
    assert run(made)["problems"] == [] and shown(site) == {"CLEF"}


def test_a_password_of_an_address_is_sealed_by_a_button(person: Callable[[str], Person], site: Site, source: Source, run: Run) -> None:
    site.answer = catalogue(packages(1))
    made = as_before(source(site.address, "tzc_ckan"), {"allow_internal": True}, site.address.replace("http://", "http://portail:mot-de-passe@"))
    who = person("sysadmin")
    who.visit(PAGE)
    who.send(("act", "seal"))
    model.Session.expire_all()
    assert HarvestSource.get(made["id"]).url == site.address and config()["credential"].startswith("moisson-une-source-")
    assert run(made)["problems"] == [] and shown(site) == {BASIC}


def test_without_its_credential_nothing_is_asked_and_nothing_lost(site: Site, source: Source, run: Run, partner: dict[str, Any]) -> None:
    from ckanext.tzc.harvesting.engine import reasons, store

    keep(partner, host(site))
    site.answer = catalogue(packages(2))
    made = source(site.address, "tzc_ckan", {"allow_internal": True, "credential": "acces"})
    assert run(made)["counts"] == {"added": 2}
    tk.get_action("tzc_credential_remove")({"user": tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"], "ignore_auth": True}, {"partner": partner["id"], "name": "acces"})
    site.asked.clear()
    done = run(made)
    assert site.asked == [] and len(found()) == 2 and "acces" in done["problems"][0]
    last = model.Session.query(store.Run.id).order_by(store.Run.begun.desc()).first()[0]
    assert "credential" in [group["cause"] for group in reasons.listing(last)]


def test_a_credential_that_is_for_another_server_by_now_is_not_shown(site: Site, source: Source, run: Run, partner: dict[str, Any]) -> None:
    keep(partner, host(site))
    site.answer = catalogue(packages(1))
    made = source(site.address, "tzc_ckan", {"allow_internal": True, "credential": "acces"})
    administrator = tk.get_action("get_site_user")({"ignore_auth": True}, {})["name"]
    tk.get_action("tzc_credential_set")({"user": administrator}, {"partner": partner["id"], "name": "acces", "host": "ailleurs.example.org:443", "kind": "bearer", "token": "autre-jeton"})
    done = run(made)
    assert site.asked == [] and "acces" in done["problems"][0]


def test_an_address_with_a_password_from_before_is_no_reason_to_refuse_another_change(source: Source, partner: dict[str, Any]) -> None:
    url = "https://moi:motdepasse@data.example.org/"
    made = as_before(source("https://data.example.org/", "tzc_ckan", {}, user=partner["editor"]), {}, url)
    tk.get_action("harvest_source_patch")({"user": partner["editor"]}, {"id": made["id"], "title": "Autre titre"})
    model.Session.expire_all()
    assert (model.Package.get(made["id"]).title, HarvestSource.get(made["id"]).url) == ("Autre titre", url)
    with pytest.raises(tk.ValidationError, match="mot de passe"):
        tk.get_action("harvest_source_patch")({"user": partner["editor"]}, {"id": made["id"], "url": url.replace("motdepasse", "autre")})


def test_samples_are_asked_with_the_credential(site: Site, source: Source, partner: dict[str, Any]) -> None:
    from ckanext.tzc.harvesting import samples

    keep(partner, host(site))
    site.answer = catalogue(packages(3))
    made = source(site.address, "tzc_ckan", {"allow_internal": True, "credential": "acces"})
    assert samples.ask(made["id"]) == 3 and shown(site) == {"jeton"}


def test_another_server_on_which_the_listing_goes_on_is_told_nothing(site: Site, source: Source, run: Run, partner: dict[str, Any]) -> None:
    from ckanext.tzc.harvesting import samples

    with served("127.0.0.2") as other:

        def page(name: str, following: str) -> Callable[[Asked], Reply]:
            words = f"@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> . @prefix hydra: <http://www.w3.org/ns/hydra/core#> . <https://data.example.org/{name}> a dcat:Dataset ; dct:title \"{name}\" . {following}"
            return lambda _: Reply(words.encode(), headers={"Content-Type": "text/turtle"})

        site.answer, other.answer = page("un", f"<{site.address}/catalog> hydra:next <{other.address}/catalog> ."), page("deux", "")
        keep(partner, host(site))
        made = source(f"{site.address}/catalog", "tzc_dcat", {"allow_internal": True, "credential": "acces", "allow_hosts": [host(other)]})
        assert samples.ask(made["id"]) == 2 and run(made)["counts"] == {"added": 2}
        assert shown(site) == {"Bearer jeton"} and shown(other) == {None}
        assert {"turtle" in asked.headers["Accept"] for asked in (*site.asked, *other.asked)} == {True}, "which form is wanted is told to all"


def test_a_credential_is_not_sent_in_the_open(site: Site, source: Source, run: Run, partner: dict[str, Any]) -> None:
    keep(partner, host(site))
    made = as_before(source(site.address, "tzc_ckan"), {"credential": "acces"})
    done = run(made)
    assert site.asked == [] and "https" in done["problems"][0]
