"""A study that many machines make together, coordinated by PostgreSQL."""
