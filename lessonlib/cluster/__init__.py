"""A live cluster: its metrics read over a window (probe), and its model asked questions (teacher)."""
