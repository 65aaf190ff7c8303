"""Tables about the elements and names of compounds, in English and Chinese, and their readers."""
