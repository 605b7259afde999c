"""Records at a steady pace and shuts down."""

from lane import Lane, leaving

lane = Lane()
lane.record_all()
leaving()
lane.shutdown()
