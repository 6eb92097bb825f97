"""How accounts want to be mailed."""
from __future__ import annotations

from typing import Any

import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common import mailing
from ckanext.tzc.common.territory import territory
from sqlalchemy.dialects.postgresql import insert

from tzc.notices import times

from . import hearing, jobs, store


def of(user_id: str) -> tuple[str, str]:
    """How, and in which language; the portal's own way for who said nothing."""
    wish = model.Session.get(store.Wish, user_id)
    return (wish.mail, wish.language) if wish else (str(tk.config["tzc.notices.mail"]), first_language(model.User.get(user_id)))


def first_language(user: Any) -> str:
    """Of who said nothing: the language of the pages by which the account came, else the portal's own."""
    came = ((user.plugin_extras or {}) if user else {}).get(mailing.LANGUAGE)
    return str(came) if came in territory().languages else str(territory().languages[0])


def language(user: Any) -> str:
    """In which an account is written to."""
    wish = model.Session.get(store.Wish, user.id)
    return str(wish.language) if wish and wish.language in territory().languages else first_language(user)


def put(user_id: str, mail: str, language: str) -> None:
    """Keep it, and have what waits go by it. Commits nothing."""
    wish = insert(store.Wish.__table__).values(user_id=user_id, mail=mail, language=language)
    model.Session.execute(wish.on_conflict_do_update(index_elements=["user_id"], set_={"mail": mail, "language": language}))
    waiting = model.Session.query(store.Notice).filter(store.Notice.user_id == user_id, store.Notice.due.is_not(None))
    changed = waiting.update({"due": hearing.due(mail, store.now())})
    if changed and mail == times.AT_ONCE:
        jobs.mailing_job().ask()


def stop(user_id: str) -> bool:
    """Mail an account nothing more; whether there is such an account. Commits nothing."""
    if model.Session.get(model.User, user_id) is None:
        return False
    put(user_id, times.NONE, of(user_id)[1])
    return True
