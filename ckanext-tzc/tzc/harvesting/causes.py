"""Why something of a harvest could not be had or taken: each cause has a code that stays, one sentence of what happened and one of what to do.

Whoever meets one (`FetchError` and `RecordError` of the harvesters, the engine) says its code beside words of his own, which are technical and tell the particular.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Texts(NamedTuple):
    """A sentence in the languages that we write."""

    en: str
    fr: str

    def text(self, language: str) -> str:
        """In this language; in English where we do not write it."""
        return self.fr if language == "fr" else self.en


@dataclasses.dataclass(frozen=True)
class Cause:
    """One cause. `meant`: somebody wants it so (a private dataset, a filter), so that it is no trouble; `follows`: it says what comes of another, not why;
    `plain`: it says all, so that the particulars of who met it tell nothing more.
    """

    code: str
    what: Texts
    todo: Texts
    meant: bool = False
    follows: bool = False
    plain: bool = False

    def advice(self, *, by_hand: bool) -> Texts:
        """What to do; `by_hand`: of a source that is harvested only when somebody starts it, where nothing is tried again by itself."""
        return _BY_HAND.get(self.todo, self.todo) if by_hand else self.todo


_AGAIN = Texts(
    "Nothing: the next run tries again. If it lasts, ask those who run that server.",
    "Rien : la prochaine moisson réessaie. Si cela dure, demandez à ceux qui tiennent ce serveur.",
)
_INCOMPLETE = Texts(
    "Nothing: the next run tries again. If it lasts, have it mended at the source.",
    "Rien : la prochaine moisson réessaie. Si cela dure, faites corriger à la source.",
)
_FAULT = Texts(
    "The next run tries again. If it lasts, tell the portal's administrators, with the words below.",
    "La prochaine moisson réessaie. Si cela dure, prévenez les administrateurs du portail, avec les mots ci-dessous.",
)
_BY_HAND: Mapping[Texts, Texts] = {
    _AGAIN: Texts(
        "Harvest it again by hand (“Harvest now”): this source has no rhythm, so that nothing tries again by itself. If it lasts, ask those who run that server.",
        "Relancez-la à la main (« Moissonner maintenant ») : cette source n’a pas de rythme, rien ne réessaie tout seul. Si cela dure, demandez à ceux qui tiennent ce serveur.",
    ),
    _INCOMPLETE: Texts(
        "Harvest it again by hand (“Harvest now”): this source has no rhythm, so that nothing tries again by itself. If it lasts, have it mended at the source.",
        "Relancez-la à la main (« Moissonner maintenant ») : cette source n’a pas de rythme, rien ne réessaie tout seul. Si cela dure, faites corriger à la source.",
    ),
    _FAULT: Texts(
        "Harvest it again by hand (“Harvest now”): this source has no rhythm. If it lasts, tell the portal's administrators, with the words below.",
        "Relancez-la à la main (« Moissonner maintenant ») : cette source n’a pas de rythme. Si cela dure, prévenez les administrateurs, avec les mots ci-dessous.",
    ),
}
"""What is advised instead, of a source that is harvested only when somebody starts it."""

_AT_SOURCE = Texts("Have it mended at the source: its export has a fault.", "Faites corriger à la source : son export a un défaut.")
_ADDRESS = Texts("Check the source's address on its page “Describe”, in a browser too.", "Vérifiez l’adresse de la source sur sa page « Décrire », dans un navigateur aussi.")
_RECORD = Texts("Have the record completed in its catalogue; the next run takes it.", "Faites compléter la fiche dans son catalogue ; la prochaine moisson la reprend.")

_CAUSES = (
    # no answer
    Cause("unknown_host", Texts("The server's name is not known.", "Le nom du serveur est inconnu."), _ADDRESS),
    Cause("no_answer", Texts("The server does not answer.", "Le serveur ne répond pas."), _AGAIN),
    Cause("timeout", Texts("The server takes too long to answer.", "Le serveur met trop de temps à répondre."), _AGAIN),
    Cause("broken_off", Texts("The connection breaks off in the middle of the answer.", "La connexion se rompt au milieu de la réponse."), _AGAIN),
    Cause(
        "certificate",
        Texts(
            "The secure connection cannot be made: the certificate has expired, or is not valid for this name.",
            "La connexion sécurisée échoue : le certificat a expiré, ou n’est pas valable pour ce nom.",
        ),
        Texts(
            "Ask those who run that server to renew its certificate. Nothing is read without it.",
            "Demandez à ceux qui tiennent ce serveur de renouveler son certificat. Rien n’est lu sans lui.",
        ),
    ),
    # not where we may go
    Cause("address", Texts("The address is none of the web.", "L’adresse n’est pas une adresse du web."), _ADDRESS),
    Cause(
        "inner",
        Texts("The address leads into an internal network, which is closed to harvests.", "L’adresse mène dans un réseau interne, fermé aux moissons."),
        Texts(
            "Give the public address; or ask an administrator to allow the internal network for this source.",
            "Donnez l’adresse publique ; ou demandez à un administrateur d’autoriser le réseau interne pour cette source.",
        ),
    ),
    Cause(
        "redirect",
        Texts("The server sends on from address to address without end, or to none.", "Le serveur renvoie d’adresse en adresse sans fin, ou vers aucune."),
        Texts(
            "Open the address in a browser, and give the source the one at which it ends.",
            "Ouvrez l’adresse dans un navigateur et donnez à la source celle sur laquelle il s’arrête.",
        ),
    ),
    Cause(
        "other_server",
        Texts("The next page of the catalogue lies at another server.", "La page suivante du catalogue est sur un autre serveur."),
        Texts(
            "If that is right, name the server in the source's configuration (allow_hosts).",
            "Si c’est voulu, nommez ce serveur dans la configuration de la source (allow_hosts).",
        ),
    ),
    # refused by the server
    Cause("not_found", Texts("There is nothing at this address (404).", "Il n’y a rien à cette adresse (404)."), _ADDRESS),
    Cause(
        "login",
        Texts("The server asks who one is (401).", "Le serveur demande qui l’on est (401)."),
        Texts(
            "Give the key or the password on the source's page “Access”; it is kept sealed. Where one is given, the server refuses it: give the right one.",
            "Donnez la clé ou le mot de passe sur la page « Accès » de la source ; ils sont gardés scellés. S’il y en a déjà, le serveur les refuse : donnez les bons.",
        ),
    ),
    Cause(
        "credential",
        Texts(
            "The partner keeps no credential of this name for this server.",
            "Le partenaire ne garde pas d’accès de ce nom pour ce serveur.",
        ),
        Texts("Give it on the source's page “Access”.", "Donnez-le sur la page « Accès » de la source."),
    ),
    Cause(
        "sealed",
        Texts(
            "The credential cannot be opened: the portal's secret was changed.",
            "L’accès ne peut pas être ouvert : le secret du portail a changé.",
        ),
        Texts("Give it anew on the source's page “Access”.", "Donnez-le de nouveau sur la page « Accès » de la source."),
    ),
    Cause(
        "plain",
        Texts("A credential would be sent in the open.", "Un accès serait envoyé en clair."),
        Texts(
            "Give the source an address that begins with https://, on its page “Describe”.",
            "Donnez à la source une adresse en https://, sur sa page « Décrire ».",
        ),
    ),
    Cause(
        "forbidden",
        Texts("The server refuses to answer us (403).", "Le serveur refuse de nous répondre (403)."),
        Texts(
            "Give the key on the source's page “Access”, or the right one; else ask those who run that server to let this portal read the catalogue.",
            "Donnez la clé, ou la bonne, sur la page « Accès » de la source ; sinon demandez à ceux qui tiennent ce serveur de laisser ce portail lire le catalogue.",
        ),
    ),
    Cause(
        "busy",
        Texts("The server wants to be asked less often, or later (429).", "Le serveur veut être interrogé moins souvent, ou plus tard (429)."),
        Texts("Have the source harvested less often, or at another hour.", "Faites moissonner la source moins souvent, ou à une autre heure."),
    ),
    Cause("server_error", Texts("The server has a fault, or is being serviced (5xx).", "Le serveur est en panne ou en maintenance (5xx)."), _AGAIN),
    Cause(
        "status",
        Texts(
            "The server refuses the question.",
            "Le serveur refuse la question.",
        ),
        Texts("Check the source's address and its kind.", "Vérifiez l’adresse de la source et son type."),
    ),
    Cause(
        "api_refuses",
        Texts("The catalogue answers that it cannot answer.", "Le catalogue répond qu’il ne peut pas répondre."),
        Texts("Read the catalogue's own words below, and tell those who run it.", "Lisez ci-dessous les mots du catalogue, et transmettez-les à ceux qui le tiennent."),
    ),
    # not what was expected
    Cause(
        "page",
        Texts("A page for readers came, not the catalogue's data.", "Une page à lire est venue, pas les données du catalogue."),
        Texts(
            "Give the address of the catalogue's data (its API or feed). Where that is right, the server is being serviced.",
            "Donnez l’adresse des données du catalogue (son API ou son flux). Si c’est la bonne, le serveur est en maintenance.",
        ),
    ),
    Cause("empty", Texts("The answer is empty.", "La réponse est vide."), _AGAIN),
    Cause(
        "format",
        Texts("The answer is not of the kind of catalogue that this source is said to be.", "La réponse n’est pas celle du type de catalogue annoncé pour cette source."),
        Texts("Check the source's kind and its address.", "Vérifiez le type de la source et son adresse."),
    ),
    Cause("encoding", Texts("The answer's characters cannot be read: it is not in UTF-8.", "Les caractères de la réponse sont illisibles : elle n’est pas en UTF-8."), _AT_SOURCE),
    Cause("cut_off", Texts("The answer is broken, or ends in the middle.", "La réponse est abîmée, ou s’arrête au milieu."), _AT_SOURCE),
    Cause(
        "entities",
        Texts(
            "The XML defines entities (a document type), which are not read: they may do harm.",
            "Le XML définit des entités (un DOCTYPE), qui ne sont pas lues : elles peuvent nuire.",
        ),
        Texts("Have the source give its XML without a document type (DOCTYPE).", "Faites donner à la source un XML sans DOCTYPE."),
    ),
    Cause(
        "too_large",
        Texts("The answer is larger than what is read.", "La réponse est plus grande que ce qui est lu."),
        Texts(
            "Have the source give its catalogue in pages, or split it into several sources.",
            "Faites donner à la source son catalogue par pages, ou partagez-le en plusieurs sources.",
        ),
    ),
    # the listing
    Cause(
        "paging",
        Texts(
            "The pages of the catalogue do not come to an end: one leads to another that was read before.",
            "Les pages du catalogue ne finissent pas : l’une renvoie à une autre déjà lue.",
        ),
        _AT_SOURCE,
    ),
    Cause(
        "incomplete",
        Texts(
            "The catalogue gave fewer records than it says it has, or changed while it was read.",
            "Le catalogue a donné moins de fiches qu’il n’en annonce, ou a changé pendant la lecture.",
        ),
        _INCOMPLETE,
    ),
    Cause(
        "configuration",
        Texts(
            "What the source's configuration names is not there: a sheet, an organization.",
            "Ce que nomme la configuration de la source n’existe pas : une feuille, une organisation.",
        ),
        Texts("Correct the configuration on the source's page “Describe”.", "Corrigez la configuration sur la page « Décrire » de la source."),
    ),
    Cause(
        "table_columns",
        Texts("The table's columns are not those that are expected.", "Les colonnes du tableau ne sont pas celles qui sont attendues."),
        Texts(
            "Say on the source's page “Mapping” which field each column fills.",
            "Dites sur la page « Correspondances » de la source quel champ remplit chaque colonne.",
        ),
    ),
    Cause("nameless", Texts("Records come without an identifier.", "Des fiches viennent sans identifiant."), _RECORD),
    Cause("double", Texts("Several records that are not the same have one identifier.", "Plusieurs fiches différentes portent le même identifiant."), _AT_SOURCE),
    Cause("broken_record", Texts("Parts of the catalogue cannot be read as records.", "Des parties du catalogue ne se lisent pas comme des fiches."), _AT_SOURCE),
    Cause(
        "partial",
        Texts("The catalogue was not read whole.", "Le catalogue n’a pas été lu en entier."),
        Texts("Nothing is lost: what came is taken, what did not come stays here.", "Rien n’est perdu : ce qui est venu est repris, ce qui n’est pas venu reste ici."),
        follows=True,
        plain=True,
    ),
    Cause(
        "departures",
        Texts("Suspiciously many datasets are missing at the source all at once.", "Un nombre suspect de jeux de données manque d’un coup à la source."),
        Texts(
            "Look at the plan: approve it if that is right, give it up if the source has a fault.",
            "Regardez le plan : approuvez-le si c’est juste, abandonnez-le si la source a un défaut.",
        ),
        follows=True,
    ),
    Cause(
        "left_out",
        Texts("The source's own filter leaves out suspiciously many datasets all at once.", "Le filtre de la source écarte d’un coup un nombre suspect de jeux de données."),
        Texts(
            "Look at the plan: approve it if that is right; otherwise change “What is taken” on the page “Mapping” and plan again.",
            "Regardez le plan : approuvez-le si c’est juste ; sinon, changez « Ce qui est repris » sur la page « Correspondances » et planifiez à nouveau.",
        ),
        follows=True,
    ),
    # records
    Cause("no_title", Texts("The record has no title.", "La fiche n’a pas de titre."), _RECORD, plain=True),
    Cause("no_identifier", Texts("The record has no identifier.", "La fiche n’a pas d’identifiant."), _RECORD, plain=True),
    Cause("record", Texts("The record cannot be read.", "La fiche ne peut pas être lue."), _AT_SOURCE),
    Cause(
        "withheld",
        Texts("The dataset is private, confidential or no longer active in its catalogue.", "Le jeu de données est privé, confidentiel ou inactif dans son catalogue."),
        Texts("Nothing, if that is meant; otherwise have it published there.", "Rien, si c’est voulu ; sinon, faites-le publier là-bas."),
        meant=True,
    ),
    Cause(
        "filtered",
        Texts("The source's mapping leaves it out.", "Les correspondances de la source l’écartent."),
        Texts(
            "Nothing, if that is meant; otherwise change “What is taken” on the page “Mapping”.",
            "Rien, si c’est voulu ; sinon, changez « Ce qui est repris » sur la page « Correspondances ».",
        ),
        meant=True,
    ),
    Cause(
        "schema",
        Texts("The dataset does not fit this portal's rules.", "Le jeu de données ne respecte pas les règles de ce portail."),
        Texts(
            "See which field; have it mended at the source, or put it right by the source's mapping.",
            "Voyez quel champ ; faites-le corriger à la source, ou rectifiez-le par les correspondances de la source.",
        ),
    ),
    Cause(
        "fault",
        Texts("Something went wrong here, in the portal.", "Quelque chose s’est mal passé ici, dans le portail."),
        _FAULT,
    ),
)
CAUSES: Mapping[str, Cause] = {cause.code: cause for cause in _CAUSES}

STATUS: Mapping[int, str] = {401: "login", 403: "forbidden", 404: "not_found", 407: "login", 410: "not_found", 429: "busy"}
"""What a status of HTTP means; those of 500 and more are the server's own faults."""


def of_status(status: int) -> str:
    """The code for an answer with this status."""
    return STATUS.get(status, "server_error" if status >= 500 else "status")


def of(code: str) -> Cause | None:
    """The cause of a code; None for what an earlier version or another program wrote."""
    return CAUSES.get(code)


def most_telling(codes: Iterable[str]) -> str:
    """The one code for a question that was asked in several ways, each in vain: that a way is not there says least. Empty for none."""
    found = list(codes)
    return next((code for code in found if code != "not_found"), found[0] if found else "")
