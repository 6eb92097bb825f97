"""What a worker does, in the test's own process."""
from __future__ import annotations


def work(queue: str, most: int = 30) -> list[str]:
    """Do the jobs of a queue, and those that they send, until none waits: their functions' names, in their order. It must come to rest."""
    from ckan.lib.jobs import get_queue

    done: list[str] = []
    while waiting := get_queue(queue).jobs:
        get_queue(queue).empty()
        for job in waiting:
            done.append(job.func.__name__)
            job.func(*job.args)
        assert len(done) < most, done
    return done
