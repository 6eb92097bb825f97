"""SPARQL's protocol: what is asked, in which form the answer is wanted, and which questions are not asked of the store at all."""
from __future__ import annotations

import dataclasses
import itertools
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
MENTION = re.compile("SERVICE", re.IGNORECASE)
MOST_SERVICES = 50
"""Mentions of the word that are no end of a name: with more, looking at each would take too long."""
LONGEST_NAME = 200
"""Before the word, as far as is looked."""
TOKEN = re.compile(rf"(?P<escape>\\.)|(?P<silent>{SILENT.pattern})|(?P<prefix>(?<![\w?$:@.-])[^\W\d_][\w.-]*:)|(?P<word>[?$@:]?[\w-]+)", re.DOTALL)
"""A sign that is escaped in a name, what is no word, a prefix with its colon, and words: variables, languages and ends of names have their sign before them."""
DECLARED = re.compile(r"PREFIX\s+([^\W\d_][\w.-]*:)", re.IGNORECASE)
FROM = re.compile(r"(?<![\w?$:-])FROM(?![\w-]*:)", re.IGNORECASE)
UPDATES = {"INSERT", "DELETE", "WITH", "LOAD", "CLEAR", "CREATE", "DROP", "COPY", "MOVE", "ADD"}
"""How an update begins, after its prologue."""


def staying(query: str) -> str:
    """The query as the store is to be asked it; refused when another server would be asked to answer it.

    The whole text is searched for the clause, so that no remark or text can be made to hide it. Where one seems to hold it, the query is put into other letters that
    mean the same (`_reworded`) and searched again: what the store is given holds no clause anywhere, however it tells words from texts.
    """
    same = _reworded(query) if _leaves(query) else query
    if _leaves(same):
        raise Fault(400, "service")
    return same


def _leaves(query: str) -> bool:
    """Whether the clause stands anywhere, be it in a text."""
    mentions = (found.start() for found in MENTION.finditer(query) if not NAME.search(query, max(0, found.start() - LONGEST_NAME), found.start()))
    first = list(itertools.islice(mentions, MOST_SERVICES + 1))
    return len(first) > MOST_SERVICES or any(SERVICE.match(query, start) for start in first)


def _reworded(query: str) -> str:
    """The same without remarks, the word's first letter in texts and addresses written by its number (no word of the language may have that), and prefixes that hold it changed."""
    declared = set(DECLARED.findall(SILENT.sub(" ", query)))
    filling = "0"
    while f"s{filling}ervice" in query.lower():
        filling += "0"

    def same(found: re.Match[str]) -> str:
        words = found[0]
        if words.startswith("#"):
            return " " * len(words)
        if found["silent"]:
            return MENTION.sub(lambda word: f"\\u{ord(word[0][0]):04X}{word[0][1:]}", words)
        return MENTION.sub(lambda word: word[0][0] + filling + word[0][1:], words) if words in declared else words

    return TOKEN.sub(same, query)


def names_graphs(query: str) -> bool:
    """Whether a query says itself of which graphs it is asked (FROM)."""
    return bool(FROM.search(SILENT.sub(" ", query)))


def changes(query: str) -> bool:
    """Whether what cannot be read as a query is an update: by its first word after the prologue."""
    words = (found["word"].upper() for found in TOKEN.finditer(query) if found["word"])
    return next((word for word in words if word not in {"BASE", "PREFIX"}), "") in UPDATES


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
