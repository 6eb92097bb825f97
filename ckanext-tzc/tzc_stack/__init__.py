"""The stack: the parts a portal is made of, and the one command that starts, stops and looks after them.

`bootstrap` and what it imports need the standard library only: they run before anything is installed.
"""
