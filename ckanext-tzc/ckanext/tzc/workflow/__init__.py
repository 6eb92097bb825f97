"""The workflow room: who has which duty at a partner, and how datasets come to be published."""
