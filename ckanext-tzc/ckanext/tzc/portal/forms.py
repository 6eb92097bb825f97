"""Forms of datasets and files: CKAN's own views, with the answers that they lack.

Publishing without a file is asked about, who would undo somebody else's change is told of it, each step says what it did, and files are put into
another order. Our routes stand before CKAN's, which are the same.
"""
from __future__ import annotations

from typing import Any

import ckan.plugins.toolkit as tk
from ckan.lib.navl import dictization_functions
from ckan.logic import clean_dict, parse_params, tuplize_dict
from ckan.views import dataset, resource
from ckanext.scheming.plugins import expand_form_composite
from flask import Blueprint, Response, g, request
from markupsafe import Markup

from . import file_order, known_address, lost_session, meanwhile

forms = Blueprint("tzc_forms", __name__, url_defaults={"package_type": "dataset"})

Page = str | Response
Values = dict[str, Any]

PUBLISH, WITHOUT, LATER, BACK, UNPUBLISH = "go-metadata", "publish-without", "go-metadata-preview", "go-dataset", "go-metadata-unpublish"
"""What the buttons of the forms send; all but `WITHOUT` are CKAN's own words."""


def _sent() -> Values:
    """What a form sent, as CKAN's views read it."""
    sent: Values = clean_dict(dictization_functions.unflatten(tuplize_dict(parse_params(request.form))))
    return sent


def _context() -> Values:
    return {"user": tk.current_user.name, "auth_user_obj": tk.current_user}


def _show(name_or_id: str, **more: Any) -> Values:
    """A dataset, for somebody who may change it; ends the request where there is none or they may not."""
    try:
        tk.check_access("package_update", _context(), {"id": name_or_id})
        shown: Values = tk.get_action("package_show")({**_context(), **more}, {"id": name_or_id})
    except tk.ObjectNotFound:
        tk.abort(404)
    except tk.NotAuthorized:
        tk.abort(403)
    return shown


def _is_draft(package: Values) -> bool:
    return str(package.get("state", "")).startswith("draft")


def _say_published(package: Values) -> None:
    if g.get("tzc_asked"):
        tk.h.flash_success(tk._("“%s” waits for review: whoever publishes at your partner is told. You see on its page what became of it.") % package["title"])
        return
    words = tk._("“%s” is published: it is in the catalogue now.")
    if package.get("private"):
        words = tk._("“%s” is finished. It is confidential: only members of its partner see it.")
    tk.h.flash_success(words % package["title"])


def _say_saved() -> None:
    waits = g.get("tzc_proposed")
    if waits == "legal":
        tk.h.flash_success(tk._("Your changes are saved, but for the licence: whoever reviews licences at your partner is asked first."))
    elif waits:
        tk.h.flash_success(tk._("Your changes wait for review. Until then the published description stays as it is."))
    else:
        tk.h.flash_success(tk._("Your changes are saved."))


def _to_page(package: Values) -> Response:
    answer: Response = tk.h.redirect_to("dataset.read", id=package["name"])
    return answer


def _change_state(name_or_id: str, state: str) -> Values | Response:
    """The dataset in its new state; where its description holds a mistake, the way to its form."""
    try:
        changed: Values = tk.get_action("package_patch")(_context(), {"id": name_or_id, "state": state})
    except tk.ValidationError as error:
        return _to_mend(name_or_id, error)
    return changed


def _to_mend(name_or_id: str, error: tk.ValidationError) -> Response:
    """The way to the form of a dataset whose description holds a mistake."""
    fields = tk.h.scheming_get_dataset_schema("dataset")["dataset_fields"]
    words = " ".join(f"{mistake['label']}{tk._(': ')}{mistake['message']}" for mistake in tk.h.tzc_errors(error.error_dict, fields))
    # by itself: what stands within an f-string is not found when texts are extracted
    first = tk._("Something is to be mended first.")
    tk.h.flash_error(f"{first} {words}")
    answer: Response = tk.h.redirect_to("dataset.edit", id=name_or_id)
    return answer


def _publish(name_or_id: str) -> Response:
    published = _change_state(name_or_id, "active")
    if isinstance(published, Response):
        return published
    _say_published(published)
    return _to_page(published)


