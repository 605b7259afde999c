"""gunicorn --preload with 4 workers under load, ended by SIGTERM as supervisors do it."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

from lane import COUNT, leaving

THREADS = 8
SERVERS = os.environ["SERVERS_PATH"]
HERE = os.path.dirname(os.path.abspath(__file__))
GUNICORN = "import sys; sys.path.append({!r}); from gunicorn.app.wsgiapp import run; run()".format(SERVERS)


def load(port, numbers):
    for number in numbers:
        with urllib.request.urlopen("http://127.0.0.1:{}/{}".format(port, number), timeout=30) as answer:
            answer.read()


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
port = listener.getsockname()[1]
command = [sys.executable, "-c", GUNICORN, "--preload", "--workers", "4", "--bind", "fd://{}".format(listener.fileno())]
command += ["--chdir", HERE, "--log-level", "warning", "--no-control-socket", "gunicorn_app:application"]
server = subprocess.Popen(command, pass_fds=[listener.fileno()], stdin=subprocess.DEVNULL)
threads = [threading.Thread(target=load, args=(port, range(index, COUNT, THREADS))) for index in range(THREADS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
leaving()
server.terminate()
sys.exit(server.wait())
