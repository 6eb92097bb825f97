"""The harvesting room: partners' catalogues, taken in through ckanext-harvest."""
