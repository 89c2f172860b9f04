"""What forbids: each rule of sending people once, as a predicate over person, need and period, with its fact."""
