"""Files of requests and of their threads: who may have them, what is taken, and how they are given."""
from __future__ import annotations

import contextvars
import io
from pathlib import Path
from typing import Any

import ckan.plugins.toolkit as tk
import pytest
from werkzeug.datastructures import FileStorage

from tests.people import Person

pytestmark = pytest.mark.usefixtures("with_plugins", "clean_db", "clean_index", "with_request_context")

PDF = b"%PDF-1.7\n%an opinion\n"


def upload(name: str = "avis.pdf", content: bytes = PDF) -> FileStorage:
    return FileStorage(io.BytesIO(content), filename=name, content_type="text/html")


def add(scene: Any, user: str, request: dict[str, Any], **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = scene.call("tzc_request_file_add", user, id=request["id"], **{"upload": upload(), **fields})
    return made


def refused(function: Any, *arguments: Any, **named: Any) -> dict[str, list[str]]:
    with pytest.raises(tk.ValidationError) as caught:
        function(*arguments, **named)
    return dict(caught.value.error_dict)


def get(app: Any, address: str, user: str) -> Any:
    """An answer to somebody's token."""
    from ckan.tests import factories

    token = factories.APIToken(user=user)["token"]
    return contextvars.Context().run(app.get, address, headers={"Authorization": token}, follow_redirects=False)


def stored() -> list[Path]:
    folder = Path(tk.config["ckan.storage_path"]) / "requests"
    return [path for path in folder.rglob("*") if path.is_file()]


def test_who_reads_the_thread_has_the_file_and_nobody_else(scene: Any, app: Any) -> None:
    request = scene.ask()
    file = add(scene, scene.citizen, request)
    assert (file["name"], file["media"], file["size"], file["yours"]) == ("avis.pdf", "application/pdf", len(PDF), True)
    for user in (scene.citizen, scene.town["decider"], scene.town["second"]):
        answer = get(app, file["url"], user)
        assert answer.status_code == 200 and answer.data == PDF
        kept = answer.headers
        assert kept["Content-Disposition"].startswith("attachment") and kept["Content-Type"].startswith("application/pdf")
        assert kept["X-Content-Type-Options"] == "nosniff" and kept["Cache-Control"] == "private, no-store" and int(kept["Content-Length"]) == len(PDF)
    for user in (scene.other, scene.port["decider"]):
        assert get(app, file["url"], user).status_code == 404
        with pytest.raises(tk.ObjectNotFound):
            scene.call("tzc_request_file_list", user, id=request["id"])
        with pytest.raises(tk.ObjectNotFound):
            add(scene, user, request)
    assert app.get(file["url"], follow_redirects=False).status_code == 302
    assert [one.kind for one in scene.told if "file" in one.kind] == ["request.file_added"] + ["request.file_read"] * 3
    assert all(not one.tell for one in scene.told if "file" in one.kind)


def test_a_file_is_not_found_by_the_way_of_another_request(scene: Any, app: Any) -> None:
    mine, theirs = scene.ask(), scene.ask(user=scene.other, words="Autre chose.")
    file = add(scene, scene.other, theirs)
    assert get(app, f"/demandes/{mine['id']}/fichiers/{file['id']}", scene.citizen).status_code == 404
    with pytest.raises(tk.ObjectNotFound):
        scene.call("tzc_request_file_remove", scene.citizen, id=mine["id"], file=file["id"])


def test_each_partner_has_what_is_for_it(scene: Any, app: Any) -> None:
    request = scene.ask(scene.streets, scene.ships)
    parts = {part["title"]: part["id"] for part in request["parts"]}
    town = add(scene, scene.citizen, request, part=parts[scene.town["title"]])
    port = add(scene, scene.port["decider"], request, upload=upload("port.txt", b"Pour vous."))
    everybody = add(scene, scene.citizen, request, upload=upload("tous.txt", b"Pour tous."))
    seen = {user: {file["id"] for file in scene.call("tzc_request_show", user, id=request["id"])["files"]} for user in (scene.citizen, scene.town["decider"], scene.port["decider"])}
    assert seen[scene.citizen] == {town["id"], port["id"], everybody["id"]}
    assert seen[scene.town["decider"]] == {town["id"], everybody["id"]} and seen[scene.port["decider"]] == {port["id"], everybody["id"]}
    assert get(app, town["url"], scene.port["decider"]).status_code == 404
    with pytest.raises(tk.ObjectNotFound):
        add(scene, scene.town["decider"], request, part=parts["Le port"])


def test_a_draft_is_its_writers(scene: Any, app: Any) -> None:
    draft = scene.ask(submit=False)
    file = add(scene, scene.citizen, draft)
    assert get(app, file["url"], scene.town["decider"]).status_code == 404 and get(app, file["url"], scene.citizen).status_code == 200


def test_what_is_not_what_its_name_says_leaves_nothing(scene: Any) -> None:
    request, before = scene.ask(), len(stored())
    for odd in (upload("a.pdf", b"MZ\x90"), upload("a.exe", b"MZ"), upload("a.pdf", b""), upload("a.txt", b"x" * (10 * 1024**2 + 1)), upload("a.txt", b"<script>"), "a.pdf", None):
        assert "upload" in refused(add, scene, scene.citizen, request, upload=odd)
    assert scene.call("tzc_request_file_list", scene.citizen, id=request["id"]) == [] and len(stored()) == before


def test_ten_a_request_and_the_same_one_once(scene: Any) -> None:
    request = scene.ask()
    first = add(scene, scene.citizen, request)
    assert add(scene, scene.citizen, request)["id"] == first["id"]
    for number in range(9):
        add(scene, scene.citizen, request, upload=upload(f"{number}.txt", b"x"))
    assert "upload" in refused(add, scene, scene.citizen, request, upload=upload("more.txt", b"x"))
    scene.call("tzc_request_file_remove", scene.citizen, id=request["id"], file=first["id"])
    add(scene, scene.citizen, request, upload=upload("more.txt", b"x"))


def test_what_is_taken_back_is_gone_from_the_storage_too(scene: Any, app: Any) -> None:
    from ckanext.tzc.rights import jobs

    request = scene.ask()
    file = add(scene, scene.citizen, request)
    assert any(path.name == file["id"] for path in stored())
    with pytest.raises(tk.NotAuthorized):
        scene.call("tzc_request_file_remove", scene.town["decider"], id=request["id"], file=file["id"])
    scene.call("tzc_request_file_remove", scene.citizen, id=request["id"], file=file["id"])
    assert get(app, file["url"], scene.citizen).status_code == 404
    assert jobs.follow_requests() == 1 and not any(path.name == file["id"] for path in stored()) and jobs.follow_requests() == 0


def test_what_was_decided_on_stays(scene: Any, app: Any) -> None:
    """Proof does not vanish: from the first key on, and in each partner's part by itself."""
    request = scene.ask(scene.streets, scene.ships)
    parts = {part["title"]: part["id"] for part in request["parts"]}
    everybody, town, port = (add(scene, scene.citizen, request, upload=upload(f"{part or 'tous'}.txt", b"x"), part=part) for part in ("", parts[scene.town["title"]], parts["Le port"]))
    citizen = Person(app, scene.citizen)
    citizen.visit(f"/demandes/{request['id']}")
    assert len(citizen.page.xpath("//form[contains(@action,'/retirer')]")) == 3
    scene.move(scene.port["officer"], request, "take_up")
    scene.move(scene.port["officer"], request, "approve")
    # pressed on a page of before the key was turned
    citizen.send(form=[form.get("action", "") for form in citizen.page.xpath("//main//form[@method='post']")].index(f"{everybody['url']}/retirer"), button=("", ""))
    assert "stay" in citizen.page.xpath("string(//*[contains(@class,'flash-messages')])") or "restent" in citizen.page.text_content()
    assert citizen.page.xpath("//form[contains(@action,'/retirer')]/@action") == [f"{town['url']}/retirer"]
    for file in (everybody, port):
        assert "file" in refused(scene.call, "tzc_request_file_remove", scene.citizen, id=request["id"], file=file["id"])
    scene.call("tzc_request_file_remove", scene.citizen, id=request["id"], file=town["id"])
    assert {file["id"]: file["stays"] for file in scene.call("tzc_request_file_list", scene.citizen, id=request["id"])} == {everybody["id"]: True, port["id"]: True}
    assert get(app, port["url"], scene.port["decider"]).status_code == 200


def test_a_message_of_somebody_else_takes_no_file(scene: Any) -> None:
    request = scene.ask()
    message = scene.call("tzc_request_message", scene.town["decider"], id=request["id"], text="Une question.")
    for odd in (message["id"], 0, "x", 10**12):
        assert "message" in refused(add, scene, scene.citizen, request, message=odd)
    file = add(scene, scene.town["decider"], request, message=message["id"])
    assert (file["message"], file["part"]) == (message["id"], request["parts"][0]["id"])


def test_on_the_pages(scene: Any, app: Any) -> None:
    citizen, decider = Person(app, scene.citizen), Person(app, scene.town["decider"])
    citizen.visit(f"/demandes/nouvelle?dataset={scene.streets['name']}")
    terms = citizen.page.xpath("//input[@name='terms']/@value")
    answers = {"purpose": "research", "words": "Une thèse.", "days": "30", "terms": terms}
    citizen.send(**answers, files=[(io.BytesIO(b"MZ"), "projet.pdf")], status=400)
    assert "field-files" in citizen.faults() and citizen.value("words") == "Une thèse."
    assert scene.call("tzc_request_list", scene.citizen)["count"] == 0
    page = citizen.send(**answers, files=[(io.BytesIO(PDF), "../projet é.pdf"), (io.BytesIO(b"a;b"), "plan.csv")])
    assert "projet é.pdf" in page and "plan.csv" in page
    thread = citizen.address
    page = decider.visit(thread)
    assert "projet é.pdf" in page and not decider.page.xpath("//form[contains(@action,'/retirer')]")
    decider.send(form=1, text="Voici la convention.", files=[(io.BytesIO(PDF), "convention.pdf")])
    address = citizen.visit(thread) and citizen.page.xpath("//section[@id='thread']//a[contains(.,'convention.pdf')]/@href")[0]
    assert citizen.get(address).data == PDF
    citizen.send(form=1, button=("", ""))
    assert "projet é.pdf" not in (page := decider.visit(thread)) and "plan.csv" in page
