"""The service: inversions and edits over HTTP, for other programs."""
