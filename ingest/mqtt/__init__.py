"""What an MQTT broker says: the session that loses nothing, topics, payloads, Sparkplug B; shared by agent and gateway."""
