"""Actions of the sensors room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .. import lake_actions, showing, source_actions, stream_actions
from ..homes.actions import (  # noqa: F401 -- actions, by their names
    tzc_consent_give,
    tzc_consent_list,
    tzc_consent_purpose_list,
    tzc_consent_register,
    tzc_consent_withdraw,
    tzc_meter_connect,
    tzc_meter_connected,
    tzc_meter_create,
    tzc_meter_curve,
    tzc_meter_list,
    tzc_meter_remove,
    tzc_meter_upload,
)
from ..homes.group_actions import tzc_meter_group_create, tzc_meter_group_list, tzc_meter_group_update  # noqa: F401 -- as above

Answer = dict[str, Any]


@tk.side_effect_free
def tzc_sensor_dataset_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """What sensors observe for a dataset, as far as the asker may have its data.

    `id`: the dataset's id or name; `offset`, `limit`: of the streams (at most 1,000). Returns `count`, `resource` (the file that stands for them), `sensor_things` (an address),
    `from`, `to`, `interval` (seconds, the finest), `observations`, `completeness` (0 to 1), `streams`: of each `id`, `name`, `unit`, `kind`, `property`, `interval`, `from`,
    `to`, `observations`, `completeness`, `last` (`time`, `result`, `marks`) and `series`, where its values are. Raises ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_sensor_dataset_show", context, data_dict)
    return showing.dataset(context, data_dict)


