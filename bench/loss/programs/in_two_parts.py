"""Records, waits for a word, records again and shuts down."""

from lane import COUNT, Lane, leaving, listen

lane = Lane()
lane.record_all()
listen()
lane.record_all(COUNT)
leaving()
lane.shutdown()
