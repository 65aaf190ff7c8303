"""All tables of analysis in one place, for Django and for the newcomer."""
