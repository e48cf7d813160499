"""Who outside the operator's control is shown each checkpoint, so that history cannot be rewritten unseen."""
