"""TCP: segments -> the bytes of each direction, in order; what is missing is said to be missing."""
