"""Credentials in text: known formats, in plain, encoded and divided form. Pure; nothing here prints or keeps a secret."""
