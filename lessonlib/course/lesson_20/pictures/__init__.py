"""The pictures of lesson 20."""
