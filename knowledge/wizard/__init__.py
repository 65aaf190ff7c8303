"""Tables handed over on the page: what they are taken for, what a person says of them, the import, and taking it back."""
