"""The accounts room's plugin."""
from __future__ import annotations

from typing import Any

import ckan.plugins as p
import ckan.plugins.toolkit as tk
from ckan.views.user import logout_user
from ckanext.tzc.common import mailing

from . import jobs, mail, oidc, resets, tokens


@tk.blanket.actions
@tk.blanket.auth_functions
@tk.blanket.blueprints
@tk.blanket.cli
@tk.blanket.config_declarations
@tk.blanket.helpers
class AccountsPlugin(p.SingletonPlugin, mail.Notifier, tokens.Tokens):
    """Sign-up, limits, mail, OpenID Connect, API tokens."""

    p.implements(p.IConfigurer)
    p.implements(p.INotifier)
    p.implements(p.IApiToken)
    p.implements(p.IAuthenticator, inherit=True)

    def update_config(self, config: Any) -> None:
        """Our templates before CKAN's; links to a new password end; mails of other rooms are sent."""
        resets.date_keys()
        mailing.answered_by(mail.keep, mail.works)
        jobs.mails_job().listen()
        tokens.listen()
        tk.add_template_directory(config, "templates")

    def logout(self) -> Any:
        """Sign out at the provider, too, when the reader came from there."""
        away = oidc.farewell(tk.h.url_for("home.index", locale="default", qualified=True))
        if away is not None:
            logout_user()
        return away
