"""The upper floor: CKAN, one plugin a room. Rooms reach each other through actions, never by import."""
