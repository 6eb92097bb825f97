"""What the provider says of its users."""
from __future__ import annotations

from typing import Any

from oauth2_provider.oauth2_validators import OAuth2Validator


class Claims(OAuth2Validator):
    """Name and e-mail; who is called Unproven has an address that was not verified."""

    oidc_claim_scope = None

    def get_additional_claims(self) -> dict[str, Any]:
        """By name of the claim."""
        return {
            "email": lambda request: request.user.email,
            "email_verified": lambda request: request.user.last_name != "Unproven",
            "name": lambda request: request.user.get_full_name(),
            "locale": lambda request: "en-GB" if request.user.last_name == "English" else None,
            "preferred_username": lambda request: request.user.username,
        }
