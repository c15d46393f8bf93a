"""What several views say, in words: of timeline entries, times, negotiations, and what belongs together."""
