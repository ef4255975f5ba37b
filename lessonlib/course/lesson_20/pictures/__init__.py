"""Pictures of lesson 20."""
