"""What an app over the studio needs and no browser: the state of a page, its history, the faces on a desk, the map of a bank."""
