"""The pictures of lesson 19."""
