"""The serving process: uvicorn, and what it lacks: bounds on unfinished requests and on connections."""
