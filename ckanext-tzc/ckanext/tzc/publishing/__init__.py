"""Publishing: the catalogue as RDF, ready before anybody asks."""
