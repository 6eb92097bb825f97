"""Pages by which a guest comes in: the address, then the link of the mail."""
from __future__ import annotations

import ckan.plugins.toolkit as tk
from flask import Blueprint, Response, request

from . import guests, sign_up
from .signing_in import own, signed_in

guest_pages = Blueprint("tzc_guests", __name__, url_prefix="/compte/invite")

Page = Response | str | tuple[str, int]

SHORT = 300
"""Characters of a name."""


@guest_pages.route("", methods=["GET", "POST"])
def ask() -> Page:
    """A link for an address of e-mail."""
    if not guests.is_open():
        return tk.render("accounts/closed.html"), 404
    email, wanted = request.form.get("email", "").strip(), own(request.values.get("next", ""))
    if request.method == "GET":
        return tk.render("accounts/guest.html", {"email": "", "wanted": wanted, "mistake": ""})
    if not sign_up.is_email(email):
        return tk.render("accounts/guest.html", {"email": email, "wanted": wanted, "mistake": tk._("This is no e-mail address; it looks like name@example.org.")}), 400
    guests.invite(email.lower(), wanted)
    return tk.render("accounts/guest_sent.html", {"email": email, "wanted": wanted})


@guest_pages.route("/<token>", methods=["GET", "POST"])
def enter(token: str) -> Page:
    """The link of the mail. It asks before it serves: programs that look at mails open links too."""
    if not guests.is_open():
        return tk.render("accounts/closed.html"), 404
    try:
        email, wanted = guests.read(token)
        name = guests.named(email)
        fullname = " ".join(request.form.get("fullname", "").replace("\0", "").split())
        if request.method == "GET" or not (name or fullname) or len(fullname) > SHORT:
            mistake = "" if request.method == "GET" else tk._("Please write your name, in 300 characters at most.")
            return tk.render("accounts/guest_enter.html", {"email": email, "name": name, "fullname": fullname, "mistake": mistake}), 400 if mistake else 200
        user, wanted = guests.enter(token, fullname)
    except sign_up.LinkError as error:
        return tk.render("accounts/guest.html", {"email": "", "wanted": own(error.wanted), "mistake": str(error)}), 410
    return signed_in(user, wanted or None)
