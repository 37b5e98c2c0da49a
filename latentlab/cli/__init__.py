"""The command line: main, and one file per command; it only translates words, the studio does the work."""
