"""CKAN's own command line, by `python -m`: the script that pip writes breaks in a path with spaces on some systems."""
from ckan.cli.cli import ckan

from tzc_stack.ckan_percent import mend

if __name__ == "__main__":
    mend()
    ckan(prog_name="ckan")
