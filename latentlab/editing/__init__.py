"""Edits: from a latent to another latent, or to a picture of which only a part has changed."""
