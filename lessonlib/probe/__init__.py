"""A live server: its metrics read over a window, every number with its clock and what it cannot tell."""
