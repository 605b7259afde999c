"""A celery worker with a prefork pool, ended by SIGTERM when it has done its tasks."""

import os
import subprocess
import sys

from lane import COUNT, leaving

HERE = os.path.dirname(os.path.abspath(__file__))
SENDER = "from celery_app import work\nfor number in range({}): work.delay(number)".format(COUNT)
WORKER = "from celery_app import app\napp.worker_main(['worker', '--pool', 'prefork', '--concurrency', '2', '--loglevel', 'ERROR', '--without-gossip', '--without-mingle', '--without-heartbeat'])"

environment = dict(os.environ, PYTHONPATH=HERE, C_FORCE_ROOT="1")
subprocess.run([sys.executable, "-c", SENDER], env=environment, check=True)
worker = subprocess.Popen([sys.executable, "-W", "ignore", "-c", WORKER], env=environment, stdout=subprocess.PIPE, text=True)
worked = 0
for line in worker.stdout:
    worked += line.count("worked")  # Two workers may share a line.
    if worked >= COUNT:
        break
leaving()
worker.terminate()
worker.stdout.read()
sys.exit(worker.wait())
