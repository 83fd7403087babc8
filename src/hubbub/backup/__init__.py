"""`hubbub backup`, `restore` and `verify` of the one-process form: one data folder into one file, and back."""
