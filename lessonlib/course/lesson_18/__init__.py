"""Lesson 18, routing: who gets the next request, and what a router must know for it."""
