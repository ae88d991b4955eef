"""What Wiredesk runs on."""
