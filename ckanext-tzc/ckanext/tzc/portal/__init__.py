"""The portal room: look, home page, language, security headers, and what `./portal up` asks of CKAN."""
