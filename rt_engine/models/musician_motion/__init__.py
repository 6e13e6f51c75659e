"""A violinist's motion from sound: the four networks of MOSA, and one that plays along live."""
