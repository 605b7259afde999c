"""A WSGI application that records one for each request. It is loaded before gunicorn forks (--preload)."""

from lane import Lane

lane = Lane()


def application(environ, start_response):
    lane.record(int(environ["PATH_INFO"].strip("/")))
    start_response("200 OK", [("Content-Length", "0")])
    return []
