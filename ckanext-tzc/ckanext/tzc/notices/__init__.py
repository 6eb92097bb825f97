"""Who is told what, in the portal, by mail and by calls to partners' programs."""
