"""Ten good records around one whose metadata JSON cannot say."""

from lane import Lane, leaving

lane = Lane()
for number in range(11):
    if number == 5:
        lane.record(number, score=float("nan"))
    else:
        lane.record(number, score=0.5)
leaving()
lane.shutdown()
