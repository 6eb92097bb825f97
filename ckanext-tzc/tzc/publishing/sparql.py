"""SPARQL's protocol: what is asked, in which form the answer is wanted, and which questions are not asked of the store at all."""
from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence

QUERY, FORM, UPDATE = "application/sparql-query", "application/x-www-form-urlencoded", "application/sparql-update"
PAGE = "html"
"""The form for people: a page with a table."""

RESULTS: dict[str, tuple[str, ...]] = {
    "json": ("application/sparql-results+json", "application/json"),
    "xml": ("application/sparql-results+xml", "application/xml", "text/xml"),
    "csv": ("text/csv",),
    "tsv": ("text/tab-separated-values",),
}
"""Forms of what SELECT and ASK find, by name; the first media type is the one sent."""
GRAPHS: dict[str, tuple[str, ...]] = {
    "ttl": ("text/turtle", "text/n3"),
    "nt": ("application/n-triples", "text/plain"),
    "rdf": ("application/rdf+xml", "application/xml"),
    "jsonld": ("application/ld+json", "application/json"),
}
"""Forms of what CONSTRUCT and DESCRIBE make."""

Choose = Callable[[Sequence[str]], "str | None"]
"""Which of some media types a reader likes best."""


class Fault(Exception):  # noqa: N818 -- what is at fault is the question
    """A question without an answer: status, a code for which there are words, and what these need."""

    def __init__(self, status: int, code: str, **values: object) -> None:
        super().__init__(code)
        self.status, self.code, self.values = status, code, values


@dataclasses.dataclass(frozen=True)
class Question:
    """A query, and the graphs that it is asked of (all, when none are named)."""

    query: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Form:
    """How an answer is wanted, for either kind of query; None: this reader takes none of that kind."""

    results: str | None
    graph: str | None

    @property
    def page(self) -> bool:
        """Whether it is for people."""
        return self.results == PAGE


Values = Callable[[str], Sequence[str]]
"""All values of a parameter."""


def asked(method: str, content_type: str, args: Values, form: Values, body: Callable[[], bytes], longest: int) -> Question | None:
    """What is asked, by SPARQL's protocol; None when nothing is, which GET allows."""
    if method != "POST":
        return _question(args, args, longest)
    if content_type == FORM:
        question = _question(form, form, longest)
    elif content_type == QUERY:
        try:
            text = body().decode("utf-8")
        except UnicodeDecodeError as error:
            raise Fault(400, "encoding") from error
        question = _question(lambda name: [text] if name == "query" else [], args, longest)
    elif content_type == UPDATE:
        raise Fault(400, "update")
    else:
        raise Fault(415, "kind", types=f"{FORM}, {QUERY}")
    if question is None:
        raise Fault(400, "nothing")
    return question


def _question(values: Values, graphs: Values, longest: int) -> Question | None:
    if values("update"):
        raise Fault(400, "update")
    queries = values("query")
    if len(queries) > 1:
        raise Fault(400, "several")
    if not queries or not queries[0].strip():
        return None
    if len(queries[0].encode("utf-8")) > longest:
        raise Fault(413, "long", most=longest)
    return Question(queries[0], tuple(graphs("default-graph-uri")), tuple(graphs("named-graph-uri")))


def wanted(stated: str, choose: Choose) -> Form:
    """In which form the answer is wanted: as `format` says, else as the reader's `Accept` does."""
    if stated:
        if stated != PAGE and stated not in RESULTS and stated not in GRAPHS:
            raise Fault(400, "form", forms=", ".join((*RESULTS, *GRAPHS, PAGE)))
        return Form(stated if stated in RESULTS or stated == PAGE else None, stated if stated in GRAPHS or stated == PAGE else None)
    results, graph = _liked(RESULTS, choose), _liked(GRAPHS, choose)
    return Form(PAGE, PAGE) if PAGE in (results, graph) else Form(results, graph)


def _liked(forms: Mapping[str, Sequence[str]], choose: Choose) -> str | None:
    names = {media: name for name, every in reversed(list(forms.items())) for media in every}
    # who takes anything is a program: what stands first is given then
    order = [media for every in forms.values() for media in every] + ["text/html"]
    return {**names, "text/html": PAGE}.get(choose(order) or "")


SILENT = re.compile(
    r"""(?:\"{3}(?:(?:\"|\"\")?(?:[^\"\\]|\\.))*\"{3}|'{3}(?:(?:'|'')?(?:[^'\\]|\\.))*'{3}|\"(?:[^\"\\\n\r]|\\.)*\"|'(?:[^'\\\n\r]|\\.)*')|<[^<>\"{}|^`\\\x00-\x20]*>|\#[^\n\r]*""",
    re.DOTALL,
)
"""What is no word of the language: texts, addresses, remarks."""
GAP = r"(?:\s|\#[^\n\r]*[\n\r])*"
SERVICE = re.compile(rf"(?=SERVICE{GAP}(?:SILENT{GAP})?(?:[?$][^\s{{\#]*|<[^>]*>|[^\s:{{<>\#?$]*:(?:[^\s{{\#\\]|\\.)*){GAP}\{{)", re.IGNORECASE)
"""A question to another server, as the grammar writes it: the word, a variable or an address, an opening brace, with nothing but space and remarks between."""
NAME = re.compile(r"(?:[?$]\w*|:(?:\w[\w.-]*)?)\Z")
"""What stands before a word that is the end of a variable's or a term's name."""
FROM = re.compile(r"(?<![\w?$:-])FROM(?![\w-]*:)", re.IGNORECASE)
CHANGES = re.compile(r"(?<![\w?$:-])(INSERT|DELETE|LOAD|CLEAR|CREATE|DROP|COPY|MOVE|ADD)(?![\w-]*:)", re.IGNORECASE)


def _words(query: str) -> str:
    return SILENT.sub(" ", query)


MOST_SERVICES = 50
"""Mentions of the word: with more, looking at each would take too long."""
LONGEST_NAME = 200
"""Before the word, as far as is looked."""


def refuse_what_leaves(query: str) -> None:
    """No query is answered by way of another server. Texts and remarks are not left out of the search, so that none can be made to hide the clause."""
    mentions = query.upper().count("SERVICE")
    if mentions > MOST_SERVICES or (mentions and any(not NAME.search(query, max(0, found.start() - LONGEST_NAME), found.start()) for found in SERVICE.finditer(query))):
        raise Fault(400, "service")


def names_graphs(query: str) -> bool:
    """Whether a query says itself of which graphs it is asked (FROM)."""
    return bool(FROM.search(_words(query)))


def changes(query: str) -> bool:
    """Whether what cannot be read as a query is an update."""
    return bool(CHANGES.search(_words(query)))


POSITION = re.compile(r"error at (?P<line>\d+):(?P<column>\d+): expected (?:one of )?(?P<expected>.*)", re.DOTALL)
ALTERNATIVE = re.compile(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,]+')
MOST_ALTERNATIVES = 12


def reason(said: str) -> dict[str, str]:
    """What a parser says, for a person: `line`, `column` and what was `expected` there, without the sets of characters; or only a `reason`."""
    found = POSITION.match(said)
    if not found:
        return {"reason": said[:600]}
    every = [word.strip() for word in ALTERNATIVE.findall(found["expected"])]
    words = [word for word in every if word and not word.startswith(("[", "'"))]
    more = " …" if len(words) > MOST_ALTERNATIVES else ""
    return {"line": found["line"], "column": found["column"], "expected": " ".join(words[:MOST_ALTERNATIVES]) + more}
