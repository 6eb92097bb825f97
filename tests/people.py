"""People before the portal's pages."""
from __future__ import annotations

import contextvars
from typing import Any

from lxml import html
from werkzeug.test import Client

PASSWORD = "un-long-mot-de-passe"


def sign_in(page: Any, url: str, account: tuple[str, str]) -> None:
    """In a real browser; the desk is the next page."""
    page.goto(f"{url}/user/login")
    page.fill("input[name=login]", account[0])
    page.fill("input[name=password]", account[1])
    page.click("main button[type=submit]")
    page.wait_for_url("**/dashboard/**")


def sign_in_on_the_way(page: Any, account: tuple[str, str]) -> None:
    """In a real browser, where a page asked for an account. With a mail server one may come in without: then there is a choice before."""
    if "/user/login" not in page.url:
        page.locator("main a[href*='/user/login']").first.click()
    page.fill("input[name=login]", account[0])
    page.fill("input[name=password]", account[1])
    page.click("main button[type=submit]")


class Person(Client):
    """A browser without scripts, signed in. `page` is the last page, `form` the one form of ours on it."""

    def __init__(self, app: Any, name: str, password: str = PASSWORD) -> None:
        super().__init__(app.app)
        import ckan.plugins.toolkit as tk

        self.site = tk.config["ckan.site_url"]
        self.name = name
        self.page: Any = None
        self.address = ""
        self.visit("/user/login")
        self.send(login=name, password=password)

    def open(self, *arguments: Any, **named: Any) -> Any:
        """One request, which shares nothing with the test's own request context."""
        if arguments and isinstance(arguments[0], str):
            named["base_url"] = self.site
        return contextvars.Context().run(super().open, *arguments, **named)

    def visit(self, address: str, status: int = 200) -> str:
        """Open a page; its text."""
        return self._read(self.get(address, follow_redirects=True), status)

    def send(self, button: tuple[str, str] = ("save", ""), form: int = 0, status: int = 200, forged: bool = False, **fields: Any) -> str:
        """Fill the form in, press a button (`forged`: one that the page does not have); the text of the page that follows."""
        chosen = self.page.xpath("//main//form[@method='post']")[form]
        if button[1] and not forged:
            there = [(one.get("name"), one.get("value")) for one in chosen.xpath(".//button")]
            assert button in there, f"the page has no such button, but: {there}"
        values: dict[str, Any] = {}
        for name, value in chosen.form_values():
            values.setdefault(name, []).append(value)
        values.update({name.replace("__", "-"): value for name, value in fields.items()})
        kept = {name: value for name, value in values.items() if value is not None}
        kept[button[0]] = button[1]
        files = chosen.get("enctype") == "multipart/form-data"
        target = chosen.action if chosen.action and chosen.action.startswith("/") else self.address
        answer = self.post(target, data=kept, follow_redirects=True, content_type="multipart/form-data" if files else "application/x-www-form-urlencoded")
        return self._read(answer, status)

    def _read(self, answer: Any, status: int) -> str:
        assert answer.status_code == status, answer.text[-3000:]
        self.page = html.fromstring(answer.text)
        self.address = answer.request.path
        return answer.text  # type: ignore[no-any-return] -- werkzeug's own text

    def said(self) -> str:
        """The message on top of the page."""
        return " ".join(self.page.xpath("normalize-space(//*[contains(@class,'flash-messages')])").split())

    def faults(self) -> dict[str, str]:
        """The summary of mistakes: `{id of the field: line}`; each link leads to a field that is there."""
        lines = {}
        for line in self.page.xpath("//*[contains(@class,'tzc-errors')]//li"):
            links = line.xpath("a/@href")
            target = links[0].lstrip("#") if links else ""
            assert not target or self.page.xpath("//*[@id=$id]", id=target), target
            lines[target] = " ".join(line.text_content().split())
        return lines

    def value(self, name: str) -> str | None:
        """What a field holds."""
        found = self.page.xpath("//main//*[@name=$name]", name=name)
        return (found[0].value if found[0].tag != "textarea" else found[0].text or "") if found else None
