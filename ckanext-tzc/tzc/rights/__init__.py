"""Rights: what a licence allows, who may have which data, and the life of a request for data that are not for everybody."""
