"""The learner's record on this machine: the journal, its readers, the one setting."""
