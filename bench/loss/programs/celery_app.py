"""A celery application whose task records one. Its broker is a folder."""

import os
import sys

sys.path.append(os.environ["SERVERS_PATH"])

import celery
from lane import Lane, tell

folder = os.path.join(os.path.dirname(os.environ["DIARY"]), "broker")
for name in ("queue", "control"):
    os.makedirs(os.path.join(folder, name), exist_ok=True)
app = celery.Celery("loss", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": os.path.join(folder, "queue"),
    "data_folder_out": os.path.join(folder, "queue"),
    "control_folder": os.path.join(folder, "control"),
    "polling_interval": 0.05,
}
app.conf.worker_prefetch_multiplier = 4
app.conf.worker_redirect_stdouts = False
lane = Lane()


@app.task
def work(number):
    lane.record(number)
    tell("worked")
