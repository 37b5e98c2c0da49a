"""What is kept on disk: our archives and recipes, the home folder, the model registry, and other people's weight files."""
