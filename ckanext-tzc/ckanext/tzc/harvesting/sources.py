"""Harvest sources: which addresses they may have, and who may see one.

ckanext-harvest keeps a source as a dataset of type `harvest`, public as any other, configuration and passwords included, and its
harvesters open an address that is no web address as a file of this machine.
"""
from __future__ import annotations

import contextlib
import json
import logging
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import ckan.authz as authz
import ckan.model as model
import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckanext.harvest.interfaces import IHarvester
from ckanext.harvest.logic import HarvestJobExists
from ckanext.harvest.model import HarvestSource
from ckanext.tzc.common import credentials
from sqlalchemy import event

from tzc.catalogue import addresses
from tzc.hosts import host_of

TYPE = "harvest"
PREFIX = "tzc_"
"""What the names of our kinds of sources begin with."""

OF_OUR_KINDS = HarvestSource.type.startswith(PREFIX, autoescape=True)
"""A condition of a query: sources of our kinds."""

CONTENT_TYPES = {
    **dict.fromkeys(("application/xml", "text/xml", "application/rdf+xml", "text/rdf+xml"), "xml"),
    "text/n3": "n3",
    **dict.fromkeys(("text/plain", "application/octet-stream")),
}
"""What servers call RDF, and what rdflib calls it; None: the address's ending says."""

ENDINGS = {".xml": "xml", ".rdf": "xml", ".ttl": "turtle", ".jsonld": "json-ld", ".nt": "nt", ".n3": "n3"}
ALLOWED = "tzc.harvesting.allowed_kinds"
CONNECT, READ = 10, 60
"""Seconds within which a source must answer, and go on answering."""


CREDENTIALS = ("basic", "bearer", "header")
"""Kinds of credentials that a catalogue's server may ask for."""


class BarredError(tk.ValidationError, HarvestJobExists):  # type: ignore[misc] # -- CKAN has no types
    """A source of a kind that is not allowed is to be harvested. ckanext-harvest passes over sources for which it is told that a job exists, and goes on with the next."""


class UnderWayError(tk.ValidationError, HarvestJobExists):  # type: ignore[misc] # -- CKAN has no types
    """A source is to be harvested while a run of it waits or is under way."""

    def __init__(self) -> None:
        super().__init__({"source": [tk._("A run waits or is under way already.")]})


def is_web(address: str) -> bool:
    """Whether an address is one of the web: `http(s)://host…`."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def watch() -> None:
    """Keep sources private and their addresses on the web, whichever way they are written; safe to call again."""
    from ckanext.dcat.harvesters.base import DCATHarvester
    from ckanext.harvest.logic import schema

    for said in ("logic.action.create", "logic.action.update", "logic.action.patch", "plugin"):
        # they write down each source as it was sent, what opens it included
        logging.getLogger(f"ckanext.harvest.{said}").setLevel(logging.WARNING)
    # it puts each key of a configuration over the dataset's own fields, and so before who may only read
    schema.harvest_source_convert_from_config = tk.get_validator("ignore_missing")
    if not event.contains(model.Package, "before_insert", _keep_private):
        event.listen(model.Package, "before_insert", _keep_private)
        event.listen(model.Package, "before_update", _keep_private)
    if not hasattr(schema.harvest_source_url_validator, "original"):
        schema.harvest_source_url_validator = _checked(schema.harvest_source_url_validator)
    if not hasattr(schema.harvest_source_type_exists, "original"):
        schema.harvest_source_type_exists = _known_kind(schema.harvest_source_type_exists)
    if not hasattr(DCATHarvester._get_content_and_type, "original"):
        DCATHarvester._get_content_and_type = _guarded(DCATHarvester._get_content_and_type)


def _keep_private(_mapper: Any, _connection: Any, package: Any) -> None:
    if package.type == TYPE:
        package.private = True


def _checked(original: Any) -> Any:
    """The validator of a source's address, and before it our own."""

    def validator(key: Any, data: Any, errors: Any, context: Any) -> Any:
        if not is_web(str(data[key]).strip()):
            raise tk.Invalid(tk._("A source is an address of the web: it begins with https:// and a host."))
        try:
            return original(key, data, errors, context)
        except tk.Invalid:
            # whether another partner harvests it too is not told; and another question or kind is another catalogue
            if title := _own(str(data[key]), str(data.get(("source_type",)) or ""), context):
                raise tk.Invalid(tk._("“%s” harvests this address already, with the same configuration. Change that source, or give another address.") % title) from None
            return data[key]

    validator.original = original  # type: ignore[attr-defined]  # -- the mark that it is done
    return validator


