"""Kept bytes in a bucket: beside the datasets' files, each once."""
from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ckanext.tzc.agreements import keeping

from tests.portal.catalogue.test_object_storage import BUCKET, bucket, resource

__all__ = ["bucket", "resource"]

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "with_request_context")

CONTENT = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PLACE = f"/{BUCKET}/portal/resources/versions/{SHA256[:2]}/{SHA256[2:]}"


def test_bytes_are_kept_once_given_and_removed(bucket: dict[str, bytes], resource: dict[str, Any]) -> None:
    before = dict(bucket)
    assert keeping.keep(resource) == (SHA256, len(CONTENT)) == keeping.keep(resource)
    assert bucket == {**before, PLACE: CONTENT}
    answer = keeping.answer(SHA256, "a.csv", "text/csv")
    assert b"".join(answer.iter_encoded()) == CONTENT and answer.content_length == len(CONTENT) and "a.csv" in answer.headers["Content-Disposition"]
    keeping.remove(SHA256)
    keeping.remove(SHA256)
    assert bucket == before
    with pytest.raises(keeping.MissingError):
        keeping.answer(SHA256, "a.csv", None)


def test_a_file_that_is_gone_is_not_kept(bucket: dict[str, bytes], resource: dict[str, Any]) -> None:
    bucket.clear()
    with pytest.raises(keeping.MissingError):
        keeping.keep(resource)
    assert bucket == {}
