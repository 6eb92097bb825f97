"""What persons do with their meters and consents. What is another's is as unknown as what is nobody's."""
from __future__ import annotations

import datetime as dt
from typing import Any

import ckan.authz as authz
import ckan.model as model
import ckan.plugins.toolkit as tk
from ckanext.tzc.common.asking import account as _account
from ckanext.tzc.common.territory import language
from ckanext.tzc.harvesters.http import FetchError

from tzc.sensors import consent, meters
from tzc.sensors.consent import ConsentError
from tzc.sensors.faults import BatchError

from .. import erasing
from . import connecting, consenting, intake, own, store, words

Answer = dict[str, Any]
_TRUE = (True, "true", "True", "1", "on", "yes")
MOST_LABEL = 80


def _open() -> None:
    if consenting.homes() is None:
        raise tk.ObjectNotFound(tk._("This portal keeps no meters of homes and workplaces."))


def _meter(context: Any, data_dict: dict[str, Any], field: str = "id") -> tuple[Any, store.Meter]:
    """The asker, and a meter of theirs."""
    user = _account(context)
    row = store.meter(data_dict.get(field))
    if row is None or row.person != user.id:
        raise tk.ObjectNotFound(tk._("You have no such meter."))
    return user, row


def _text(data_dict: dict[str, Any], field: str, most: int = MOST_LABEL) -> str:
    value = data_dict.get(field)
    return " ".join(value.split())[:most] if isinstance(value, str) and "\0" not in value else ""


