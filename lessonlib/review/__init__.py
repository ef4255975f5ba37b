"""What a learner's record adds up to: schedule, deck, progress, tally, score card, hand-in."""
