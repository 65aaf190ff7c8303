"""Machines that publish to an MQTT broker: plain topics and Sparkplug B."""
