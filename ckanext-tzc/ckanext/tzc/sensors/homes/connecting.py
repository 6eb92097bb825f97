"""Data Connect, by which the grid operator gives the curves of who authorises it there: the way there and back, the authorisation sealed, questions within its limits.

In its form of 2026 somebody comes back with the number of an authorisation, of which the service of subscriptions tells the delivery point; curves are asked for with a
token of the portal's own, which is had anew when it ends or is refused. Nothing of it works until an operator has set the portal's name there.
"""
from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import ckan.model as model
import ckan.plugins.toolkit as tk
import sqlalchemy as sa
from ckanext.tzc.common import sealed
from ckanext.tzc.common.holding import held
from ckanext.tzc.common.territory import territory
from ckanext.tzc.harvesters.http import Answer, Client, FetchError, Limits

from tzc.sensors import load_curves, meters
from tzc.sensors.faults import BatchError
from tzc.sensors.meters import ELECTRICITY

from .. import store as sensors
from . import consenting, intake, store

log = logging.getLogger(__name__)

A_SECOND, AN_HOUR = 5, 1000
"""How often Data Connect may be asked."""

WINDOW_DAYS = 7
"""Days that one question may be about."""

OVERLAP_DAYS = 2
"""Days that are asked for again: the operator corrects its values."""

PENDING_MINUTES = 60
MOST_PENDING, MOST_TRIES = 10, 5
"""What a person may have begun at a time, and how often each may be finished: authorisations are numbers, which are not to be tried one after another."""

REFUSED = "refused"
"""Trouble: the operator gives nothing of this meter any more."""


class HourError(Exception):
    """So many questions were asked in this hour that no more may be."""


class AuthorisationError(Exception):
    """Nothing was authorised, or not by this way, or it is another's."""


class OftenError(Exception):
    """Somebody has begun very much and finished nothing."""


def is_open() -> bool:
    """Whether the portal has a name there, and a dataset for meters."""
    return bool(tk.config["tzc.data_connect.client"]) and consenting.homes() is not None


def begin(person: str, content: dict[str, Any]) -> str:
    """Where somebody goes to authorise; `content`: what they consented to here. Does not commit. Raises OftenError."""
    forget_pending()
    if model.Session.query(store.Pending).filter_by(person=person).count() >= MOST_PENDING:
        raise OftenError
    state = secrets.token_urlsafe(32)
    model.Session.add(store.Pending(hash=_hash(state), person=person, content=content, made=sensors.now()))
    question = {"client_id": tk.config["tzc.data_connect.client"], "response_type": "code", "state": state, "duration": f"P{tk.config['tzc.data_connect.days']}D"}
    return f"{tk.config['tzc.data_connect.authorize']}?{urlencode(question)}"


def forget_pending() -> None:
    """Forget what was begun too long ago. Does not commit."""
    model.Session.query(store.Pending).filter(store.Pending.made < sensors.now() - dt.timedelta(minutes=PENDING_MINUTES)).delete(synchronize_session=False)


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def pending(person: str, state: str) -> store.Pending | None:
    """What somebody began, who comes back with this; None of another's, or of one that is too old."""
    row: store.Pending | None = model.Session.get(store.Pending, _hash(state))
    if row is None or row.person != person or row.made < sensors.now() - dt.timedelta(minutes=PENDING_MINUTES):
        return None
    return row


def tried(row: store.Pending) -> bool:
    """Note that what was begun is to be finished; whether it was not tried too often. Commits."""
    tries = int(row.content.get("tries", 0)) + 1
    row.content = {**row.content, "tries": tries}
    model.Session.commit()
    return tries <= MOST_TRIES


