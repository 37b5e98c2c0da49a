"""One file for each page; a page reads widgets, asks the studio, and shows what came back.

Not called `pages`: Streamlit would run the files of such a folder by themselves.
"""
