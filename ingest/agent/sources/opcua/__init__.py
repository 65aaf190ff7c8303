"""Variables of an OPC UA server."""