def number_of(person: str, authorisation: str, begun: dt.datetime) -> str:
    """The delivery point of an authorisation, as the operator tells it. Who comes back could name any number: one that was given before he went there, or that is held by another's
    meter, is another's. Raises AuthorisationError, FetchError, HourError.
    """
    if not (authorisation.isascii() and authorisation.isdigit() and len(authorisation) < 20):
        raise AuthorisationError
    asked = {"autorisationId": int(authorisation), "comptage": False, "etatCode": ["ACTIF", "DEMANDE"], "serviceType": "ACCES"}
    said = Grid().ask("POST", "/subscribed_services/v1", json.dumps(asked).encode()).json()
    services = (said.get("serviceSouscrit") or said.get("services") or []) if isinstance(said, dict) else []
    numbers = {str(one.get("pointId")) for one in services if isinstance(one, dict) and one.get("pointId") and _given_since(one, begun)}
    number = meters.written(min(numbers), ELECTRICITY) if len(numbers) == 1 else ""
    if not number:
        raise AuthorisationError
    hash_ = meters.fingerprint(consenting.secret(), ELECTRICITY, number)
    others = model.Session.query(store.Meter).filter(store.Meter.energy == ELECTRICITY, store.Meter.hash == hash_, store.Meter.person != person, store.Meter.sealed.isnot(None))
    if any(int(authorisation_of(row) or -1) == int(authorisation) for row in others):
        raise AuthorisationError
    return number


def _given_since(service: dict[str, Any], begun: dt.datetime) -> bool:
    """Whether a subscription's first day is that of the way there, or later; of one whose day is not told it is not known."""
    try:
        first = dt.date.fromisoformat(str(service.get("dateDebut"))[:10])
    except ValueError:
        log.warning("Data Connect tells of a subscription without its first day (dateDebut): it is not taken")
        return False
    return first >= begun.astimezone(ZoneInfo(territory().timezone)).date()


def connect(meter: store.Meter, number: str, authorisation: str) -> None:
    """Keep what curves are asked for with; sealed, for this meter. Does not commit. Raises SealedError."""
    meter.sealed = sealed.seal({"number": number, "authorisation": authorisation}, "meter", str(meter.id))
    meter.connected, meter.trouble = sensors.now(), None
    meter.pulled = store.local_now().date() - dt.timedelta(days=int(tk.config["tzc.data_connect.first_days"]))


class Grid:
    """Asks Data Connect. `pause`: how it waits between two questions."""

    def __init__(self, pause: Callable[[float], None] = time.sleep) -> None:
        # its address is the operator's setting, so that it may be a proxy of his own network
        self.client = Client(allow_internal=True, limits=Limits(run=3000, tries=2, pause=1))
        self.pause, self.token, self.ends, self.last = pause, "", 0.0, 0.0
        self.base = str(tk.config["tzc.data_connect.api"]).rstrip("/")

    def ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        """An answer; with another token where the one before is refused. Raises FetchError, HourError."""
        for last in (False, True):
            self._token()
            self._pace()
            self.client.headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
            try:
                return self.client.ask(method, f"{self.base}{path}", body, "application/json" if body is not None else "")
            except FetchError as error:
                if last or error.cause != "login":
                    raise
                self.token = ""
        raise AssertionError("the second time returns or raises")

    def _token(self) -> None:
        if self.token and time.monotonic() < self.ends:
            return
        self._pace()
        self.client.headers = {}
        form = {"grant_type": "client_credentials", "client_id": tk.config["tzc.data_connect.client"], "client_secret": tk.config["tzc.data_connect.secret"]}
        said = self.client.post(f"{self.base}/oauth2/v3/token", urlencode(form).encode(), "application/x-www-form-urlencoded").json()
        try:
            self.token, self.ends = str(said["access_token"]), time.monotonic() + max(0, int(said.get("expires_in", 0)) - 60)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FetchError("Data Connect gives no token.", "login") from error

    def _pace(self) -> None:
        self.pause(max(0.0, self.last + 1 / A_SECOND - time.monotonic()))
        self.last = time.monotonic()
        _count()


def _count() -> None:
    """One question more in this hour, of all processes; written at once, whatever becomes of the transaction. Raises HourError."""
    put = sa.text("""
        INSERT INTO tzc_sensors_asked AS a (hour, count) VALUES (date_trunc('hour', now()), 1)
        ON CONFLICT (hour) DO UPDATE SET count = a.count + 1 WHERE a.count < :most RETURNING count
    """)
    with model.Session.get_bind().connect() as connection, connection.begin():
        if connection.execute(put, {"most": AN_HOUR}).scalar() is None:
            raise HourError
        connection.execute(sa.text("DELETE FROM tzc_sensors_asked WHERE hour < now() - interval '2 days'"))


