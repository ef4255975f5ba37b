"""Figures of the engine itself: for the validation page and for `--plot` on the command line."""
