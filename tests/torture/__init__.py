"""What must not lose a row: kills, torn pages, full disks, clocks that jump, a week without the server. `make torture`."""