def pull_all(grid: Grid | None = None) -> int:
    """Ask for what is new of all meters that are connected, one worker at a time; how many answers were taken. Commits after each."""
    if not is_open():
        return 0
    grid, taken = grid or Grid(), 0
    with held("data_connect", "all") as mine:
        ids = [id_ for (id_,) in model.Session.query(store.Meter.id).filter(store.Meter.sealed.isnot(None)).order_by(store.Meter.pulled, store.Meter.id)] if mine else []
        model.Session.rollback()
        for id_ in ids:
            try:
                for answers in _pull(id_, grid):
                    taken += answers
            except HourError:
                model.Session.rollback()
                log.info("Data Connect may not be asked more in this hour: the rest is asked for in the next")
                break
    return taken


def _pull(id_: int, grid: Grid) -> Iterator[int]:
    """Window by window: after each commit whether an answer was taken. Raises HourError."""
    for _ in range(200):
        meter = store.meter(id_)
        if meter is None or meter.sealed is None or not store.holding(id_):
            break
        first, until = meter.pulled or store.local_now().date(), store.local_now().date()
        window = next(load_curves.windows(first, until, WINDOW_DAYS), None)
        if window is None:
            break
        try:
            taken = _window(meter, window, grid)
            meter.trouble, meter.pulled = None, window[1]
        except (FetchError, BatchError, sealed.SealedError) as error:
            model.Session.rollback()
            again = store.meter(id_)
            if again is not None:
                again.trouble = _trouble(error)
                model.Session.commit()
            break
        last = window[1] == until
        if last:
            meter.pulled = max(first, until - dt.timedelta(days=OVERLAP_DAYS))
        model.Session.commit()
        yield taken
        if last:
            break
    model.Session.rollback()


def _window(meter: store.Meter, window: tuple[dt.date, dt.date], grid: Grid) -> int:
    """One answer; 1 where it was taken. A time of which there is nothing is no trouble."""
    assert meter.sealed is not None
    number = sealed.unseal(bytes(meter.sealed), "meter", str(meter.id))["number"]
    question = urlencode({"pointId": number, "dateDebut": window[0].isoformat(), "dateFin": window[1].isoformat()})
    try:
        answer = grid.ask("GET", f"/mesure_synchrone_auto/v2/courbe_de_charge_consommation?{question}")
    except FetchError as error:
        if error.cause == "not_found":
            return 0
        raise
    try:
        intake.take(meter, intake.ANSWER, answer.body)
    except intake.NoConsentError:
        return 0
    except BatchError as error:
        if error.code == "empty":
            return 0
        raise
    return 1


def _trouble(error: Exception) -> str:
    if isinstance(error, FetchError):
        return REFUSED if error.cause in ("forbidden", "login") else error.cause
    return error.code if isinstance(error, BatchError) else "sealed"


def authorisation_of(meter: store.Meter) -> str:
    """To be ended at the operator's; empty where there is none."""
    if meter.sealed is None:
        return ""
    try:
        return sealed.unseal(bytes(meter.sealed), "meter", str(meter.id)).get("authorisation", "")
    except sealed.SealedError:
        return ""


def end_there(authorisation: str) -> bool:
    """Tell the operator that an authorisation is of no use any more, where it takes that. Whether it was told; what fails is ended with its time."""
    path = tk.config["tzc.data_connect.revoke"]
    if not authorisation or not path or not is_open():
        return False
    try:
        Grid().ask("POST", path, json.dumps({"autorisationId": authorisation}).encode())
    except (FetchError, HourError) as error:
        log.warning("An authorisation could not be ended at the grid operator: %s", error)
        return False
    return True


def seal_anew(anew: sealed.Anew) -> tuple[int, list[str]]:
    """When keys change (`common.sealed`)."""
    count, lost = 0, []
    for meter in model.Session.query(store.Meter).filter(store.Meter.sealed.isnot(None)).with_for_update():
        content = anew(bytes(meter.sealed), ("meter", str(meter.id)))
        if content is None:
            lost.append(f"meter {meter.id}")
        else:
            meter.sealed, count = content, count + 1
    return count, lost
