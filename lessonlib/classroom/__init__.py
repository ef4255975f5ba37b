"""A lesson in front of a room: votes, two rounds, and what may be seen when."""
