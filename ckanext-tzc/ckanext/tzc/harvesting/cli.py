"""`ckan tzc harvest …`."""
from __future__ import annotations

import click
from ckanext.tzc.common.command import tzc

__all__ = ["tzc"]


@tzc.group()
def harvest() -> None:
    """Harvests of partners' catalogues."""


@harvest.command()
@click.argument("stage", type=click.Choice(["gather", "fetch"]))
def consume(stage: str) -> None:
    """Work on one stage of harvests for ever: `gather` lists a source's datasets, `fetch` takes each in."""
    import ckan.plugins.toolkit as tk
    from ckanext.harvest import queue
    from redis import Redis

    from . import consuming

    consumer = {"gather": queue.get_gather_consumer, "fetch": queue.get_fetch_consumer}[stage]()
    callback = {"gather": consuming.gather, "fetch": queue.fetch_callback}[stage]
    # ckanext-harvest waits for work without end, but redis-py 8 gives up a wait after some seconds unless told otherwise
    consumer.redis = Redis.from_url(tk.config["ckan.redis.url"], decode_responses=True, encoding="utf-8", socket_timeout=None, health_check_interval=30)
    for method, header, body in consumer.consume(queue=""):
        callback(consumer, method, header, body)
