"""The comparison of two API descriptions as a document: JSON, a terminal, Markdown, HTML, all from one dictionary."""