def _own(address: str, kind: str, context: Any) -> str:
    """The title of another source with this very address and of this kind that whoever asks looks after; nothing where there is none."""
    wanted, me = address.strip().rstrip("/"), getattr(context.get("package"), "id", "")
    same = model.Session.query(model.Package.id, model.Package.title, model.Package.name, HarvestSource.url).join(HarvestSource, HarvestSource.id == model.Package.id)
    user = {"user": context.get("user", ""), "ignore_auth": context.get("ignore_auth", False)}
    found = same.filter(model.Package.type == TYPE, model.Package.id != me, HarvestSource.type == kind).all()
    return next((row.title or row.name for row in found if row.url.strip().rstrip("/") == wanted and _may_edit(row.id, user)), "")


def _may_edit(identifier: str, asked: dict[str, Any]) -> bool:
    try:
        tk.check_access("harvest_source_update", dict(asked), {"id": identifier})
    except (tk.NotAuthorized, tk.ObjectNotFound):
        return False
    return True


def _known_kind(original: Any) -> Any:
    """The validator of a source's kind, whose refusal names the kinds that there are. A source keeps its kind, though it is allowed no longer."""

    def validator(value: Any, context: Any) -> Any:
        try:
            known = original(value, context)
        except tk.Invalid as error:
            kinds = sorted(kind for harvester in p.PluginImplementations(IHarvester) if not barred(kind := str(harvester.info()["name"])))
            raise tk.Invalid(tk._("There is no kind of source “{kind}”. Choose one of: {kinds}.").format(kind=str(value)[:60], kinds=", ".join(kinds))) from error
        stored = HarvestSource.get(context["package"].id) if context.get("package") else None
        words = "" if stored and stored.type == known else barred(known)
        if words:
            raise tk.Invalid(words)
        return known

    validator.original = original  # type: ignore[attr-defined]  # -- the mark that it is done
    return validator


def _guarded(original: Any) -> Any:
    """How the DCAT harvesters fetch: from the web only, the first page as the following ones; and XML by whatever name is RDF/XML."""

    def fetch(self: Any, url: str, harvest_job: Any, page: int = 1, content_type: str | None = None) -> tuple[str | None, str | None]:
        if not is_web(url):
            self._save_gather_error(tk._("A source is an address of the web: it begins with https:// and a host."), harvest_job)
            return None, None
        try:
            content, told = original(self, url, harvest_job, page, content_type)
        except UnicodeDecodeError:
            self._save_gather_error(tk._("The answer is not text in UTF-8."), harvest_job)
            return None, None
        if told in CONTENT_TYPES:
            told = CONTENT_TYPES[told] or next((name for ending, name in ENDINGS.items() if urlsplit(url).path.lower().endswith(ending)), None)
        return content, told

    fetch.original = original  # type: ignore[attr-defined]  # -- the mark that it is done
    return fetch


