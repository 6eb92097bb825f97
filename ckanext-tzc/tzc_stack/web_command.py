"""The web server, by `python -m`: gunicorn's own command line, with CKAN made ready for any folder name."""
from gunicorn.app.wsgiapp import run
from gunicorn.http import message

from tzc_stack import ckan_start
from tzc_stack.ckan_percent import mend
from tzc_stack.parts import LONGEST_ADDRESS

if __name__ == "__main__":
    ckan_start.hasten()
    mend()
    message.MAX_REQUEST_LINE = LONGEST_ADDRESS
    run(prog="gunicorn")
