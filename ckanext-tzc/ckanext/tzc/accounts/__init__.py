"""Accounts: sign-up with a proven e-mail, limits, mail, OpenID Connect, API tokens that end."""
