"""How our kinds of sources are harvested: a plan first, then what was planned. docs/harvesting.md, ADR 22.

    store       the tables
    leases      whose a run is, while it lives
    processes   which workers are known to have ended
    reading     a record as a dataset of the portal, and what tells that it would be read otherwise now
    planning    a source as it is, compared with what is known of it: rows, nothing else is written
    writing     datasets, many in one transaction
    applying    a plan, in batches
    working     a run from turn to end
    serving     the process that works on all
    scheduling  when a source is due
    orders      what people may ask of a source or a run
    restoring   what a run deleted is taken back
    telling     where runs stand
    reasons     why not all went well, by cause
    standing    how a source stands: well or in trouble, and who is told when that changes
"""
