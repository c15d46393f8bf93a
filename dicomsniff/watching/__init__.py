"""What watches a capture beside the view that shows it: alerts, statistics, metrics."""