def _told_of_changes(view: Any, package_type: str, stored: Values) -> Page | None:
    """The form once more, when it would undo what somebody else changed since it was opened."""
    typed = _sent()
    opened = typed.get("opened")
    if not opened:
        return None
    fields = meanwhile.fields_of(stored["type"])
    expand_form_composite(typed, {field["field_name"] for field in fields if "repeating_subfields" in field})
    try:
        changes = [*meanwhile.state_change(opened, stored), *meanwhile.changes(opened, typed, stored, fields)]
    except (ValueError, TypeError):
        tk.abort(400)
    if not changes:
        return None
    g.tzc_meanwhile = changes
    typed.update(opened=tk.h.tzc_opened(stored), state=stored["state"])
    page: Page = view.get(package_type, stored["id"], typed, {}, {})
    return page


def _check_button() -> None:
    """End a request without a button, which is of no form of ours: CKAN's views fail on it."""
    if "save" not in request.form:
        tk.abort(400)


def _bring_back(package: Values) -> Markup:
    """The way to a deleted dataset's page, which has the button."""
    return Markup('<a href="{}">{}</a>').format(tk.h.url_for("dataset.read", id=package["name"]), tk._("Bring it back"))


class NewDataset(dataset.CreateView):  # type: ignore[misc] -- CKAN's views have no types
    """The form of a dataset that is not published yet."""

    def post(self, package_type: str) -> Page:
        """Keep it as a draft, and go on to its files."""
        _check_button()
        draft = request.form.get("pkg_name")
        if draft:
            stored = _show(draft, for_edit=True)
            if not _is_draft(stored):
                # somebody else published it meanwhile
                return EditDataset().post(package_type, draft)
            told = _told_of_changes(EditDataset(), package_type, stored)
            if told is not None:
                return told
        answer: Page = super().post(package_type)
        return answer


class EditDataset(dataset.EditView):  # type: ignore[misc] -- as above
    """The form of a published dataset."""

    def get(self, package_type: str, id: str, data: Values | None = None, *given: Any) -> Page:
        """The form; one that came back stays an edit, also where somebody made the dataset a draft meanwhile: CKAN's would go on to the files."""
        if data and g.get("tzc_edits_draft"):
            data = {**data, "state": ""}
        page: Page = super().get(package_type, id, data, *given)
        return page

    def post(self, package_type: str, id: str) -> Page:
        """Save, or take back to a draft."""
        _check_button()
        stored = _show(id, for_edit=True)
        # the form of a draft is sent to the other address
        g.tzc_edits_draft = _is_draft(stored)
        told = _told_of_changes(self, package_type, stored)
        if told is not None:
            return told
        answer: Page = super().post(package_type, id)
        if isinstance(answer, str):
            return answer
        if stored["state"] == "deleted":
            words = tk._("“%s” was deleted by somebody else while you were writing. What you wrote is kept with it.") % stored["title"]
            tk.h.flash_notice(Markup("{} {}").format(words, _bring_back(stored)), allow_html=True)
        elif request.form.get("save") == UNPUBLISH:
            tk.h.flash_success(tk._("“%s” is a draft again: nobody finds it in the catalogue. It waits on your desk until you publish it.") % stored["title"])
        else:
            _say_saved()
        return answer


class DeleteDataset(dataset.DeleteView):  # type: ignore[misc] -- as above
    """Ask, then delete."""

    def post(self, package_type: str, id: str) -> Response:
        """Delete, and say how to bring it back."""
        package = _show(id)
        if "cancel" in request.form:
            return _to_page(package)
        tk.get_action("package_delete")(_context(), {"id": id})
        tk.h.flash_success(Markup("{} {}").format(tk._("“%s” is deleted.") % package["title"], _bring_back(package)), allow_html=True)
        answer: Response = tk.h.redirect_to("dashboard.datasets")
        return answer


def publish(package_type: str, id: str) -> Response:
    """Publish a draft from its page. One without a file says so with `without`."""
    package = _show(id)
    if not package["resources"] and not request.form.get("without"):
        answer: Response = tk.h.redirect_to("dataset_resource.new", id=package["name"])
        return answer
    return _publish(id)


