"""The pure domain of a territorial data portal: no CKAN, no web, no database, no files read or written."""