def settings(config: str | None, *, written_now: bool = False) -> dict[str, Any]:
    """What a source's configuration says; one that is `written_now` says each thing once. Raises ValueError."""
    try:
        read = json.loads(config or "{}", object_pairs_hook=_each_once if written_now else None)
    except KeyError as error:
        raise ValueError(tk._("The configuration says “%s” twice.") % error.args[0]) from error
    except (ValueError, RecursionError) as error:
        raise ValueError(tk._("The configuration is no JSON.")) from error
    if not isinstance(read, dict):
        raise ValueError(tk._("The configuration is no JSON object: { … }."))  # noqa: TRY004 -- whoever calls this tells of values
    return read


def check(source: dict[str, Any], context: dict[str, Any]) -> None:
    """What is asked of a source once a form's checks are done, on what will be stored. Raises ValidationError."""
    settle(source)
    guard(source, context)
    keep_sealed(source)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise KeyError(key[:60])
        found[key] = value
    return found


def settle(source: dict[str, Any]) -> None:
    """A source has the configuration that is written now, and none where none is. Stock keeps the former one, which nobody sees any more."""
    if source.get("type") == TYPE:
        source["config"] = source.get("config") or ""


def guard(source: dict[str, Any], context: dict[str, Any]) -> None:
    """Only administrators write a source that may lead into the internal network: neither its address nor its configuration is an editor's to change.

    Other programs' kinds ask whatever address they are given, and show what answered.

    Asked after the checks of a form, on what will be stored, and on what was.
    """
    if source.get("type") != TYPE or context.get("ignore_auth") or authz.is_sysadmin(context.get("user", "")):
        return
    stored = HarvestSource.get(source["id"])
    if any(kind and not is_ours(kind) for kind in (source.get("source_type"), stored.type if stored else None)):
        model.Session.rollback()
        words = tk._("Sources of this kind may lead anywhere, into the internal network too: only an administrator writes them. Choose another kind, or ask one.")
        raise tk.ValidationError({"source_type": [words]})
    configs = [source.get("config"), stored.config if stored else None]
    if any(allows_internal(config) for config in configs):
        model.Session.rollback()
        raise tk.ValidationError({"config": [tk._("Only an administrator may allow a source to lead into the internal network (allow_internal), and change such a source.")]})


def keep_sealed(source: dict[str, Any]) -> None:
    """What opens a source of ours is one of its partner's credentials: neither its configuration nor its address holds a secret. What it had before stays until that is changed.

    Asked after the checks of a form, as `guard` is.
    """
    if source.get("type") != TYPE or not is_ours(str(source.get("source_type") or "")):
        return
    stored, url, errors = HarvestSource.get(source["id"]), str(source.get("url") or ""), {}
    told, before = settings(source.get("config")), {}
    with contextlib.suppress(ValueError):
        # that of another program's kind may be anything
        before = settings(stored.config) if stored else {}
    if has_password(url) and not (stored and stored.url == url):
        errors["url"] = [tk._("A password is not kept in an address, where it lies open. Save the address without it, and give it on the source’s page “Access”.")]
    if told.get("api_key") and told["api_key"] != before.get("api_key"):
        words = tk._("A key is not kept in the configuration, where it lies open. Save the source without it, and give it on the source’s page “Access” (or name a credential).")
        errors["config"] = [words]
    elif fault := _fault_of_credential(told, source.get("owner_org"), url):
        errors["config"] = [fault]
    if errors:
        model.Session.rollback()
        raise tk.ValidationError(errors)


def _fault_of_credential(told: dict[str, Any], partner: Any, url: str) -> str:
    """What is wrong with the credential that a source names; nothing where it names none."""
    name = told.get("credential")
    if not name:
        return ""
    found = credentials.known(partner, name) if partner else None
    if found is None or found[0] not in CREDENTIALS:
        return str(tk._("Your partner has no credential of this name for such an address."))
    if found[1] != host_of(url):
        words = tk._("The credential “%(name)s” is for %(host)s only. Have it used no more on the page “Access”, change the address, then give what the new server asks for.")
        return str(words % {"name": name, "host": found[1]})
    if urlsplit(url).scheme != "https" and told.get("allow_internal") is not True:
        return str(tk._("A credential is sent by https only."))
    return ""


