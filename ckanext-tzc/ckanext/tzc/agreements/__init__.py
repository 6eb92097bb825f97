"""The agreements room: what was agreed when a right was given, signed; frozen versions; what comes after a right's end; invitations and links."""
