"""The rights room: licences, and what may be combined under which."""