def _day(value: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _refused(error: ConsentError) -> tk.ValidationError:
    field = {"not_accepted": "accept", "text": "accept", "too_long": "until", "purpose": "purpose", "group": "group"}.get(error.code, error.code)
    return tk.ValidationError({field: [words.fault(error.code, error.parameters)]})


def _group(data_dict: dict[str, Any], energy: str) -> store.Group | None:
    """The group that is named; one that is open and of this energy."""
    given = data_dict.get("group")
    if given in (None, ""):
        return None
    row = store.group(given)
    if row is None or not row.open or row.until < store.local_now().date():
        raise tk.ValidationError({"group": [tk._("There is no such group, or it takes nobody any more.")]})
    if row.energy != energy:
        raise tk.ValidationError({"group": [tk._("This group is of another energy than this meter.")]})
    return row


def _energy(data_dict: dict[str, Any]) -> str:
    energy = data_dict.get("energy") or meters.ELECTRICITY
    if energy not in meters.ENERGIES:
        raise tk.ValidationError({"energy": [tk._("Say electricity or gas.")]})
    return str(energy)


def _site(data_dict: dict[str, Any], user: Any) -> str | None:
    """The partner whose site it is; None of a home."""
    given = data_dict.get("partner")
    if given in (None, ""):
        return None
    found = model.Group.get(given) if isinstance(given, str) and "\0" not in given else None
    if found is None or not found.is_organization or not authz.has_user_permission_for_group_or_org(found.id, user.name, "read"):
        raise tk.ValidationError({"partner": [tk._("You are no member of this partner.")]})
    return str(found.id)


def _give(row: store.Meter, data_dict: dict[str, Any]) -> store.Consent:
    purpose = data_dict.get("purpose")
    try:
        group = _group(data_dict, row.energy)
        return consenting.give(
            row, purpose if isinstance(purpose, str) else "", _day(data_dict.get("until")), str(data_dict.get("version")), language(),
            accepted=data_dict.get("accept") in _TRUE, group=group,
        )  # fmt: skip
    except tk.ValidationError:
        model.Session.rollback()
        raise
    except ConsentError as error:
        model.Session.rollback()
        raise _refused(error) from error


@tk.side_effect_free
def tzc_meter_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """One's meters: `{"id", "label", "energy", "last", "partner", "connected", "trouble", "made", "consents", "streams"}`, of the number its last digits; `streams` say
    `{"id", "name", "unit", "first", "last", "observations"}`, `consents` are as in `tzc_consent_list`. Raises NotAuthorized.
    """
    tk.check_access("tzc_meter_list", context, data_dict)
    return [own.shown(row) for row in store.meters_of(_account(context).id)]


def tzc_meter_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Consent that a meter's curve is kept, and name the meter.

    `energy`: electricity (without it) or gas; `number`: of the delivery point, kept as a hash; `label`: one's own name for it; `partner`: of whose site it is, where one is a
    member; `purpose`, `version`, `until`, `accept`, `group`: see `tzc_consent_give`. Returns it as `tzc_meter_list` does. Raises NotAuthorized, ObjectNotFound (the portal keeps no
    meters), ValidationError.
    """
    tk.check_access("tzc_meter_create", context, data_dict)
    _open()
    user, energy = _account(context), _energy(data_dict)
    number = meters.written(data_dict.get("number"), energy)
    if not number:
        raise tk.ValidationError({"number": [words.fault("number")]})
    if len(store.meters_of(user.id)) >= consenting.MOST_METERS:
        raise tk.ValidationError({"number": [tk._("You have very many meters already.")]})
    row = consenting.add_meter(user.id, energy, number, _text(data_dict, "label") or own.usual_label(energy), _site(data_dict, user))
    _give(row, data_dict)
    model.Session.commit()
    return own.shown(row)


def tzc_meter_upload(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Give a file of the customer account (`upload`) for a meter (`id`): a load curve or daily consumption, CSV or xlsx.

    Returns `{"observations", "new", "changed", "rejected", "listed"}`: rows that are not taken are listed with why. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_meter_upload", context, data_dict)
    _user, row = _meter(context, data_dict)
    upload = data_dict.get("upload")
    body = upload.read() if hasattr(upload, "read") else upload.encode() if isinstance(upload, str) else b""
    if not body:
        raise tk.ValidationError({"upload": [tk._("Choose the file that you downloaded.")]})
    try:
        arrival = intake.take(row, intake.FILE, body)
    except intake.NoConsentError as error:
        model.Session.rollback()
        raise tk.ValidationError({"id": [tk._("No consent of yours holds for this meter: nothing is taken.")]}) from error
    except BatchError as error:
        model.Session.rollback()
        raise tk.ValidationError({"upload": [words.fault(error.code, error.parameters)]}) from error
    model.Session.commit()
    listed = [{"row": one["row"] + 1, "words": words.row(one["code"]), "shown": one["shown"]} for one in (arrival.listed or [])[:100]]
    return {"observations": arrival.observations, "new": arrival.new, "changed": arrival.changed, "rejected": arrival.rejected, "listed": listed}


@tk.side_effect_free
def tzc_meter_curve(context: Any, data_dict: dict[str, Any]) -> Answer:
    """The energies of one's meter (`id`) by day of a `month` (year-month; the last that is known without it).

    Returns `{"month", "first", "last", "days": [{"day", "kwh", "hours"}], "kwh"}`: `hours` are known of the day, so that a day that is not whole shows. Raises NotAuthorized,
    ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_meter_curve", context, data_dict)
    _user, row = _meter(context, data_dict)
    month = data_dict.get("month") or None
    try:
        wanted = dt.date.fromisoformat(f"{month}-01") if month is not None else None
    except ValueError as error:
        raise tk.ValidationError({"month": [tk._("Give a month, as year-month.")]}) from error
    return own.days(row, wanted)


def tzc_meter_remove(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Withdraw all consents of one's meter (`id`): it is erased, with all that was kept of it.

    Returns `{"erased": {"observations", "first", "last", "arrivals", …}, "groups": [{"title", "taken", "stay"}]}`: what there was of it, and how many published sums that it
    counts in are taken down and how many stay. Raises NotAuthorized, ObjectNotFound.
    """
    tk.check_access("tzc_meter_remove", context, data_dict)
    user, row = _meter(context, data_dict)
    authorisation = connecting.authorisation_of(row)
    gone = consenting.forget(row, user.id)
    erasing.commit()
    connecting.end_there(authorisation)
    return own.gone(gone)


@tk.side_effect_free
def tzc_consent_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """What one consented to, the newest first, also what holds no longer: `{"id", "meter", "purpose", "group", "given", "until", "version", "state", "moved"}`. Raises
    NotAuthorized.
    """
    tk.check_access("tzc_consent_list", context, data_dict)
    rows = model.Session.query(store.Consent).filter_by(person=_account(context).id).order_by(store.Consent.given.desc(), store.Consent.id)
    return [own.consent(row) for row in rows]


def tzc_consent_give(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Consent to a purpose for one's meter (`meter`).

    `purpose`: own or group; `group`: of the latter; `until`: the last day; `version`: of the words that were read (`tzc_consent_purpose_list`); `accept`: true. Returns the
    consent as `tzc_consent_list` does. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_consent_give", context, data_dict)
    _open()
    _user, row = _meter(context, data_dict, "meter")
    given = _give(row, data_dict)
    model.Session.commit()
    return own.consent(given)


@tk.side_effect_free
def tzc_consent_purpose_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """What meters' data are asked for: `{"code", "label", "text", "version", "most_days", "rule", "of_group", "retention"}`, in the reader's language."""
    tk.check_access("tzc_consent_purpose_list", context, data_dict)
    return own.purposes()


def tzc_consent_withdraw(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Withdraw a consent of one's own (`id`): nothing more is taken for it, and what no other consent keeps is erased at once. Returns it with `erased` and `groups` as
    `tzc_meter_remove` does; `erased` is null where another consent keeps the meter. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_consent_withdraw", context, data_dict)
    user, given = _account(context), data_dict.get("id")
    row = model.Session.get(store.Consent, given) if isinstance(given, str) and "\0" not in given else None
    if row is None or row.person != user.id:
        raise tk.ObjectNotFound(tk._("You gave no such consent."))
    meter = store.meter(row.meter) if row.meter is not None else None
    authorisation = connecting.authorisation_of(meter) if meter is not None else ""
    try:
        done = consenting.withdraw(row, user.id)
    except ConsentError as error:
        model.Session.rollback()
        raise tk.ValidationError({"id": [words.fault(error.code)]}) from error
    answer = {**own.consent(row), **own.gone(done)}
    erasing.commit()
    if done.held is not None:
        connecting.end_there(authorisation)
    return answer


def tzc_meter_connect(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Begin to connect a meter by the grid operator's Data Connect: what `tzc_meter_create` takes, but for the number, which the operator tells.

    Returns `{"address"}`, where one authorises. Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_meter_connect", context, data_dict)
    user = _account(context)
    if not connecting.is_open():
        raise tk.ObjectNotFound(tk._("This portal is not connected to the grid operator: give files."))
    group, purpose = _group(data_dict, meters.ELECTRICITY), consenting.purposes().get(str(data_dict.get("purpose")))
    try:
        if purpose is None:
            raise ConsentError("purpose")
        consent.give(
            user.id, 0, purpose, store.local_now(), _day(data_dict.get("until")), str(data_dict.get("version")), accepted=data_dict.get("accept") in _TRUE,
            group=group.id if group else None, latest=group.until if group else None,
        )  # fmt: skip
    except ConsentError as error:
        raise _refused(error) from error
    content = {
        "label": _text(data_dict, "label"), "partner": _site(data_dict, user), "purpose": purpose.code, "group": group.id if group else None, "until": data_dict["until"],
        "version": purpose.version,
    }  # fmt: skip
    try:
        address = connecting.begin(user.id, content)
    except connecting.OftenError as error:
        raise tk.ValidationError({"purpose": [words.fault("often")]}) from error
    model.Session.commit()
    return {"address": address}


def tzc_meter_connected(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Finish what `tzc_meter_connect` began, with what the grid operator sent back: `state`, `autorisation_id`. Returns the meter as `tzc_meter_list` does.
    Raises NotAuthorized, ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_meter_connected", context, data_dict)
    user, state = _account(context), data_dict.get("state")
    waits = connecting.pending(user.id, state) if isinstance(state, str) and "\0" not in state and connecting.is_open() else None
    if waits is None or not connecting.tried(waits):
        raise tk.ObjectNotFound(tk._("You have begun nothing that this would finish, or too long ago: begin anew."))
    given = data_dict.get("autorisation_id")
    try:
        number = connecting.number_of(user.id, given if isinstance(given, str) else "", waits.made)
    except connecting.AuthorisationError as error:
        raise tk.ValidationError({"state": [tk._("The grid operator has authorised nothing. Begin anew, and agree there.")]}) from error
    except (FetchError, connecting.HourError) as error:
        raise tk.ValidationError({"state": [tk._("The grid operator does not answer. Try again in some minutes.")]}) from error
    content = dict(waits.content)
    row = consenting.add_meter(user.id, meters.ELECTRICITY, number, content["label"] or own.usual_label(meters.ELECTRICITY), content["partner"])
    _give(row, {**content, "accept": True})
    connecting.connect(row, number, given if isinstance(given, str) else "")
    model.Session.delete(waits)
    model.Session.commit()
    return own.shown(row)


def register() -> list[Answer]:
    """What is kept of consents, counted by purpose and state: for the register of the data protection officer."""
    import sqlalchemy as sa

    counts = model.Session.query(store.Consent.purpose, store.Consent.state, sa.func.count(), sa.func.min(store.Consent.given), sa.func.max(store.Consent.given))
    found = {(purpose, state): (count, first, last) for purpose, state, count, first, last in counts.group_by(store.Consent.purpose, store.Consent.state)}
    meters_ = dict(
        model.Session.query(store.Consent.purpose, sa.func.count(sa.distinct(store.Consent.meter))).filter_by(state=consent.ACTIVE).group_by(store.Consent.purpose).all()
    )  # fmt: skip
    return [
        {
            **{key: purpose[key] for key in ("code", "label", "version", "most_days", "rule", "retention")}, "meters": meters_.get(purpose["code"], 0),
            **{state: found.get((purpose["code"], state), (0, None, None))[0] for state in consent.STATES},
        }
        for purpose in own.purposes()
    ]  # fmt: skip


@tk.side_effect_free
def tzc_consent_register(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """How many consents hold, were withdrawn or have ended, by purpose, and of how many meters: counts, nobody's name and nobody's curve. For administrators. Raises
    NotAuthorized.
    """
    tk.check_access("tzc_consent_register", context, data_dict)
    return register()


__all__ = [name for name in dir() if name.startswith("tzc_")]
