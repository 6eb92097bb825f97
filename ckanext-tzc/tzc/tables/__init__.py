"""What a table is, without any file, database or CKAN: names, kinds of values, separators, shapes on a map, refusals."""
