"""Harvesters of partners' catalogues, packaged as `ckanext.tzc.harvesters`: how catalogues are read and what is mended in them, without CKAN."""
