"""The database: what is stored comes back, and what cannot be stored is said."""
