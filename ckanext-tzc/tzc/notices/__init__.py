"""Notices: when mails are due, and calls to partners' programs that prove who makes them."""
