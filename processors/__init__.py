"""What happens to articles: Faust enriches them, the sink indexes them."""
