"""Criteria, fixes and ratings in the reader's words."""
from __future__ import annotations

import ckan.plugins.toolkit as tk


def rating(code: str) -> str:
    """A rating."""
    return str({"excellent": tk._("Excellent"), "good": tk._("Good"), "sufficient": tk._("Sufficient"), "bad": tk._("To be completed")}.get(code, code))


def dimension(code: str) -> str:
    """What a dimension asks, as data.europa.eu names it, in plain words."""
    return str(
        {
            "findability": tk._("Can it be found?"),
            "accessibility": tk._("Can the data be had?"),
            "interoperability": tk._("Can programs read it?"),
            "reusability": tk._("Is it clear what one may do?"),
            "contextuality": tk._("Are dates, size and rights stated?"),
        }[code]
    )


def criterion(code: str) -> str:
    """What gives the points."""
    return str(
        {
            "keyword": tk._("Keywords"),
            "theme": tk._("A European theme"),
            "spatial": tk._("A place"),
            "temporal": tk._("A period"),
            "access": tk._("The file’s address answers"),
            "download_given": tk._("An address of the file itself is given"),
            "download": tk._("The file itself can be downloaded"),
            "format": tk._("The format is stated"),
            "media_type": tk._("The media type is stated"),
            "format_known": tk._("Format and media type are in the European lists"),
            "non_proprietary": tk._("The format belongs to nobody"),
            "machine_readable": tk._("The format can be read by programs"),
            "conformance": tk._("What DCAT-AP demands is there"),
            "licence": tk._("A licence"),
            "licence_known": tk._("The licence is in the European list"),
            "access_rights": tk._("Who may have the data"),
            "access_rights_known": tk._("Who may have them, in European terms"),
            "contact": tk._("A contact"),
            "publisher": tk._("A publisher"),
            "rights": tk._("Rights stated for the file"),
            "size": tk._("The file’s size"),
            "issued": tk._("Date of first publication"),
            "modified": tk._("Date of last change"),
        }[code]
    )


def fix(code: str) -> str:
    """What to do."""
    return str(
        {
            "keyword": tk._("Add keywords."),
            "theme": tk._("Choose a European theme."),
            "spatial": tk._("Tick the communes that the data are about."),
            "temporal": tk._("Say which period the data cover."),
            "contact": tk._("Say whom to write to."),
            "publisher": tk._("Say which partner publishes the data."),
            "access_rights": tk._("Say who may have the data."),
            "issued": tk._("Say when the data were first published."),
            "modified": tk._("Say when the data last changed."),
            "licence": tk._("Choose a licence."),
            "conformance": tk._("Correct what the European rules do not allow; it is listed on this page."),
            "described": tk._("Write a title and a description."),
            "file": tk._("Add a file, best a table (CSV)."),
            "address": tk._("The address does not answer: correct it."),
            "address_written": tk._("Write the file’s address as one of the web: https://…"),
            "upload": tk._("Deposit the file here rather than a link to it."),
            "format": tk._("Say which format the file has: CSV, GeoJSON…"),
            "open_format": tk._("Add the same data in a format that is open and that programs read: CSV, GeoJSON, JSON, ODS…"),
        }[code]
    )


def reason(code: str) -> str:
    """Why an address did not answer well."""
    return str(
        {
            "internal": tk._("it leads into an internal network"),
            "unknown": tk._("the server is not known, or the address redirects without end"),
            "slow": tk._("no answer in time"),
            "broken": tk._("the connection broke"),
            "status": tk._("it answers with an error"),
            "busy": tk._("the server is busy; it is asked again later"),
            "gone": tk._("the file is no longer in the portal"),
        }.get(code, code)
    )


def fields(names: list[str]) -> list[str]:
    """Labels of the form's fields."""
    schema = {field["field_name"]: field for field in tk.h.scheming_get_dataset_schema("dataset")["dataset_fields"]}
    return [str(tk.h.scheming_language_text(schema[name]["label"])) for name in names if name in schema]