def restore(package_type: str, id: str) -> Response:
    """Bring a deleted dataset back as a draft: whether it was published is not known any more."""
    back = _change_state(id, "draft") if _show(id)["state"] == "deleted" else _show(id)
    if isinstance(back, Response):
        return back
    tk.h.flash_success(tk._("“%s” is back, as a draft. Look at it, then publish it.") % back["title"])
    return _to_page(back)


def files(package_type: str, id: str) -> Page:
    """The order of a dataset's files."""
    package = _show(id)
    if request.method == "GET":
        page: Page = tk.render("package/resources.html", {"pkg_dict": package, "dataset_type": package_type})
        return page
    try:
        return file_order.answer(package, _context())
    except tk.ValidationError as error:
        return _to_mend(package["name"], error)
    except tk.NotAuthorized as error:
        return tk.abort(403, str(error))  # type: ignore[no-any-return] -- CKAN's toolkit has no types


class _FileForm:
    """What the two forms of a file have in common."""

    @staticmethod
    def has_data() -> bool:
        """Whether a file was chosen, is there already, or an address was written."""
        upload = request.files.get("upload")
        return bool(upload and upload.filename) or bool(request.form.get("url", "").strip())

    @staticmethod
    def say_what_was_dropped() -> None:
        """A file wins over an address; that must not happen without a word."""
        upload, address = request.files.get("upload"), request.form.get("url", "").strip()
        if upload and upload.filename and address and request.form.get("url_type") != "upload":
            tk.h.flash_notice(tk._("The file was taken, the address %s was not: add it as another file if readers need both.") % address)


def _told_of_file(package: Values, file: Values) -> Values | None:
    """What to show in the form of a file once more, when it would undo what somebody else changed since it was opened."""
    typed = _sent()
    upload = request.files.get("upload")
    chosen = upload.filename if upload and upload.filename else None
    if not typed.get("opened"):
        return None
    try:
        changes = meanwhile.file_changes(typed, file, meanwhile.fields_of_file(package["type"]), chosen)
    except (ValueError, TypeError, AttributeError):
        tk.abort(400)
    if not changes:
        return None
    g.tzc_meanwhile = changes
    return {**typed, "id": file["id"], "opened": tk.h.tzc_opened_file(file, package["type"]), "previous_upload": chosen}


def _file_is_gone(package_type: str, package: Values) -> Page:
    """The form of another file with what was typed for one that somebody deleted meanwhile."""
    typed = {name: value for name, value in _sent().items() if name not in {"id", "opened", "save"}}
    upload = request.files.get("upload")
    kept = typed.pop("url_type", "") == "upload"
    if kept:
        typed["url"] = ""
    typed["previous_upload"] = upload.filename if upload else None
    g.tzc_file_is_gone = True
    page: Page = NewFile().get(package_type, package["name"], typed, {}, {})
    return page


class NewFile(_FileForm, resource.CreateView):  # type: ignore[misc] -- as above
    """The form of another file."""

    def post(self, package_type: str, id: str) -> Page:
        """Keep the file, then go where the button says."""
        package = _show(id)
        wanted = request.form.get("save", "")
        if request.form.get("id"):
            # a draft's file has this form too
            file = next((file for file in package["resources"] if file["id"] == request.form["id"]), None)
            if file is None:
                return _file_is_gone(package_type, package)
            told = _told_of_file(package, file)
            if told is not None:
                once_more: Page = self.get(package_type, id, told, {}, {})
                return once_more
        if not self.has_data():
            return self._without_data(package_type, package, wanted)
        answer: Page = super().post(package_type, id)
        if g.get("tzc_blocked"):
            # the file is kept; what is in the way of publishing stands on the dataset's page
            return _publish(id)
        if isinstance(answer, str):
            return answer
        self.say_what_was_dropped()
        if wanted == WITHOUT:
            return _publish(id)
        if wanted == PUBLISH:
            _say_published(package)
        elif wanted == LATER:
            self._say_later(package)
        elif wanted != BACK:
            tk.h.flash_success(tk._("The file is here. Add the next one, or publish.") if _is_draft(package) else tk._("The file is added."))
        return answer

    def _without_data(self, package_type: str, package: Values, wanted: str) -> Page:
        # a file chosen before the session ended is not here any more: it is not to be forgotten without a word
        chosen = lost_session.chosen()
        typed = bool(chosen) or any(request.form.get(name, "").strip() for name in ("name", "description", "format"))
        sent = {**_sent(), "previous_upload": ", ".join(chosen)}
        if wanted == WITHOUT or (wanted == PUBLISH and package["resources"] and not typed):
            return _publish(package["id"])
        if wanted in {BACK, LATER} and typed and not request.form.get("leave_text"):
            g.tzc_leave_text = True
            words = tk._(
                "Choose a file, or write the address where the data are: a file is kept with its data. "
                "To leave without it and lose what you wrote here, press the button once more."
            )
            again: Page = self.get(package_type, package["name"], sent, {"url": [words]}, {})
            return again
        if wanted in {BACK, LATER}:
            if wanted == LATER:
                self._say_later(package)
            answer: Response = tk.h.redirect_to("dataset.edit" if wanted == BACK else "dataset.read", id=package["name"])
            return answer
        # the second, conscious button is offered to whoever wanted to publish
        g.tzc_offer_without = wanted == PUBLISH
        page: Page = self.get(package_type, package["name"], sent, {"url": [tk._("Choose a file, or write the address where the data are.")]}, {})
        return page

    @staticmethod
    def _say_later(package: Values) -> None:
        tk.h.flash_success(tk._("“%s” is kept as a draft. It waits on your desk until you publish it.") % package["title"])


