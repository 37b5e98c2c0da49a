"""The exploration app: a Streamlit page over the studio (`latentlab app`)."""
