"""Reports to be sent to somebody: a page, Markdown for issue trackers, a log as other tools write it."""
