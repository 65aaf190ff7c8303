"""All tables of chat in one place, for Django and for the newcomer."""
