"""Runs, demonstrates and examines a Torg installation: clients of the services, for people who operate them."""
