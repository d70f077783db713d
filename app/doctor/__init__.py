"""What a person would otherwise learn from an angry customer: checks of a deployment."""
