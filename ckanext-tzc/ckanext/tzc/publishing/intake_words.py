"""Why a portal refuses a dataset or loses something of it, in the reader's words."""
from __future__ import annotations

import ckan.plugins.toolkit as tk

from tzc.publishing.intake import Reason


def status(code: str) -> str:
    """A verdict."""
    return str({"taken": tk._("Taken"), "loss": tk._("Taken with loss"), "refused": tk._("Refused")}[code])


def reason(found: Reason) -> str:
    """What is wrong."""
    return str(
        {
            "identifier_missing": tk._("It has no identifier: it could not be found again the next night."),
            "identifier_twice": tk._("Another dataset of the feed has the same identifier."),
            "title_missing": tk._("It has no title."),
            "description_missing": tk._("It has no description."),
            "not_text": tk._("A number stands where a text belongs."),
            "acronym_long": tk._("The acronym is longer than 128 characters."),
            "frequency_unknown": tk._("The frequency is not in the list: it is not kept."),
            "schema_address": tk._("The address of the schema is not accepted."),
            "schema_lost": tk._("The schema is not given by an address on the web: it is not kept."),
            "keyword_address": tk._("A keyword is an address: it is not kept."),
            "keyword_short": tk._("A keyword of fewer than three letters is not kept."),
            "keyword_long": tk._("A keyword is cut after 96 letters."),
            "periods_several": tk._("Of several periods only the first is kept."),
            "period_unreadable": tk._("The period is not understood: it is not kept."),
            "period_no_day": tk._("The period begins or ends with something that is no day."),
            "period_part": tk._("The period begins or ends with a year or month alone: give whole days, or the portal makes up the rest."),
            "place_lost": tk._("The place is given by its name or code alone: it is not kept, only outlines are."),
            "place_shape": tk._("The outline does not close, or has heights."),
            "place_unreadable": tk._("The outline cannot be read."),
            "files_none": tk._("No file is kept."),
            "file_unreadable": tk._("A file is not described."),
            "file_no_address": tk._("A file has no address that can be used: it is not kept."),
            "file_no_name": tk._("A file has no name: the portal makes one up."),
            "address_malformed": tk._("An address is not well formed."),
            "address_scheme": tk._("An address is not one of the web."),
            "address_domain": tk._("An address leads to a name that the internet does not know."),
            "address_local": tk._("An address leads to an inner network."),
            "address_twice": tk._("Two files have the same address: only one is kept."),
            "service_unreadable": tk._("The file’s service is not described."),
            "size_no_number": tk._("The file’s size is not a number."),
            "checksum_algorithm": tk._("The checksum does not say how it was computed."),
            "checksum_unknown": tk._("The checksum is of a kind that is not known: it is not kept."),
            "checksum_no_text": tk._("The checksum is written as the European rules demand, which data.gouv.fr cannot store."),
            "licence_unknown": tk._("The licence is not recognised: the portal shows it as not stated."),
            "licence_missing": tk._("No licence is stated."),
            "modified_unreadable": tk._("The date of change is not understood."),
            "modified_future": tk._("The date of change is in the future: it is not kept."),
            "day_unreadable": tk._("A date is not one."),
            "page_missing": tk._("There is no page of the dataset that the portal can link to."),
            "theme_unknown": tk._("A theme is not in the European list: it is not kept."),
            "language_unknown": tk._("A language is not in the European list: it is not kept."),
            "access_level_unknown": tk._("Who may have the data is not said in European terms."),
            "format_unknown": tk._("A format is not in the European list."),
            "media_unknown": tk._("A media type is not in the official list."),
        }[found.code]
    )
