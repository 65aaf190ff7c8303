"""Other programs are told when records come, change or go: subscriptions, signed deliveries, their log."""
