"""What files that declare dependencies say. Pure: text in, values out; nothing is executed, resolved or fetched."""