class EditFile(_FileForm, resource.EditView):  # type: ignore[misc] -- as above
    """The form of a file that is there."""

    def get(self, package_type: str, id: str, resource_id: str, *given: Any) -> Page:
        """The form, for whoever may save it."""
        try:
            tk.check_access("resource_update", _context(), {"id": resource_id})
        except tk.ObjectNotFound:
            tk.abort(404)
        except tk.NotAuthorized as error:
            tk.abort(403, str(error))
        page: Page = super().get(package_type, id, resource_id, *given)
        return page

    def post(self, package_type: str, id: str, resource_id: str) -> Page:
        """Save."""
        package = _show(id)
        stored = next((file for file in package["resources"] if file["id"] == resource_id), None)
        if stored is None:
            return _file_is_gone(package_type, package)
        told = _told_of_file(package, stored)
        if told is not None:
            once_more: Page = self.get(package_type, id, resource_id, told, {}, {})
            return once_more
        if not self.has_data():
            page: Page = self.get(package_type, id, resource_id, _sent(), {"url": [tk._("Choose a file, or write the address where the data are.")]}, {})
            return page
        file = stored if package["state"] == "active" else None
        kept = None
        if file and request.form.get("save") != known_address.CONFIRMED:
            upload = request.files.get("upload")
            kept = known_address.keep(file, upload)
            asked = known_address.question(file, _sent(), upload)
            if asked:
                return self._ask(package_type, id, resource_id, asked, upload.filename if upload else None)
        answer: Page = super().post(package_type, id, resource_id)
        if isinstance(answer, Response):
            self.say_what_was_dropped()
            tk.h.flash_success(tk._("Your changes are saved."))
            if kept:
                tk.h.flash_notice(tk._("The new file has the name of the one before, %s: so its address stays, and whoever uses it finds the new data there.") % kept)
        return answer

    def _ask(self, package_type: str, id: str, resource_id: str, asked: str, chosen: str | None) -> Page:
        g.tzc_offer_new_address = True
        page: Page = self.get(package_type, id, resource_id, {**_sent(), "id": resource_id, "previous_upload": chosen}, {"url": [asked]}, {})
        return page


forms.add_url_rule("/dataset/new", view_func=NewDataset.as_view("new"))
forms.add_url_rule("/dataset/edit/<id>", view_func=EditDataset.as_view("edit"))
forms.add_url_rule("/dataset/delete/<id>", view_func=DeleteDataset.as_view("delete"))
forms.add_url_rule("/dataset/publish/<id>", view_func=publish, methods=["POST"])
forms.add_url_rule("/dataset/restore/<id>", view_func=restore, methods=["POST"])
forms.add_url_rule("/dataset/resources/<id>", view_func=files, methods=["GET", "POST"])
forms.add_url_rule("/dataset/<id>/resource/new", view_func=NewFile.as_view("new_file"))
forms.add_url_rule("/dataset/<id>/resource/<resource_id>/edit", view_func=EditFile.as_view("edit_file"))
