"""The records and what ties them in a Neo4j, where the site has one: kept in step by a feed, asked by the same Query."""
