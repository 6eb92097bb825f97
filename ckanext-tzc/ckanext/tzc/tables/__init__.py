"""The tables room: uploaded tables become rows that can be seen, searched and asked for."""