def shown_inside(partner: str, name: object) -> bool:
    """Whether a source of a partner that may lead into the internal network names this credential."""
    named = model.Session.query(HarvestSource.config).join(model.Package, model.Package.id == HarvestSource.id)
    told = [settings(config) for (config,) in named.filter(model.Package.owner_org == partner, OF_OUR_KINDS, HarvestSource.config.contains('"credential"'))]
    return any(one.get("credential") == name and one.get("allow_internal") is True for one in told)


def has_password(address: str) -> bool:
    """Whether a name or a password stands in an address."""
    return "@" in urlsplit(address).netloc


def is_ours(kind: str) -> bool:
    """Whether a kind of source is read by a harvester of ours, which looks at the addresses that it connects to."""
    return kind.startswith(PREFIX)


def barred(kind: str) -> str:
    """Why sources of this kind are not harvested; empty for those that are. An administrator allows each kind of other programs."""
    if is_ours(kind) or kind in tk.config[ALLOWED]:
        return ""
    return str(tk._("Another program harvests sources of the kind “%(kind)s”, and no administrator has allowed it here (%(setting)s).") % {"kind": kind, "setting": ALLOWED})


def refuse_barred(source_id: Any) -> None:
    """BarredError for a source that is there and of a kind that is not allowed."""
    source = HarvestSource.get(source_id) if isinstance(source_id, str) else None
    if source is not None and (words := barred(source.type)):
        raise BarredError({"source": [words]})


def allows_internal(config: Any) -> bool:
    """Whether a source's configuration lets it lead into the internal network; one that is no JSON does not."""
    try:
        return bool(settings(config).get("allow_internal")) if isinstance(config, str) else False
    except ValueError:
        return False


def with_time_limit(session: Any) -> Any:
    """A session of `requests` that does not wait for ever."""
    plain = session.request

    def request(method: str, url: str, **named: Any) -> Any:
        return plain(method, url, **{"timeout": (CONNECT, READ), **named})

    session.request = request
    return session


def show(source: dict[str, Any], context: dict[str, Any]) -> None:
    """The configuration and the whole address are for who edits the source; the index, of which it may come, has neither."""
    if source.get("type") != TYPE or not source.get("id"):
        return
    if not context.get("ignore_auth") and not context.get("for_edit"):
        try:
            tk.check_access("harvest_source_update", {"user": context.get("user", "")}, {"id": source["id"]})
        except (tk.NotAuthorized, tk.ObjectNotFound):
            _hide(source)
            return
    stored = HarvestSource.get(source["id"])
    if stored is not None and "config" not in source:
        source.update({"url": stored.url, **({"config": stored.config} if stored.config else {})})


def _hide(source: dict[str, Any]) -> None:
    """Take away what opens a source."""
    source.pop("config", None)
    source.pop("extras_config", None)
    if isinstance(source.get("extras"), list):
        source["extras"] = [extra for extra in source["extras"] if extra["key"] != "config"]
    source["url"] = without_password(source.get("url") or "")


def indexed(entry: dict[str, Any]) -> dict[str, Any]:
    """A source's entry of the index, which all members of its partner may search, without what opens it."""
    if TYPE in (entry.get("dataset_type"), entry.get("type")):
        _hide(entry)
        for copy in ("data_dict", "validated_data_dict"):
            if entry.get(copy):
                whole = json.loads(entry[copy])
                _hide(whole)
                entry[copy] = json.dumps(whole)
    return entry


def login(address: str) -> tuple[str, str]:
    """The name and the password that stand in an address."""
    parts = urlsplit(address)
    return unquote(parts.username or ""), unquote(parts.password or "")


def without_password(address: str) -> str:
    """The address without user, password and question, in which a key may stand."""
    return urlunsplit(urlsplit(addresses.without_login(address))._replace(query=""))
