"""What the two forms of the inventory name: the systems that they state, the same for everybody."""
