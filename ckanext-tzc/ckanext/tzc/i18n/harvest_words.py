"""Words of ckanext-harvest, which comes without French, and of our harvesters. Never run: it is read when texts are extracted."""

from ckan.common import _

_("Add Harvest Source")
_("Always")
_("Biweekly")
_("Configuration")
_("Create Harvest Source")
_("DCAT JSON Harvester")
_("Daily")
_("Generic DCAT RDF Harvester")
_("Harvester for DCAT dataset descriptions serialized as JSON")
_("Harvester for DCAT datasets from an RDF graph")
_("Harvests remote CKAN instances")
_("Manual")
_("Monthly")
_("Update frequency")
_("Weekly")
