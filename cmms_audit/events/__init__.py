"""Events that an audit subscribes to and causes: subscriptions of its own, what it caused, and what came of it."""
