"""An agreement in ODRL, its one form, and its signature, checked by libraries that are not ours."""
from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone

import pytest
import rdflib
import rdflib.compare
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto import jwk, jws
from pyld import jsonld
from tzc.agreements import jcs, odrl, signing

SITE = "https://donnees.example.org"
BEGINS = datetime(2026, 11, 28, 12, 0, 0, 1, tzinfo=timezone.utc)
ENDS = BEGINS + timedelta(days=30)
SECRET = "a text of sufficient length, more than enough"
ODRL = rdflib.Namespace(odrl.ODRL)


def facts(**other: object) -> odrl.Facts:
    usual = {
        "uid": f"{SITE}/accords/1?version=1", "profile": f"{SITE}/accords/verifier", "request": f"{SITE}/demandes/1", "made": BEGINS,
        "partner": odrl.Named(f"{SITE}/organization/1", "La ville"), "holder": odrl.Named("urn:uuid:1", "Jeanne"), "dataset": odrl.Named(f"{SITE}/dataset/1", "Rues"),
        "purpose": odrl.Named("https://w3id.org/dpv#AcademicResearch", "Recherche"), "words": "Une « thèse ».", "begins": BEGINS, "ends": ENDS, "terms": ("ab" * 32,),
    }  # fmt: skip
    return odrl.Facts(**{**usual, **other})  # type: ignore[arg-type] -- as each test wants


def graph(of: odrl.Facts) -> rdflib.Graph:
    return rdflib.Graph().parse(data=jcs.canonical(odrl.agreement(of)), format="json-ld")


def test_it_is_an_agreement_as_odrl_wants_one() -> None:
    """Information model, 2.2.1.2: an agreement has one assigner and one assignee, and a permission or prohibition with a target and an action; a policy has a uid."""
    found = graph(facts())
    (agreement,) = found.subjects(rdflib.RDF.type, ODRL.Agreement)
    assert str(agreement) == f"{SITE}/accords/1?version=1"
    assert [str(one) for one in found.objects(agreement, ODRL.assigner)] == [f"{SITE}/organization/1"]
    assert [str(one) for one in found.objects(agreement, ODRL.assignee)] == ["urn:uuid:1"]
    (permission,) = found.objects(agreement, ODRL.permission)
    assert [str(one) for one in found.objects(permission, ODRL.target)] == [f"{SITE}/dataset/1"] and (permission, ODRL.action, ODRL.use) in found
    operators = {(found.value(one, ODRL.leftOperand), found.value(one, ODRL.operator)): found.value(one, ODRL.rightOperand) for one in found.objects(permission, ODRL.constraint)}
    assert operators[ODRL.dateTime, ODRL.lt].toPython() == ENDS and operators[ODRL.dateTime, ODRL.gteq].toPython() == BEGINS
    assert operators[ODRL.purpose, ODRL.eq] == rdflib.URIRef("https://w3id.org/dpv#AcademicResearch")
    (prohibition,) = found.objects(agreement, ODRL.prohibition)
    assert (prohibition, ODRL.action, ODRL.distribute) in found
    assert {found.value(one, ODRL.action) for one in found.objects(agreement, ODRL.obligation)} == {ODRL.delete, ODRL.inform}
    (terms,) = (found.value(duty, ODRL.target) for duty in found.objects(permission, ODRL.duty) if (duty, ODRL.action, ODRL.reviewPolicy) in found)
    assert odrl.hash_of(str(terms)) == "ab" * 32


def test_columns_are_a_refinement_of_their_file() -> None:
    first, second = odrl.Named(f"{SITE}/f/1", "Un"), odrl.Named(f"{SITE}/f/2", "Deux")
    found = graph(facts(files=(first, second), columns={first.uid: ("nom", "rue")}))
    (agreement,) = found.subjects(rdflib.RDF.type, ODRL.Agreement)
    (permission,) = found.objects(agreement, ODRL.permission)
    targets = set(found.objects(permission, ODRL.target))
    assert rdflib.URIRef(second.uid) in targets and rdflib.URIRef(first.uid) not in targets
    (some,) = targets - {rdflib.URIRef(second.uid)}
    assert (some, ODRL.source, rdflib.URIRef(first.uid)) in found
    refinement = found.value(some, ODRL.refinement)
    assert {str(one) for one in found.objects(refinement, ODRL.rightOperand)} == {"nom", "rue"}
    assert str(found.value(refinement, ODRL.leftOperand)) == f"{SITE}/accords/verifier#column"


def test_two_json_ld_libraries_read_the_same_and_nothing_is_lost() -> None:
    document = odrl.agreement(facts(files=(odrl.Named(f"{SITE}/f/1", "Un"),), columns={f"{SITE}/f/1": ("nom",)}))
    ours = rdflib.Graph().parse(data=json.dumps(document), format="json-ld")
    theirs = rdflib.Graph().parse(data=jsonld.to_rdf(document, {"format": "application/n-quads"}), format="nt")
    assert rdflib.compare.isomorphic(ours, theirs) and len(ours) > 30


def test_a_library_of_others_checks_the_signature_with_the_published_key() -> None:
    payload, key = jcs.canonical(odrl.agreement(facts())), signing.key(SECRET, 1)
    header, between, signature = signing.sign(payload, key).split(".")
    assert between == "" and json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "ES256", "cty": "application/ld+json", "kid": signing.kid(key)}
    published = signing.public(key)
    assert "d" not in published and published["kid"] == jwk.JWK(**published).thumbprint()
    for content, good in ((payload, True), (payload.replace(b"Jeanne", b"Jeanot"), False)):
        token = jws.JWS()
        token.deserialize(f"{header}..{signature}")
        if good:
            token.verify(jwk.JWK(**published), detached_payload=content)
            assert token.is_valid
        else:
            with pytest.raises(jws.InvalidJWSSignature):
                token.verify(jwk.JWK(**published), detached_payload=content)


def test_ours_checks_too_and_each_number_is_another_key() -> None:
    first, second = signing.key(SECRET, 1), signing.key(SECRET, 2)
    assert signing.kid(first) == signing.kid(signing.key(SECRET, 1)) != signing.kid(second) and signing.kid(signing.key(SECRET + "x", 1)) != signing.kid(first)
    signed = signing.sign(b"{}", first)
    assert signing.verify(b"{}", signed, [signing.public(second), signing.public(first)])
    assert not signing.verify(b"{} ", signed, [signing.public(first)])
    for odd in ("", "a..b", signed.replace("..", ".e30."), "."):
        assert not signing.verify(b"{ }", odd, [signing.public(first)])
    assert not signing.verify(b"{}", signed, [signing.public(second)])


def test_one_form_as_in_rfc_8785() -> None:
    """Sections 3.2.2 and 3.2.3: the RFC's own examples, without the numbers with fractions that we refuse."""
    texts = {"string": '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/', "literals": [None, True, False]}
    assert jcs.canonical(texts).decode() == '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    keys = {"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One", "\U0001f600": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"}
    assert list(json.loads(jcs.canonical(keys)).values()) == [
        "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
    ]  # fmt: skip
    for bad in (1.5, float("nan"), 2**60, {1: 2}):
        with pytest.raises(ValueError):
            jcs.canonical({"x": bad} if not isinstance(bad, dict) else bad)


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=("Cs",))), lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=("Cs",))), inner), max_leaves=20))
def test_whoever_parsed_it_and_writes_it_anew_has_the_same_bytes(value: object) -> None:
    written = jcs.canonical(value)
    assert jcs.canonical(json.loads(written)) == written and json.loads(written) == value
