"""Actions of the sensors room."""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk

from .. import showing, source_actions

Answer = dict[str, Any]


@tk.side_effect_free
def tzc_sensor_dataset_show(context: dict[str, Any], data_dict: dict[str, Any]) -> dict[str, Any]:
    """What sensors observe for a dataset, as far as the asker may have its data.

    `id`: the dataset's id or name; `offset`, `limit`: of the streams (1,000 at most). Returns `count`, `resource` (the file that stands for the streams), `sensor_things` (an address), `from`, `to`,
    `interval` (seconds, the finest), `observations`, `completeness` (0 to 1), `streams`: of each `id`, `name`, `unit`, `kind`, `property`, `interval`, `from`, `to`, `observations`, `completeness`,
    `last` (`time`, `result`, `marks`) and `series`, where its values are. Raises ObjectNotFound, ValidationError.
    """
    tk.check_access("tzc_sensor_dataset_show", context, data_dict)
    return showing.dataset(context, data_dict)


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
    """Remove a source (`id`) with its streams and all of their observations. Raises ObjectNotFound, NotAuthorized."""
    return source_actions.remove(context, data_dict)


def tzc_sensor_source_pull(context: Any, data_dict: dict[str, Any]) -> Answer:
    """Ask a source (`id`) of a kind that is fetched now, rather than at its time: a job does it. Returns the source. Raises ObjectNotFound, NotAuthorized, ValidationError."""
    return source_actions.pull(context, data_dict)


@tk.side_effect_free
def tzc_sensor_source_show(context: Any, data_dict: dict[str, Any]) -> Answer:
    """A source (`id`), for who may change the dataset's files: its fields, and `{"cron", "due", "paused", "allowed", "internal", "trouble", "words", "since", "seen", "send", "streams",
    "keys"}`: `due` is when it is asked next, `words` why it cannot be read (`trouble`, since `since`), `send` the address to send to, `seen` when something last came, `streams` how many
    there are. Raises ObjectNotFound, NotAuthorized.
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
