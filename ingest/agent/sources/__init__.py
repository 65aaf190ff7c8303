"""Where data come from: one folder per kind of source, registered under the entry point group lodestone.agent_sources."""
