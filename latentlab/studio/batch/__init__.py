"""A task over any number of photos, unattended: a manifest in, rows and pictures in shards out."""
