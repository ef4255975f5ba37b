"""What every room may use: errors, quantities with units, paths, checks of values. It imports nothing of ours."""
