"""The web server, by `python -m`: gunicorn's own command line, with CKAN made ready for any folder name."""
from gunicorn.app.wsgiapp import run

from tzc_stack.ckan_percent import mend

if __name__ == "__main__":
    mend()
    run(prog="gunicorn")
