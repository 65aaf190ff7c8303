"""Sparkplug B: its payloads (`wire`), and what is known of each edge node (`nodes`)."""
