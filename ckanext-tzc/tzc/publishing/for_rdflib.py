"""Terms of pyoxigraph as rdflib has them, for the programs that read its graphs only."""
from __future__ import annotations

import pyoxigraph as ox
from rdflib import BNode, Literal, URIRef

from .terms import PREFIXES, Term

STRING = PREFIXES["xsd"] + "string"


def term(stated: Term) -> URIRef | BNode | Literal:
    """One term."""
    if isinstance(stated, ox.NamedNode):
        return URIRef(stated.value)
    if isinstance(stated, ox.BlankNode):
        return BNode(stated.value)
    if stated.language:
        return Literal(stated.value, lang=stated.language)
    return Literal(stated.value, datatype=None if stated.datatype.value == STRING else URIRef(stated.datatype.value))
