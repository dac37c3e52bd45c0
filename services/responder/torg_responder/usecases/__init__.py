"""What people, events and jobs may do with replies."""
