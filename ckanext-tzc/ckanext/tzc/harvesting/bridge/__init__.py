"""How sources of other programs' kinds are harvested: by a harvester of the ckanext-harvest ecosystem, which lists, fetches and writes as it pleases, in a process that is watched.
docs/harvesting.md, ADR 24.

    guarding  what such a process may connect to
    line      what it says to the process that watches it
    calling   that process: the harvester's stages, record by record
    records   what became of records, after a kill too
    watching  a run from its turn to its end: limits of time, orders, what a death costs
    telling   where runs stand, and their logs
"""
