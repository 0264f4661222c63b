"""What `bench/simulation_data.py` makes: one module for each file that ships in ``data/simulation``."""
