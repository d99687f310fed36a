"""What readers did: the fields of an event, how a source's columns become them, and the SQL that checks them."""
