"""Every action of the registry, asked by a stranger and by an account with nothing, with an id, with values of kinds that it does not take: refused or answered, never a failure."""
from __future__ import annotations

import contextvars
import json
from collections.abc import Callable
from typing import Any

import ckan.logic
import pytest
from ckan.tests import factories

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

NAMES = ("id", "name", "q", "query", "limit", "offset", "dataset", "package_id", "resource_id", "user", "fields", "filters", "source_id", "object_id", "level", "per_page", "since", "life_span", "data", "group_id")


@pytest.mark.parametrize("who", ["stranger", "account"])
def test_no_action_fails(app: Any, publish: Callable[..., dict[str, Any]], who: str) -> None:
    headers = {"Content-Type": "application/json", **({"Authorization": factories.APIToken(user=factories.User()["name"])["token"]} if who == "account" else {})}
    made = publish()
    bodies: tuple[dict[str, Any], ...] = ({}, {"id": made["id"]}, {"id": "x"}, *(dict.fromkeys(NAMES, odd) for odd in ({"a": 1}, [1], 5, "", None)))

    def status(method: str, action: str, **given: Any) -> Any:
        try:
            return contextvars.Context().run(getattr(app, method), f"/api/3/action/{action}", headers=headers, status=None, **given).status_code
        except Exception as error:  # noqa: BLE001 -- what a program raises is an error 500 in a running portal
            return f"{type(error).__name__}: {str(error)[:80]}"

    failed = []
    for action in sorted(ckan.logic._actions):
        answers = {f"GET {action}": status("get", action), f"GET {action}?id=x": status("get", f"{action}?id=x")}
        answers |= {f"POST {action} {json.dumps(body)[:40]}": status("post", action, data=json.dumps(body)) for body in bodies}
        failed += [f"{asked}: {answer}" for asked, answer in answers.items() if not isinstance(answer, int) or answer >= 500]
    assert failed == []


def ask(method: Any, *arguments: Any, **named: Any) -> Any:
    """A request that shares no account with the test's own."""
    return contextvars.Context().run(method, *arguments, **named)


def test_what_is_missing_is_named(app: Any, publish: Callable[..., dict[str, Any]]) -> None:
    for action, name in (("organization_autocomplete", "q"), ("group_autocomplete", "q"), ("activity_show", "id")):
        for answer in (ask(app.get, f"/api/3/action/{action}", status=None), ask(app.post, f"/api/3/action/{action}", json={}, status=None)):
            assert answer.status_code == 400 and answer.json["error"]["message"].startswith(f"{name} "), answer.body
    assert ask(app.get, "/api/3/action/organization_autocomplete?q=a", status=200).json["success"] is True
    # as curl sends it where nothing is said of its kind
    assert ask(app.post, "/api/3/action/group_autocomplete", data='{"q": "a"}', headers={"Content-Type": "application/x-www-form-urlencoded"}, status=200).json["success"] is True


def test_a_visit_reindexes_nothing(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr("ckan.lib.search.index.PackageSearchIndex.commit", lambda _index: done.append("commit"))
    admin = {"Authorization": factories.SysadminWithToken()["token"]}
    assert ask(app.get, "/api/3/action/harvest_sources_reindex", status=None).status_code == 403
    assert ask(app.post, "/api/3/action/harvest_sources_reindex", json={}, status=None).status_code == 403
    assert ask(app.get, "/api/3/action/harvest_sources_reindex", headers=admin, status=None).status_code == 400
    assert done == []
    assert ask(app.post, "/api/3/action/harvest_sources_reindex", json={}, headers=admin, status=200).json["result"] is True and done
    somebody = {"Authorization": factories.UserWithToken()["token"]}
    assert ask(app.get, "/api/3/action/harvest_log_list?id=x", headers=somebody, status=None).status_code in (403, 404)
    assert ask(app.get, "/api/3/action/harvest_log_list", headers=somebody, status=None).status_code == 403
    assert ask(app.get, "/api/3/action/harvest_log_list", headers=admin, status=200)
