"""What may be asked: types, inputs, payloads, Query and Mutation."""
