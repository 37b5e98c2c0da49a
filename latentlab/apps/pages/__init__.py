"""One file for each page; a page reads widgets, asks the studio, and shows what came back."""
