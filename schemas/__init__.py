"""What flows between the parts of Wiredesk: the contract. It imports nothing of ours."""
