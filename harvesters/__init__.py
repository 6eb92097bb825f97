"""Harvesters of partners' catalogues and of sensors, packaged as `ckanext.tzc.harvesters`. Catalogues come through ckanext-harvest's own so far."""
