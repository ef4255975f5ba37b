"""The maintainers' corner: fit the expectation on published measurements, validate it, compare with other calculators."""
