"""CKAN loads in half the time: what it looks for again and again is looked for once. What is loaded stays the same."""
from __future__ import annotations

import functools
import gc
import importlib.metadata
import inspect
import sys
from collections.abc import Callable
from typing import Any

import ckan.cli.cli
import ckan.plugins.core


def hasten() -> None:
    """Called before CKAN is loaded. What is loaded lives as long as the process: looking through it for what may go costs a fifth of the time and finds nothing."""
    gc.disable()
    # each plugin is looked for among the entry points of all packages, which are read anew for it
    ckan.plugins.core.entry_points = functools.partial(_entry_points, functools.cache(importlib.metadata.entry_points))
    # for each folder of templates CKAN asks which file added it, and is told of all who called a line of their sources too, looked for among all modules
    inspect.stack = _callers


def _entry_points(every: Callable[[], Any], **wanted: Any) -> Any:
    return every().select(**wanted)


def _callers(context: int = 0) -> list[inspect.FrameInfo]:
    return inspect.getouterframes(sys._getframe(1), context)


def settle_commands() -> None:
    """Once a command has loaded CKAN, memory is looked through as before, but for what was loaded: processes that are forked go on sharing that."""
    load = ckan.cli.cli.make_app

    def make_app(*arguments: Any, **named: Any) -> Any:
        app = load(*arguments, **named)
        gc.freeze()  # little is to be collected: some thousand objects of a million
        gc.enable()
        return app

    ckan.cli.cli.make_app = make_app
