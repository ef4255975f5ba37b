"""The pictures of lesson 13."""
