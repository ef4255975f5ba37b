"""Measurements, a learner's own or published ones, held against ceiling and expectation."""
