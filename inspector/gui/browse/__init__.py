"""The two side panels: a lazy tree, a search that finds as one types, and the details of one entry."""
