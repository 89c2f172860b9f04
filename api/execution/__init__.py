"""How a request is executed: documents checked and cached, fields read by plans, mutations performed by verbs."""
