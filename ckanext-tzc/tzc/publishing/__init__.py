"""Publishing's domain: a dataset as RDF, and RDF as documents of any length."""