@tk.side_effect_free
def tzc_sensor_lake_list(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """The months of a dataset's observations that are files of the lake, for who may have its data.

    `dataset`: its id or name. A list of `{"month", "rows", "bytes", "sha256", "made", "url"}`, the oldest first. Raises ObjectNotFound, also for what is not for who asks.
    """
    return lake_actions.files(context, data_dict)


@tk.side_effect_free
def tzc_sensor_retention_show(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """For how long observations of a dataset are kept, by rule; for who may change its files.

    `dataset`: its id or name. A list of `{"stream", "raw_days", "rollup_days"}`: `stream` null: the whole dataset; 0 days: for ever. Raises ObjectNotFound, NotAuthorized.
    """
    return lake_actions.retention_show(context, data_dict)


def tzc_sensor_retention_set(context: Any, data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """Say for how long observations of a dataset are kept; the rules are answered. For administrators of its partner.

    `dataset`: its id or name; `stream`: the number of one of its streams, for that alone; `raw_days`: days for which raw values are kept; `rollup_days`: the same of hours, days
    and months; 0 is for ever. `remove`: true removes the rule. What a rule no longer keeps is removed in the next night. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    return lake_actions.retention_set(context, data_dict)


@tk.side_effect_free
def tzc_sensor_stream_list(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """The streams that the asker may be shown, a page of them, by their things' names.

    `dataset`: its name or id; `property`: a code of `schemas/vocabularies/observed-property.yaml`; `bbox`: where the things are, as `west,south,east,north` in degrees;
    `limit`: 100 where not said, at most 1000; `offset`. Gives `{"count", "limit", "offset", "streams"}`; of each stream what it measures and where, its unit (UCUM), its last
    value and when, and its state: `live`, `late` (more than 3 expected intervals ago), `silent` (more than 10), `never`, `unknown` (no interval is known).
    """
    tk.check_access("tzc_sensor_stream_list", context, data_dict)
    return stream_actions.stream_list(context, data_dict)


@tk.side_effect_free
def tzc_sensor_health(context: dict[str, Any], data_dict: dict[str, Any]) -> list[dict[str, Any]]:
    """How the sources of one's own partners do, those in trouble first: streams by state, when something last came, and which share of seven days was rejected."""
    tk.check_access("tzc_sensor_health", context, data_dict)
    return stream_actions.source_health(context, data_dict)


def tzc_sensor_source_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Say where observations of a dataset come from.

    `dataset`: id or name; `name`; `kind`: push (a program sends CSV, JSON, Arrow, Parquet or SensorThings), ttn or chirpstack (a network's webhook), mqtt, or a kind that is
    fetched; `mapping`: how fields become streams (docs/connect-a-sensor.md); `signature`: the name of a credential with whose token a webhook is signed. Of mqtt: `address`
    (mqtts://host:port), `topics` (a list), `format` (json, ttn, chirpstack), `credential`, `ca` (a certificate as PEM, where the broker's is signed by an authority of its own).
    Kinds that are fetched (sensorthings, ngsi_ld, hubeau, opendatasoft, meteofrance, atmo, gbfs, file) have fields of their own (docs/sensor-sources.md), and `cron`, five words.
    Returns the source (`tzc_sensor_source_show`). Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    return source_actions.create(context, data_dict)


def tzc_sensor_source_update(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Change a source (`id`): the fields of `tzc_sensor_source_create` but `kind`, and `paused`. Fields not given stay. Returns the source. Raises ObjectNotFound, NotAuthorized,
    ValidationError.
    """
    return source_actions.update(context, data_dict)


def tzc_sensor_source_remove(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Remove a source (`id`) with its streams, things and keys, all of their observations wherever they lie, and what came as it came (`holds` of `tzc_sensor_source_show` counts
    them). Raises ObjectNotFound, NotAuthorized.
    """
    return source_actions.remove(context, data_dict)


def tzc_sensor_source_pull(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Ask a source (`id`) of a kind that is fetched now, rather than at its time: a job does it. Returns the source. Raises ObjectNotFound, NotAuthorized, ValidationError."""
    return source_actions.pull(context, data_dict)


@tk.side_effect_free
def tzc_sensor_source_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """A source (`id`), for who may change the dataset's files: its fields, and `{"cron", "due", "paused", "allowed", "internal", "trouble", "words", "since", "seen", "send",
    "streams", "keys", "holds"}`: `due` is when it is asked next, `words` why it cannot be read (`trouble`, since `since`), `send` the address to send to, `seen` when something
    last came, `streams` how many there are, `holds` what goes when it is removed: `{"streams", "observations", "first", "last", "things", "arrivals", "bytes", "files"}`. Raises
    ObjectNotFound, NotAuthorized.
    """
    return source_actions.show(context, data_dict)


@tk.side_effect_free
def tzc_sensor_source_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """The sources of a `dataset` (id or name), for who may change its files. Raises ObjectNotFound, NotAuthorized."""
    return source_actions.listed(context, data_dict)


def tzc_sensor_source_allow(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Allow a source (`id`) that only an administrator may: `allowed`, and `internal`: whether it may lead into an internal network. Returns the source. Raises ObjectNotFound,
    NotAuthorized.
    """
    return source_actions.allow(context, data_dict)


@tk.side_effect_free
def tzc_sensor_arrival_list(context: Any, data_dict: dict[str, Any]) -> list[Answer]:
    """What came to a source (`id`), the newest first: `limit` (20, at most 200), `offset`.

    Each is `{"id", "received", "ended", "way", "kind", "bytes", "state", "observations", "new", "changed", "rejected", "code", "words", "rows"}`: `state` is waiting, done or
    refused; `rows` the first 100 rejected rows, each with its place, code, words and how it came. Raises ObjectNotFound, NotAuthorized, ValidationError.
    """
    return source_actions.arrivals(context, data_dict)


def tzc_sensor_key_create(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Make a key to send to a source (`id`) with, for `days` (365, at most 1825). Returns it as `key`, this once, with `{"id", "prefix", "ends"}`. Raises ObjectNotFound,
    NotAuthorized, ValidationError.
    """
    return source_actions.key_create(context, data_dict)


def tzc_sensor_key_revoke(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Take a key back: `id` the source's, `key` the key's number. Returns it. Raises ObjectNotFound, NotAuthorized."""
    return source_actions.key_revoke(context, data_dict)


# without a list, CKAN leaves out functions that come from elsewhere or have another name
__all__ = [name for name in dir() if name.startswith("tzc_")]
