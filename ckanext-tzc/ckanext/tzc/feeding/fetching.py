"""Fetching a feed's content into a file, by the kind of the feed. What is wrong is a `FeedError`, that nothing changed an `UnchangedError`."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

import ckan.plugins.toolkit as tk
from ckan.lib.uploader import get_max_resource_size
from ckanext.tzc.harvesters.download import Download, TooLargeError
from ckanext.tzc.harvesters.http import FetchError, ForbiddenError, Limits, headers_of

from tzc.feeding import definition
from tzc.feeding.faults import FeedError

from . import converting, credentials, store


@dataclasses.dataclass(frozen=True)
class Fetched:
    """The content, and what its server calls it."""

    path: Path
    etag: str = ""
    modified: str = ""
    kind: str = ""
    """The ending that the content would have, where its server says so and it is to be converted."""


Fetcher = Callable[[store.Feed, Path], Fetched]


def most_bytes() -> int:
    """Of a file, as of an upload by form."""
    return min(int(get_max_resource_size()) * 1024**2, tk.config["tzc.tables.max_bytes"])


def limits() -> Limits:
    """Of one run."""
    seconds = tk.config["tzc.feeding.seconds"]
    return Limits(size=most_bytes(), answer=seconds, run=seconds, tries=3, longest_pause=60)


def fetch(feed: store.Feed, folder: Path) -> Fetched:
    """The content of a feed, in a folder that the caller removes. Raises FeedError, and UnchangedError of `harvesters.download`."""
    if not feed.allowed:
        raise FeedError("not_allowed")
    try:
        return _fetcher(feed.wanted.kind)(feed, folder / "content")
    except ForbiddenError as error:
        raise FeedError("inner") from error
    except TooLargeError as error:
        raise FeedError("too_big", most=most_bytes()) from error
    except FetchError as error:
        raise FeedError("unreachable", detail=str(error)) from error


def _fetcher(kind: str) -> Fetcher:
    return {definition.HTTP: _web, definition.S3: _bucket, definition.SFTP: _sftp, definition.SQL: _query}[kind]


def _download(feed: store.Feed, target: Path, url: str, headers: dict[str, str]) -> Fetched:
    loader = Download(target, etag=feed.etag or "", modified=feed.modified or "", allow_internal=feed.internal, limits=limits(), headers=headers)
    answer = loader.get(url)
    return Fetched(target, loader.etag, loader.modified, _kind(answer.kind, urlsplit(url).path))


def _kind(media_type: str, path: str) -> str:
    told = converting.MEDIA_TYPES.get(media_type.partition(";")[0].strip().lower(), "")
    ending = path.rpartition(".")[2].lower()
    return told if told in converting.CONVERTED else ending if ending in converting.CONVERTED else ""


def _web(feed: store.Feed, target: Path) -> Fetched:
    kind, values = credentials.opened(feed)
    if kind and urlsplit(feed.wanted.address).scheme != "https" and not feed.internal:
        raise FeedError("unreachable", detail=tk._("A credential is sent by https only."))
    return _download(feed, target, feed.wanted.address, headers_of(values))


def _bucket(feed: store.Feed, target: Path) -> Fetched:
    """An object of a bucket: the question is signed here, and asked as any other of the web, so that the same guard holds."""
    kind, values = credentials.opened(feed)
    url = feed.wanted.address
    if kind:
        import boto3
        from botocore.config import Config

        parts = urlsplit(url)
        bucket, _, key = parts.path.lstrip("/").partition("/")
        signing = boto3.client(
            "s3", endpoint_url=f"{parts.scheme}://{parts.netloc}", aws_access_key_id=values["key"], aws_secret_access_key=values["secret"],
            region_name=feed.wanted.region or "us-east-1", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )  # fmt: skip
        url = signing.generate_presigned_url("get_object", Params={"Bucket": unquote(bucket), "Key": unquote(key)}, ExpiresIn=900)
    return _download(feed, target, url, {})


def _sftp(feed: store.Feed, target: Path) -> Fetched:
    from . import sftp

    _, values = credentials.opened(feed)
    bounds = limits()
    sftp.fetch(feed.wanted.address, feed.wanted.host_key, values, target, internal=feed.internal, most=bounds.size, seconds=bounds.answer)
    return Fetched(target)


def _query(feed: store.Feed, target: Path) -> Fetched:
    from . import query

    _, values = credentials.opened(feed)
    bounds, rows = limits(), tk.config["tzc.tables.max_rows"]
    query.fetch(feed.wanted.address, feed.wanted.query, values, target, internal=feed.internal, most=bounds.size, most_rows=rows, seconds=int(bounds.answer))
    return Fetched(target)
