"""What another policy would have brought, from the log of the one that ran and the chances it drew by."""
