"""What a run is summed up as: recorder, samples, percentiles, report."""
