"""Lesson 13, prefix caching."""
