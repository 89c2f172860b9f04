"""GraphQL over HTTP: reading requests, executing them, writing answers."""
