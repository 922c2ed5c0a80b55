"""What is loaded into the interpreter of the project under test; nothing here imports the rest of us."""
